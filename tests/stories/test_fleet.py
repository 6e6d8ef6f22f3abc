"""A fleet on (a fake) GitHub: the first installation, weekly passes, people, webhooks, un-installing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.stories.conftest import Answer, Desk, versions

ALPHA, BETA, PAD = "freshline/pypi/alpha", "freshline/pypi/beta", "freshline/npm/left-pad"
FILES = {"requirements.txt": "alpha==1.0\nbeta==2.0\n", "web/package.json": '{"dependencies": {"left-pad": "1.0.0"}}\n'}


class Fleet:
    """A desk whose App is installed on ``acme``."""

    def __init__(self, desk: Desk, github: FakeGitHub, key: Path) -> None:
        self.desk = desk
        self.github = github
        self.installation = github.install("acme")
        key.write_text(github.app.private_key)
        self.login = {
            "FRESHLINE_GITHUB__API_URL": github.api_url,
            "FRESHLINE_GITHUB__APP_ID": str(github.app.id),
            "FRESHLINE_GITHUB__PRIVATE_KEY_FILE": str(key),
        }

    def freshline(self, *arguments: str, **more: str) -> Answer:
        return self.desk.freshline(*arguments, **self.login, **more)

    def run(self, **more: str) -> str:
        """A pass over the fleet, which goes well."""
        self.github.forget_requests()
        answer = self.freshline("run", "--fleet", **more)
        assert answer.code == 0, answer.out + answer.err
        assert self.github.violations == []
        return answer.out

    def open(self, name: str = "acme/shop") -> dict[str, int]:
        return {pull.head: pull.number for pull in self.github.pulls(name, "open")}

    def kinds(self) -> Counter[str]:
        return self.github.counts

    def board(self, name: str = "acme/shop") -> str:
        (issue,) = [i for i in self.github.repository(name).issues.values() if i.title == "Freshline dashboard"]
        return issue.body or ""


@pytest.fixture
def fleet(desk: Desk, tmp_path: Path) -> Iterator[Fleet]:
    need("github specs", specs.why_not())
    desk.registry.pypi("alpha", versions("1.0", "1.1"))
    desk.registry.pypi("beta", versions("2.0"))
    desk.registry.npm("left-pad", versions("1.0.0", "1.3.0"))
    with FakeGitHub(clock=Clock.real()) as github:
        github.limits.writes_a_minute = github.limits.writes_an_hour = None
        github.create_repository("acme/shop", FILES)
        yield Fleet(desk, github, tmp_path / "key.pem")


def test_the_first_pass_opens_what_is_due_and_the_next_asks_almost_nothing(fleet: Fleet) -> None:
    for number in range(29):
        fleet.github.create_repository(f"acme/lib{number}", {"requirements.txt": "alpha==1.0\n"})
    out = fleet.run()
    assert "acme: 30 repositories: 30 to visit, 0 as before" in out
    assert fleet.open().keys() == {ALPHA, PAD}
    assert all(fleet.open(f"acme/lib{number}").keys() == {ALPHA} for number in range(29))
    fleet.run()  # its own pull requests are looked at once more
    out = fleet.run()
    assert "acme: 30 repositories: 0 to visit, 30 as before" in out
    # the installations, a token, one page, and one question about everything that is watched
    assert fleet.kinds()["write"] == fleet.kinds()["mutation"] == 0
    assert len(fleet.github.requests) <= 5
