"""A repository on (a fake) GitHub: from the command line to pull requests, and what people do with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.stories.conftest import Answer, Desk, versions

NAME = "acme/shop"
FILES = {"requirements.txt": "alpha==1.0\nbeta==2.0\n", "web/package.json": '{"dependencies": {"left-pad": "1.0.0"}}\n'}


class Hub:
    """A desk whose repository is on GitHub."""

    def __init__(self, desk: Desk, github: FakeGitHub, login: dict[str, str]) -> None:
        self.desk = desk
        self.github = github
        self.login = {"FRESHLINE_GITHUB__API_URL": github.api_url, **login}

    def freshline(self, *arguments: str) -> Answer:
        return self.desk.freshline(*arguments, **self.login)

    def run(self) -> str:
        answer = self.freshline("run", NAME)
        assert answer.code == 0, answer
        assert not self.github.violations
        return answer.out

    def open(self) -> dict[str, int]:
        return {pull.head: pull.number for pull in self.github.pulls(NAME, "open")}


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    need("github specs", specs.why_not())
    with FakeGitHub(clock=Clock.real()) as fake:
        fake.create_repository(NAME, FILES)
        yield fake


@pytest.fixture(params=["app", "token"])
def hub(desk: Desk, github: FakeGitHub, tmp_path: Path, request: pytest.FixtureRequest) -> Hub:
    desk.registry.pypi("alpha", versions("1.0", "1.1"))
    desk.registry.pypi("beta", versions("2.0"))
    desk.registry.npm("left-pad", versions("1.0.0", "1.3.0"))
    if request.param == "token":
        return Hub(desk, github, {"FRESHLINE_GITHUB__TOKEN": github.personal_token()})
    github.install("acme")
    key = tmp_path / "key.pem"
    key.write_text(github.app.private_key)
    return Hub(
        desk, github, {"FRESHLINE_GITHUB__APP_ID": str(github.app.id), "FRESHLINE_GITHUB__PRIVATE_KEY_FILE": str(key)}
    )


BRANCHES = {"freshline/pypi/alpha", "freshline/npm/left-pad"}


def test_each_update_becomes_one_pull_request(hub: Hub) -> None:
    out = hub.run()
    assert hub.open().keys() == BRANCHES
    assert "2 created" in out
    number = hub.open()["freshline/pypi/alpha"]
    issue = hub.github.pull(NAME, number).issue
    assert issue.title == "Bump alpha from 1.0 to 1.1"
    assert "| `alpha` | `==1.0` | `==1.1` |" in (issue.body or "")
    assert f"/{NAME}/pull/{number}" in out
    files = hub.github.files(NAME, "freshline/pypi/alpha")
    assert files["requirements.txt"] == b"alpha==1.1\nbeta==2.0\n"


def test_again_writes_nothing(hub: Hub) -> None:
    hub.run()
    before = hub.github.branches(NAME)
    hub.github.forget_requests()
    assert "2 unchanged" in hub.run()
    assert hub.github.branches(NAME) == before
    assert not [one for one in hub.github.requests if one.kind == "write"]


def test_a_newer_release_moves_the_same_pull_request(hub: Hub) -> None:
    hub.run()
    before = hub.open()
    hub.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert "1 moved, 1 unchanged" in hub.run()
    assert hub.open() == before
    issue = hub.github.pull(NAME, before["freshline/pypi/alpha"]).issue
    assert issue.title == "Bump alpha from 1.0 to 1.2"


def test_closing_means_not_this_version(hub: Hub) -> None:
    hub.run()
    hub.github.close_pull(NAME, hub.open()["freshline/pypi/alpha"])
    hub.run()
    assert hub.open().keys() == BRANCHES - {"freshline/pypi/alpha"}
    assert "freshline/pypi/alpha" not in hub.github.branches(NAME)
    scanned = hub.freshline("scan", NAME, "--format", "json").json()
    skip = next(d["skip"] for d in scanned["dependencies"] if d["name"] == "alpha")
    assert (skip["reason"], skip["candidate"]) == ("declined", "1.1")
    hub.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert "created     freshline/pypi/alpha" in hub.run()


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_merged_one_has_landed(hub: Hub, method: str) -> None:
    hub.run()
    hub.github.merge_pull(NAME, hub.open()["freshline/pypi/alpha"], method=method)
    hub.run()
    assert hub.open().keys() == BRANCHES - {"freshline/pypi/alpha"}
    assert "freshline/pypi/alpha" not in hub.github.branches(NAME)


def test_what_is_no_longer_needed_is_closed_with_a_reason(hub: Hub) -> None:
    hub.run()
    number = hub.open()["freshline/pypi/alpha"]
    hub.github.push(NAME, "main", {"requirements.txt": "alpha==1.1\nbeta==2.0\n"})
    assert "superseded  freshline/pypi/alpha" in hub.run()
    assert hub.open().keys() == BRANCHES - {"freshline/pypi/alpha"}
    (comment,) = hub.github.pull(NAME, number).issue.comments
    assert comment.body.splitlines()[0] == "Closed: it is not needed any more."


def test_a_branch_that_somebody_pushed_to_is_theirs(hub: Hub) -> None:
    hub.run()
    hub.github.push(NAME, "freshline/pypi/alpha", {"notes.txt": "mine"})
    theirs = hub.github.branches(NAME)["freshline/pypi/alpha"]
    hub.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert "left alone  freshline/pypi/alpha" in hub.run()
    assert hub.github.branches(NAME)["freshline/pypi/alpha"] == theirs


def test_a_conflict_is_rebuilt_on_the_new_base(hub: Hub) -> None:
    hub.run()
    hub.github.push(NAME, "main", {"requirements.txt": "alpha==1.0\nbeta==2.0\ngamma\n"})
    assert "1 moved, 1 unchanged" in hub.run()
    files = hub.github.files(NAME, "freshline/pypi/alpha")
    assert files["requirements.txt"] == b"alpha==1.1\nbeta==2.0\ngamma\n"


def test_a_lost_store_is_made_up_from_what_stands_on_github(hub: Hub) -> None:
    hub.run()
    before = hub.github.branches(NAME)
    hub.desk.home = hub.desk.home / "another"
    assert "2 unchanged" in hub.run()
    assert hub.github.branches(NAME) == before


def test_a_dry_run_and_observing_write_nothing(hub: Hub) -> None:
    assert "-alpha==1.0\n+alpha==1.1" in hub.freshline("run", NAME, "--dry-run").out
    hub.github.push(NAME, "main", {".github/freshline.toml": 'mode = "observe"\n'})
    assert "only observes" in hub.run()
    assert hub.github.branches(NAME).keys() == {"main"}


def test_without_a_login_it_says_what_to_set(desk: Desk, github: FakeGitHub) -> None:
    with pytest.raises(Exception, match="FRESHLINE_GITHUB__TOKEN"):
        desk.freshline("scan", NAME, FRESHLINE_GITHUB__API_URL=github.api_url)
