from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.forge.base import ForgeError
from bot.forge.github import GitHub
from bot.forge.github_client import Token
from bot.forge.github_errors import GitHubError
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
    asked: list[int] = []

    def budget() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise ForgeError("The hour's writes are used up", NAME, "The next run goes on")

    github = GitHub(at.identity, at.github.api_url, QUICK, budget)
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
