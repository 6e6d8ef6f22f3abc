from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import jwt
import pytest

from tests.fakes.github import Clock, FakeGitHub
from tests.fakes.github.probe import FILES, SHOP, Probe, probing


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def test_it_starts_at_once_and_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    started = time.perf_counter()
    with FakeGitHub() as one, FakeGitHub() as other:
        took = time.perf_counter() - started
        assert one.api_url != other.api_url
        assert httpx.get(f"{one.api_url}/rate_limit", trust_env=False).status_code == 200
        folder = one.world.folder
        with httpx.Client(trust_env=False) as idle:
            idle.get(f"{other.api_url}/rate_limit")
            one.close()
    assert set(threading.enumerate()) == before
    assert not folder.exists()
    assert took < 0.5


def test_the_app_and_its_installations(probe: Probe) -> None:
    assert probe.app("GET", "/app").json()["slug"] == "freshline"
    assert probe.app("GET", "/app").json()["installations_count"] == 1
    assert [one["id"] for one in probe.app("GET", "/app/installations").json()] == [1]
    assert probe.app("GET", "/app/installations/1").json()["account"]["login"] == "acme"
    for path in (f"/repos/{SHOP}/installation", "/orgs/acme/installation", "/users/acme/installation"):
        assert probe.app("GET", path).json()["id"] == 1
    for path in ("/app/installations/9", "/orgs/other/installation"):
        assert probe.app("GET", path).status_code == 404
    probe.github.create_repository("other/x", FILES)
    assert probe.app("GET", "/repos/other/x/installation").status_code == 404
    assert probe.get("/app", status=401)["message"] == "A JSON web token could not be decoded"


def _claims(clock: Clock, **changes: object) -> dict[str, object]:
    now = clock()
    return {"iat": now, "exp": now + timedelta(minutes=9), "iss": "1", **changes}


