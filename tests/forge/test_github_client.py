from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from bot.core.budget import Work
from bot.forge.base import ForgeError
from bot.forge.github import GitHub, Unpaced
from bot.forge.github_app import AppLogin
from bot.forge.github_client import Client, Missed, Pace, Token, Wire, bearer
from bot.forge.github_errors import GitHubError
from bot.http import Cached, MemoryCache
from tests.forge.github_desk import BRANCH, FILES, NAME, QUICK, Desk, desk, django, head, refused


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


def failing(at: Desk) -> GitHubError:
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot()
    refused(error)
    return error.value


# --- what passes -----------------------------------------------------------------------------------


def test_a_failure_that_passes_is_not_noticed(at: Desk) -> None:
    at.github.faults.fail(500, operation="Overview")
    at.github.faults.fail(503, path="git/trees")
    at.github.faults.drop(operation="Contents")
    forge = at.forge()
    assert len(forge.snapshot().read_many(FILES)) == 3
    at.github.faults.fail(502, path="git/trees$", method="POST")
    at.github.faults.drop(path="git/commits$", after=True)
    assert head(forge.propose(BRANCH, django(forge), None)) == at.github.head(NAME, BRANCH)


def test_a_secondary_limit_is_waited_for(at: Desk) -> None:
    at.github.faults.secondary(path="git/trees$", method="POST")
    at.github.limits.retry_after = 0
    forge = at.forge()
    assert head(forge.propose(BRANCH, django(forge), None))


# --- what stays ------------------------------------------------------------------------------------


def test_a_failure_that_stays_is_an_error(at: Desk) -> None:
    at.github.faults.fail(500, times=50, operation="Overview")
    error = failing(at)
    assert (error.status, error.passing, error.until) == (500, True, None)
    assert "GitHub failed (HTTP 500)" in str(error)


def test_no_answer_is_an_error(at: Desk) -> None:
    at.github.faults.drop(times=50, operation="Overview")
    error = failing(at)
    assert (error.status, error.passing) == (None, True)
    assert "GitHub does not answer" in str(error)


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        github = GitHub(Token("ghp_x"), url, QUICK)
        with pytest.raises(GitHubError) as error:
            github.open(NAME).snapshot()
        refused(error, "GitHub does not answer", NAME)
        github.close()


def test_a_rate_limit_says_when_it_is_over(at: Desk) -> None:
    forge = at.forge()
    forge.snapshot()
    at.github.limits.core = at.github.limits.graphql = 0
    with pytest.raises(GitHubError) as error:
        forge.is_ancestor("1" * 40, "2" * 40)
    refused(error, "GitHub's rate limit is used up", "Run again after", "UTC")
    until = error.value.until
    assert until is not None
    assert datetime.now(UTC) < until < datetime.now(UTC) + timedelta(hours=1, seconds=5)
    with pytest.raises(GitHubError) as query:
        at.forge().snapshot()
    refused(query, "rate limit is used up", "Run again after")


def test_a_secondary_limit_that_takes_long_is_an_error(at: Desk) -> None:
    at.github.faults.secondary(times=50, operation="Overview")
    error = failing(at)
    assert error.status == 429
    assert "secondary rate limit" in str(error)


def test_a_token_that_is_worth_nothing(at: Desk) -> None:
    forge = at.forge(token="ghp_" + "x" * 36)
    with pytest.raises(GitHubError) as error:
        forge.snapshot()
    refused(error, "does not take the credentials", "Bad credentials")
    assert "ghp_x" not in str(error.value)
    for odd in ("", "a b", "a\nb", "é"):
        with pytest.raises(ForgeError) as refusal:
            Token(odd)
        refused(refusal, "token")
    assert repr(Token("secret")) == "Token(…)"


def test_an_answer_that_is_none(at: Desk) -> None:
    at.github.faults.garble("not json", path="git/trees")
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot()
    refused(error, "can't be understood")
    at.github.faults.garble("{", path="git/trees")
    with pytest.raises(GitHubError) as cut:
        at.forge().snapshot()
    refused(cut, "can't be used")


def test_a_write_that_was_stopped_by_a_budget(at: Desk) -> None:
    asked: list[tuple[int | None, Work]] = []

    class Budget(Unpaced):
        def __call__(self, installation: int | None, work: Work) -> None:
            asked.append((installation, work))
            if len(asked) > 2:
                raise ForgeError("The hour's writes are used up", NAME, "The next run goes on")

    github = GitHub(at.identity, at.github.api_url, QUICK, Budget())
    forge = github.open(NAME)
    commit = django(forge)
    assert asked == []
    with pytest.raises(ForgeError) as error:
        forge.propose(BRANCH, commit, None)
    refused(error, "The hour's writes")
    assert at.github.head(NAME, BRANCH) is None
    github.close()
    assert forge.snapshot("main").commit == commit.base
    github.close()


