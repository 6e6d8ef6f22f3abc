from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.github.limits import SECONDARY
from tests.fakes.github.probe import SHOP, Probe, probing


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def test_every_answer_tells_what_is_left(probe: Probe) -> None:
    answer = probe.ask("GET", "")
    reset = str(int(probe.github.clock().timestamp()) + 3600)
    told = {name: answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "used", "reset", "resource")}
    assert told == {"limit": "5000", "remaining": "4999", "used": "1", "reset": reset, "resource": "core"}
    state = probe.get("/rate_limit")["resources"]
    assert (state["core"]["used"], state["graphql"]["used"]) == (1, 0)
    probe.graphql("{viewer{login}}")
    assert probe.get("/rate_limit")["resources"]["graphql"]["used"] == 1


def test_the_primary_limit_refuses_until_its_hour_is_over(probe: Probe) -> None:
    probe.github.limits.core = 2
    probe.get("")
    probe.get("")
    answer = probe.ask("GET", "")
    assert (answer.status_code, answer.json()["message"]) == (403, "API rate limit exceeded for installation ID 1.")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    probe.get("/rate_limit")
    probe.github.clock.advance(3600)
    probe.token = probe.github.installation_token(probe.installation)
    probe.get("")
    assert probe.github.limits.refused == 1


def test_limits_belong_to_the_installation_not_to_the_token(probe: Probe) -> None:
    probe.github.limits.exhaust("installation 1")
    probe.token = probe.github.installation_token(probe.installation)
    probe.get("", status=403)
    assert probe.app("GET", "/app").status_code == 200
    probe.github.limits.anonymous = 1
    probe.http.get("/meta")
    assert probe.http.get("/meta").status_code == 403


def test_graphql_has_a_limit_of_its_own_that_is_told_in_the_body(probe: Probe) -> None:
    probe.github.limits.exhaust("installation 1", "graphql")
    told = probe.graphql("{viewer{login}}")
    assert told["errors"][0]["type"] == "RATE_LIMITED"
    probe.get("")


def test_a_conditional_request_costs_nothing(probe: Probe) -> None:
    first = probe.ask("GET", "")
    again = probe.ask("GET", "", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content, again.headers["x-ratelimit-used"]) == (304, b"", "1")
    probe.github.clock.advance(1)
    probe.github.push(SHOP, "main", {"x": "1"})
    assert probe.ask("GET", "", if_none_match=first.headers["etag"]).status_code == 200


def test_more_than_eighty_writes_a_minute_are_too_many(probe: Probe) -> None:
    for number in range(80):
        probe.post("git/blobs", {"content": str(number)})
    answer = probe.ask("POST", "git/blobs", {"content": "x"})
    assert (answer.status_code, answer.json()["message"], answer.headers["retry-after"]) == (403, SECONDARY, "60")
    probe.get("")
    mutation = 'mutation{minimizeComment(input:{subjectId:"x",classifier:SPAM}){clientMutationId}}'
    assert probe.ask("POST", "/graphql", {"query": mutation}).status_code == 403
    probe.github.clock.advance(60)
    probe.post("git/blobs", {"content": "x"})


def test_more_than_five_hundred_an_hour_too(probe: Probe) -> None:
    probe.github.limits.writes_an_hour = 3
    for number in range(3):
        probe.github.clock.advance(600)
        probe.post("git/blobs", {"content": str(number)})
    probe.github.limits.secondary_status = 429
    probe.post("git/blobs", {"content": "x"}, status=429)
    probe.github.clock.advance(2401)
    probe.token = probe.github.installation_token(probe.installation)
    probe.post("git/blobs", {"content": "x"})


def test_points_can_be_limited(probe: Probe) -> None:
    probe.github.limits.points_a_minute = 6
    probe.get("")
    probe.post("git/blobs", {"content": "x"})
    assert probe.get("", status=403)["message"] == SECONDARY
    probe.github.clock.advance(61)
    probe.get("")


def test_faults_count_what_matches(probe: Probe) -> None:
    probe.github.faults.fail(502, nth=2, path=r"/git/", method="POST")
    probe.post("git/blobs", {"content": "1"})
    probe.get("git/trees/main")
    assert probe.post("git/blobs", {"content": "2"}, status=502)["message"] == "Server Error"
    probe.post("git/blobs", {"content": "2"})
    probe.github.faults.secondary(writes_only=True)
    probe.get("")
    assert probe.post("git/blobs", {"content": "3"}, status=403)["message"] == SECONDARY
    probe.github.faults.fail(500, operation="viewer")
    assert probe.ask("POST", "/graphql", {"query": "{viewer{login}}"}).status_code == 500
    assert len(probe.github.faults.hit) == 3
    probe.github.faults.fail(times=99)
    probe.github.faults.clear()
    probe.get("")
    with pytest.raises(TypeError, match="can't match by color"):
        probe.github.faults.fail(color="red")


def test_dropped_connections_before_and_after(probe: Probe) -> None:
    head = probe.github.head(SHOP)
    for name, after in (("one", False), ("two", True)):
        probe.github.faults.drop(after=after)
        with pytest.raises(httpx.HTTPError):
            probe.ask("POST", "git/refs", {"ref": f"refs/heads/{name}", "sha": head})
        assert (name in probe.github.branches(SHOP)) is after
    probe.github.faults.lose_answer(500)
    probe.post("git/refs", {"ref": "refs/heads/three", "sha": head}, status=500)
    assert "three" in probe.github.branches(SHOP)


def test_time_outs_end_with_the_fake(probe: Probe) -> None:
    probe.github.faults.slow(60)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{probe.github.api_url}/rate_limit", timeout=0.05, trust_env=False)


def test_a_function_is_called_between_doing_and_answering(probe: Probe) -> None:
    seen: list[dict[str, str]] = []
    probe.github.faults.kill_after(2, lambda: seen.append(probe.github.branches(SHOP)), writes_only=True)
    head = probe.github.head(SHOP)
    for name in ("one", "two", "three"):
        probe.post("git/refs", {"ref": f"refs/heads/{name}", "sha": head})
    assert [sorted(one) for one in seen] == [["main", "one", "two"]]


def test_a_token_that_expires_half_way(probe: Probe) -> None:
    probe.github.faults.call_before(2, probe.github.expire_tokens)
    probe.get("")
    probe.get("", status=401)


def test_requests_are_counted_by_kind(probe: Probe) -> None:
    probe.get("")
    probe.post("git/blobs", {"content": "1"})
    probe.app("POST", "/app/installations/1/access_tokens")
    probe.graphql("query Heads{viewer{login}}")
    probe.graphql('mutation{minimizeComment(input:{subjectId:"x",classifier:SPAM}){clientMutationId}}')
    assert probe.github.counts == {"read": 1, "write": 1, "token": 1, "graphql": 1, "mutation": 1}
    assert [(one.operation, one.caller, one.status) for one in probe.github.requests[-2:]] == [
        ("Heads", "installation", 200),
        ("minimizeComment", "installation", 200),
    ]
    assert probe.github.requests[1].template == "/repos/{owner}/{repo}/git/blobs"
    probe.github.forget_requests()
    assert probe.github.counts == {}


def test_many_at_once_are_answered_each_with_its_own(probe: Probe) -> None:
    found: list[bool] = []

    def ask(number: int) -> None:
        sha = probe.post("git/blobs", {"content": f"{number}"})["sha"]
        found.append(probe.github.repository(SHOP).git.blob(sha) == str(number).encode())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [True] * 16
