"""The fake, asked by PyGithub: what a client that nobody here wrote makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import github as pygithub
import pytest

from tests.conftest import need
from tests.fakes.github import Clock, FakeGitHub, specs
from tests.fakes.github.probe import FILES, SHOP

ROOT = Path(__file__).parents[2]
# The fake has its own idea of what is too fast.
PACE: dict[str, Any] = {"seconds_between_requests": None, "seconds_between_writes": None}
KILLED = """
import sys, httpx
url, token, sha = sys.argv[1:]
client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, trust_env=False)
for name in "abc":
    client.post("/repos/acme/shop/git/refs", json={"ref": f"refs/heads/{name}", "sha": sha})
"""


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    need("github specs", specs.why_not())
    # PyGithub compares with the machine's clock.
    with FakeGitHub(clock=Clock.real(), validate_answers=True) as one:
        one.create_repository(SHOP, FILES, private=True)
        one.install("acme")
        yield one
        assert not one.violations, "\n".join(one.violations)
        assert not one.wrong_answers, "\n".join(one.wrong_answers)


def client(github: FakeGitHub) -> pygithub.Github:
    auth = pygithub.Auth.AppAuth(github.app.id, github.app.private_key)
    integration = pygithub.GithubIntegration(auth=auth, base_url=github.api_url, **PACE)
    return integration.get_installations()[0].get_github_for_installation()


def test_the_life_of_a_pull_request(github: FakeGitHub) -> None:
    repository = client(github).get_repo(SHOP)
    base = repository.get_branch("main").commit
    text = '[project]\ndependencies = ["django==5.0"]\n'
    element = pygithub.InputGitTreeElement("pyproject.toml", "100644", "blob", content=text)
    tree = repository.create_git_tree([element], base_tree=repository.get_git_tree(base.sha))
    commit = repository.create_git_commit("feat: django", tree, [repository.get_git_commit(base.sha)])
    repository.create_git_ref("refs/heads/freshline/pypi/django", commit.sha)
    pull = repository.create_pull(base="main", head="freshline/pypi/django", title="Bump", body="why")
    pull.add_to_labels("dependencies")
    pull.create_issue_comment("hello")
    github.comment(SHOP, 1, "/freshline rebase")
    assert [one.body for one in pull.get_issue_comments()] == ["hello", "/freshline rebase"]
    assert [one.filename for one in pull.get_files()] == ["pyproject.toml"]
    assert repository.get_pulls(head="acme:freshline/pypi/django")[0].number == 1
    assert pull.merge(sha=commit.sha).merged
    repository.get_git_ref("heads/freshline/pypi/django").delete()
    assert github.files(SHOP)["pyproject.toml"].decode() == text
    assert list(github.branches(SHOP)) == ["main"]


def test_graphql_and_pages_and_limits(github: FakeGitHub) -> None:
    for number in range(40):
        github.create_repository(f"acme/r{number}", FILES)
    auth = pygithub.Auth.AppAuth(github.app.id, github.app.private_key)
    integration = pygithub.GithubIntegration(auth=auth, base_url=github.api_url, **PACE)
    installation = integration.get_installations()[0]
    assert len(list(installation.get_repos())) == 41
    api = installation.get_github_for_installation()
    _, told = api.requester.graphql_query("{viewer{login}}", {})
    assert told["data"] == {"viewer": {"login": "freshline"}}
    assert api.get_rate_limit().resources.core.remaining < 5000
    github.faults.fail(500, method="GET", path="/branches")
    with pytest.raises(pygithub.GithubException, match="Server Error"):
        pygithub.Github(auth=api.requester.auth, base_url=github.api_url, retry=None).get_repo(SHOP).get_branch("main")


def test_kill_nine_after_the_second_write(github: FakeGitHub) -> None:
    token = github.personal_token()
    started: list[int] = []
    github.faults.kill_after(2, lambda: os.kill(started[0], signal.SIGKILL), writes_only=True)
    arguments = [sys.executable, "-c", KILLED, github.api_url, token, str(github.head(SHOP))]
    with subprocess.Popen(arguments, cwd=ROOT) as run:
        started.append(run.pid)
        assert run.wait(20) == -signal.SIGKILL
    assert list(github.branches(SHOP)) == ["a", "b", "main"]