# --- what is kept ----------------------------------------------------------------------------------


class Shown(msgspec.Struct):
    """A release."""

    tag_name: str
    body: str


class Time:
    """Seconds since the epoch, as a test says."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(at: Desk, time: Time) -> Iterator[Client]:
    wire = Wire(at.github.api_url, QUICK, bearer, now=time)
    yield Client(NAME, AppLogin(at.identity, at.identity.installations()[0]), wire)
    wire.close()


def answers(at: Desk) -> list[int]:
    """The status of each answer since the last time."""
    found = [one.status for one in at.github.requests if one.kind != "token"]
    at.github.forget_requests()
    return [status for status in found if status is not None]


def test_an_answer_is_kept_until_it_changes(at: Desk, client: Client) -> None:
    cache = MemoryCache()
    at.github.release(NAME, "v1", body="words")
    first = client.get_kept("/releases?per_page=100", list[Shown], cache)
    answers(at)
    used = at.github.limits.window(f"installation {at.installation.id}", "core").used
    assert client.get_kept("/releases?per_page=100", list[Shown], cache) == first == [Shown("v1", "words")]
    assert answers(at) == [304]
    assert at.github.limits.window(f"installation {at.installation.id}", "core").used == used
    at.github.release(NAME, "v2")
    assert [one.tag_name for one in client.get_kept("/releases?per_page=100", list[Shown], cache)] == ["v2", "v1"]
    assert answers(at) == [200]


def test_what_is_fresh_is_not_asked_for(at: Desk, client: Client, time: Time) -> None:
    cache = MemoryCache()
    client.get_kept("/releases", list[Shown], cache, 60)
    assert answers(at)[-1:] == [200]
    time.seconds += 59
    assert client.get_kept("/releases", list[Shown], cache, 60) == []
    assert answers(at) == []
    time.seconds += 1
    client.get_kept("/releases", list[Shown], cache, 60)
    assert answers(at) == [304]
    time.seconds += 59  # counted from the last time that GitHub confirmed it
    client.get_kept("/releases", list[Shown], cache, 60)
    assert answers(at) == []
    time.seconds -= 120  # a clock that was set back says nothing
    client.get_kept("/releases", list[Shown], cache, 60)
    assert answers(at) == [304]


def test_another_shape_path_or_address_is_kept_apart(at: Desk, client: Client) -> None:
    keys: list[str] = []

    class Watching(MemoryCache):
        def put(self, key: str, answer: Cached) -> None:
            keys.append(key)
            super().put(key, answer)

    cache = Watching()
    at.github.release(NAME, "v1", body="words")
    client.get_kept("/releases", list[Shown], cache)
    client.get_kept("/releases", list[dict[str, Any]], cache)
    client.get_kept("/releases?page=2", list[Shown], cache)
    assert len(set(keys)) == 3
    assert all(key.startswith("forge-github/") and f":{at.github.api_url}/repos/{NAME}/" in key for key in keys)
    kept = cache.get(keys[0])
    assert kept is not None
    assert kept.body == b'[{"tag_name":"v1","body":"words"}]'


def test_a_damaged_answer_is_asked_for_again(at: Desk, client: Client, time: Time) -> None:
    cache = MemoryCache()
    client.get_kept("/releases", list[Shown], cache)
    (key,) = cache._answers  # there is no other way to damage what it keeps
    for body in (b"[", b"{}"):
        cache.put(key, Cached('"x"', None, time(), body))
        answers(at)
        assert client.get_kept("/releases", list[Shown], cache, 60) == []
        assert answers(at) == [200]


def test_an_error_is_not_kept(at: Desk, client: Client) -> None:
    cache = MemoryCache()
    with pytest.raises(GitHubError) as error:
        client.get_kept("/contents/CHANGES?ref=main", dict[str, Any], cache, 60)
    refused(error, "GitHub shows no such thing", f"{NAME}, GET /repos/{NAME}/contents/CHANGES")
    assert error.value.status == 404
    at.github.push(NAME, "main", {"CHANGES": "1"})
    assert client.get_kept("/contents/CHANGES?ref=main", dict[str, Any], cache, 60)["name"] == "CHANGES"


def test_an_answer_of_another_shape_is_not_kept(at: Desk, client: Client) -> None:
    cache = MemoryCache()
    for text in ('{"message": "hello"}', "not json", "{"):
        at.github.faults.garble(text, path="/releases")
        with pytest.raises(GitHubError) as error:
            client.get_kept("/releases", list[Shown], cache, 60)
        refused(error, "GitHub's answer can't be")
    assert client.get_kept("/releases", list[Shown], cache, 60) == []


def test_a_kept_answer_outlives_a_token(at: Desk, client: Client) -> None:
    cache = MemoryCache()
    client.get_kept("/releases", list[Shown], cache)
    at.github.expire_tokens()
    answers(at)
    assert client.get_kept("/releases", list[Shown], cache) == []
    assert answers(at) == [401, 200]
    assert client.get_kept("/releases", list[Shown], cache) == []
    assert answers(at) == [304]


def test_a_failure_of_a_conditional_request_keeps_what_there_was(at: Desk, client: Client) -> None:
    cache = MemoryCache()
    client.get_kept("/releases", list[Shown], cache)
    at.github.faults.fail(500, times=50, path="/releases")
    with pytest.raises(GitHubError) as error:
        client.get_kept("/releases", list[Shown], cache)
    refused(error, "GitHub failed (HTTP 500)")
    at.github.faults.clear()
    answers(at)
    assert client.get_kept("/releases", list[Shown], cache) == []
    assert answers(at) == [304]


def test_an_error_page_of_something_in_between(at: Desk, client: Client) -> None:
    for text in ("<html>Bad gateway</html>", '"Bad gateway"'):
        at.github.faults.garble(text, 418, path="/releases")
        with pytest.raises(GitHubError) as error:
            client.get_kept("/releases", list[Shown], MemoryCache())
        refused(error, "GitHub refused (HTTP 418)")
        assert error.value.said == ""


# --- what may be missing ---------------------------------------------------------------------------

TWO = """
query Two($owner: String!, $name: String!, $other: String!) {
  here: repository(owner: $owner, name: $name) { nameWithOwner }
  there: repository(owner: $owner, name: $other) { nameWithOwner }
}
"""


class Named(msgspec.Struct, rename="camel"):
    name_with_owner: str


class Two(msgspec.Struct):
    here: Named
    there: Named | None


def test_what_may_be_missing_does_not_lose_the_rest(at: Desk, client: Client) -> None:
    variables = {"owner": "acme", "name": "shop", "other": "none"}
    found = client.ask(TWO, variables, Two, frozenset({"there"}))
    assert found == Two(Named(NAME), None)
    data, missed = client.ask_partly(TWO, variables, Two, frozenset({"there"}))
    assert (data, missed) == (found, (Missed(("there",), "NOT_FOUND"),))
    for may_miss in (frozenset[str](), frozenset({"here"})):
        with pytest.raises(GitHubError) as error:
            client.ask(TWO, variables, Two, may_miss)
        refused(error, "GitHub shows no such thing", "acme/none")
    assert at.github.violations == []


@pytest.mark.parametrize(
    "errors",
    [
        '[{"type": "NOT_FOUND", "path": ["there"]}, {"type": "SERVICE_UNAVAILABLE", "path": ["there"]}]',
        '[{"type": "NOT_FOUND", "path": ["there"]}, {"message": "Something went wrong"}]',
        '[{"type": "NOT_FOUND", "path": []}]',
        '[{"type": "NOT_FOUND", "path": "there"}]',
        '[{"type": "NOT_FOUND"}]',
        '["NOT_FOUND"]',
    ],
)
def test_any_other_error_counts(at: Desk, client: Client, errors: str) -> None:
    told = f'{{"data": {{"here": {{"nameWithOwner": "acme/shop"}}, "there": null}}, "errors": {errors}}}'
    at.github.faults.garble(told, operation="Two")
    with pytest.raises(GitHubError):
        client.ask(TWO, {"owner": "acme", "name": "shop", "other": "none"}, Two, frozenset({"there"}))


# --- what people are told --------------------------------------------------------------------------


def test_a_pause_is_told_once_and_calmly(at: Desk, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    at.github.limits.retry_after = 1
    at.github.faults.secondary(operation="Overview")
    at.github.faults.drop(path="git/trees")
    pace = Pace(attempts=3, backoff=0.01, secondary_wait=0.01, longest_wait=5, timeout=5)
    github = GitHub(at.identity, at.github.api_url, pace, told=told.append)
    github.open(NAME).snapshot()
    github.close()
    assert told == ["GitHub asks for a pause of 1 s"]
    assert [record.getMessage() for record in caplog.records] == []


def test_a_short_pause_is_not_spoken_of(at: Desk) -> None:
    told: list[str] = []
    at.github.limits.retry_after = 0
    at.github.faults.secondary(operation="Overview")
    at.github.faults.fail(502, operation="Overview")
    github = GitHub(at.identity, at.github.api_url, QUICK, told=told.append)
    github.open(NAME).snapshot()
    github.close()
    assert told == []