def test_json_web_tokens_that_are_refused(probe: Probe) -> None:
    now = probe.github.clock()
    key = probe.github.app.private_key
    stranger = probe.github.create_app("stranger").private_key
    wrong = {
        "too far in the future": (_claims(probe.github.clock, exp=now + timedelta(minutes=11)), key),
        "too far in the past": (_claims(probe.github.clock, exp=now - timedelta(seconds=1)), key),
        "'iat'": (_claims(probe.github.clock, iat=now + timedelta(minutes=5)), key),
        "Missing 'exp'": ({"iat": now, "iss": "1"}, key),
        "could not be decoded": (_claims(probe.github.clock), stranger),
        "decoded": (_claims(probe.github.clock, iss="99"), key),
    }
    for message, (claims, signed) in wrong.items():
        token = jwt.encode(claims, signed, algorithm="RS256")
        answer = probe.http.get("/app", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, message in answer.json()["message"]) == (401, True), answer.text
    other = jwt.encode(_claims(probe.github.clock), "x" * 40, algorithm="HS256")
    for token in (other, "a.b.c"):
        assert probe.http.get("/app", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_installation_tokens_are_narrowed_and_expire(probe: Probe) -> None:
    second = probe.github.create_repository("acme/second", FILES, private=True)
    body = {"permissions": {"contents": "read"}, "repository_ids": [second.id]}
    told = probe.app("POST", "/app/installations/1/access_tokens", body).json()
    assert told["permissions"] == {"metadata": "read", "contents": "read"}
    assert (told["expires_at"], told["repository_selection"]) == ("2026-03-02T10:00:00Z", "selected")
    probe.token = told["token"]
    probe.get("/repos/acme/second")
    probe.get("", status=404)
    assert [one["name"] for one in probe.get("/installation/repositories")["repositories"]] == ["second"]
    answer = probe.post("/repos/acme/second/git/blobs", {"content": "x"}, status=403)
    assert answer["message"] == "Resource not accessible by integration"
    probe.github.clock.advance(3600)
    assert probe.get("/repos/acme/second", status=401)["message"] == "Bad credentials"


def test_a_token_cannot_ask_for_more_than_its_installation_has(probe: Probe) -> None:
    url = "/app/installations/1/access_tokens"
    assert (
        "permissions requested"
        in probe.app("POST", url, {"permissions": {"administration": "write"}}).json()["message"]
    )
    for body in ({"repository_ids": [99]}, {"repositories": ["nothing"]}):
        assert "does not exist" in probe.app("POST", url, body).json()["message"]
    told = probe.app("POST", url, {"repositories": ["shop"]}).json()
    assert [one["name"] for one in told["repositories"]] == ["shop"]
    assert probe.app("POST", url).json()["repository_selection"] == "all"
    assert probe.app("POST", "/app/installations/9/access_tokens").status_code == 404


def test_what_a_token_cannot_see_is_not_there(probe: Probe) -> None:
    probe.github.create_repository("other/secret", FILES, private=True)
    probe.github.create_repository("other/open", FILES)
    probe.get("/repos/other/secret", status=404)
    probe.get("/repos/other/open/git/trees/main")
    probe.post("/repos/other/open/issues", {"title": "x"}, status=403)
    assert probe.http.get("/repos/other/open").status_code == 200
    assert probe.http.get("/repos/other/secret").status_code == 404
    assert probe.http.post("/repos/other/open/issues", json={"title": "x"}).status_code == 401


def test_permissions_are_those_of_the_installation_now(probe: Probe) -> None:
    probe.pull()
    probe.github.permit(probe.installation, {"contents": "write"})
    probe.get("pulls/1", status=403)
    probe.post("issues/1/comments", {"body": "x"}, status=403)
    probe.get("contents/README.md")
    answer = probe.ask("GET", "pulls/1")
    assert answer.headers["x-accepted-github-permissions"] == "pull_requests=read"
    assert probe.github.told("installation", "new_permissions_accepted")


def test_workflows_need_a_permission_of_their_own(probe: Probe) -> None:
    path = ".github/workflows/ci.yml"
    probe.github.push(SHOP, "main", {path: "on: push\n"})
    head = probe.github.push(SHOP, "elsewhere", {path: "on: pull_request\n"})
    probe.github.delete_branch(SHOP, "elsewhere")
    rights = {"contents": "write", "pull_requests": "write"}
    probe.token = probe.github.installation_token(probe.installation, rights)
    entry = {"path": path, "mode": "100644", "type": "blob", "content": "on: x\n"}
    probe.post("git/trees", {"base_tree": probe.github.head(SHOP), "tree": [entry]}, status=403)
    probe.post("git/refs", {"ref": "refs/heads/x", "sha": head}, status=403)
    text = base64.b64encode(b"on: x\n").decode()
    probe.put("contents/.github/workflows/new.yml", {"message": "x", "content": text}, status=403)
    probe.branch("fine", {"README.md": "x\n"})
    probe.token = probe.github.installation_token(probe.installation)
    probe.post("git/refs", {"ref": "refs/heads/x", "sha": head})


def test_suspended_removed_and_reselected_installations(probe: Probe) -> None:
    probe.github.suspend(probe.installation)
    assert probe.get("", status=403)["message"] == "This installation has been suspended"
    assert probe.app("POST", "/app/installations/1/access_tokens").status_code == 403
    assert probe.app("GET", "/app/installations/1").json()["suspended_at"]
    probe.github.unsuspend(probe.installation)
    second = probe.github.create_repository("acme/second", FILES, private=True)
    probe.github.select(probe.installation, remove=[SHOP])
    probe.get("", status=404)
    assert probe.get("/installation/repositories")["repository_selection"] == "selected"
    probe.github.select(probe.installation, add=[SHOP], remove=["acme/second"])
    probe.get(f"/repositories/{second.id}", status=404)
    probe.github.uninstall(probe.installation)
    probe.get("", status=401)
    assert probe.app("GET", "/app/installations").json() == []
    told = [(d.event, d.action) for d in probe.github.deliveries if d.event.startswith("installation")]
    assert told == [
        ("installation", "created"),
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("installation_repositories", "removed"),
        ("installation_repositories", "added"),
        ("installation_repositories", "removed"),
        ("installation", "deleted"),
    ]


def test_revoking(probe: Probe) -> None:
    probe.delete("/installation/token")
    probe.get("", status=401)


def test_people_and_their_tokens(probe: Probe) -> None:
    probe.github.collaborator(SHOP, "ann")
    probe.github.collaborator(SHOP, "bob", "read")
    for login, status in (("ann", 201), ("bob", 403), ("eve", 404)):
        probe.token = probe.github.personal_token(login)
        probe.post("git/blobs", {"content": "x"}, status=status)
    probe.token = probe.github.personal_token("ann", {"contents": "read"})
    answer = probe.post("git/blobs", {"content": "x"}, status=403)
    assert answer["message"] == "Resource not accessible by personal access token"
    assert probe.get("/user")["login"] == "ann"
    assert [one["full_name"] for one in probe.get("/user/repos")] == [SHOP]
    assert probe.get("collaborators/ann/permission")["permission"] == "write"
    assert probe.get("collaborators/eve/permission")["permission"] == "none"
    probe.get("collaborators/nobody/permission", status=404)
    probe.get("collaborators/ann", status=204)
    probe.get("collaborators/eve", status=404)
    basic = base64.b64encode(f"x-access-token:{probe.token}".encode()).decode()
    assert probe.http.get("/user", headers={"authorization": f"Basic {basic}"}).status_code == 200
    for header in ("Basic ?", "Digest x", "Bearer nothing"):
        assert probe.http.get("/user", headers={"authorization": header}).status_code == 401


def test_an_installation_is_nobody(probe: Probe) -> None:
    probe.get("/user", status=403)
    assert probe.get("/users/freshline[bot]")["type"] == "Bot"
    probe.get("/users/nobody", status=404)
    token = probe.github.personal_token("ann")
    answer = probe.http.get("/installation/repositories", headers={"authorization": f"token {token}"})
    assert answer.status_code == 403


def test_repositories_of_an_installation_come_in_pages_with_the_time_of_the_last_push(probe: Probe) -> None:
    for number in range(4):
        probe.github.create_repository(f"acme/r{number}", FILES, archived=number == 3)
    probe.github.clock.advance(60)
    probe.github.push("acme/r2", "main", {"x": "1"})
    first = probe.ask("GET", "/installation/repositories?per_page=3")
    rest = httpx.get(first.links["next"]["url"], headers={"authorization": f"Bearer {probe.token}"}, trust_env=False)
    found = [*first.json()["repositories"], *rest.json()["repositories"]]
    assert first.json()["total_count"] == len(found) == 5
    assert {one["name"]: one["pushed_at"] for one in found}["r2"] == "2026-03-02T09:01:00Z"
    assert [one["name"] for one in found if one["archived"]] == ["r3"]
    assert len(probe.get("/orgs/acme/repos")) == 5


def test_a_renamed_repository_redirects_and_a_deleted_one_is_gone(probe: Probe) -> None:
    probe.github.rename_repository(SHOP, "store")
    answer = probe.ask("GET", "")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{probe.github.api_url}/repositories/1")
    assert probe.get("/repositories/1")["full_name"] == "acme/store"
    probe.github.repository("acme/store").disabled = True
    assert probe.get("/repos/acme/store", status=403)["message"] == "Repository access blocked"
    probe.github.delete_repository("acme/store")
    probe.get("/repos/acme/store", status=404)
    assert [d.action for d in probe.github.deliveries if d.event == "repository"] == ["renamed", "deleted"]


def test_the_paths_of_enterprise_server_lead_to_the_same(probe: Probe) -> None:
    probe.get(f"/api/v3/repos/{SHOP}")
    answer = probe.ask("POST", "/api/graphql", {"query": "{viewer{login}}"})
    assert answer.json() == {"data": {"viewer": {"login": "freshline"}}}


def test_unknown_operations_are_violations() -> None:
    with probing(violations=True) as probe:
        probe.get("/nothing/here", status=404)
        probe.get("/gists/public", status=404)
        assert probe.github.violations == [
            "GET /nothing/here: GitHub describes no such operation",
            "GET /gists/public: the fake does not serve it",
        ]


def test_what_github_does_not_describe_is_a_violation() -> None:
    with probing(violations=True) as probe:
        probe.post("pulls", {"title": "x", "head": "a"}, status=422)
        probe.get("pulls?state=wrong")
        told = probe.github.violations
        assert "'base' is a required property" in told[0]
        assert "state" in told[1]


def test_a_body_of_another_shape_is_refused_and_the_fake_survives_it() -> None:
    with probing(violations=True) as probe:
        for path, body in (
            ("git/trees", {"tree": 1}),
            ("git/commits", {"message": "x", "tree": "1" * 40, "parents": 5}),
        ):
            assert probe.post(path, body, status=422)["message"]
        assert (
            probe.http.post(
                f"/repos/{SHOP}/git/blobs", content=b"{", headers={"authorization": f"Bearer {probe.token}"}
            ).status_code
            == 422
        )
        assert len(probe.github.violations) == 3


def test_smaller_answers(probe: Probe) -> None:
    assert probe.ask("POST", "/markdown", {"text": "*x*"}).text == "*x*"
    probe.get("/meta")
    assert probe.get("topics") == {"names": []}
    assert probe.get("languages") == {}
    probe.token = probe.github.personal_token()
    assert probe.patch("", {"description": "new"})["description"] == "new"
