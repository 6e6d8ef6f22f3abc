"""What the GitHub tests share: a fake GitHub with one repository, and the ways to open it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from bot.core.render import TRAILER
from bot.forge.base import Author, ForgeError, NewCommit, Pushed, RefusalReason, Refused
from bot.forge.github import GitHub, GitHubForge
from bot.forge.github_app import AppIdentity
from bot.forge.github_client import Pace, Token
from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.records import Installation
from tests.fakes.github.world import Content

NAME = "acme/shop"
BRANCH = "freshline/pypi/django"
AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
BOT = Author("Freshline", "freshline@bots.example")
MESSAGE = f"Bump django from 5.1 to 5.2\n\npyproject.toml: 5.1 -> 5.2\n\n{TRAILER}: pypi/django@5.2\n"
FILES: dict[str, Content] = {"pyproject.toml": "django==5.1\n", "README.md": "words\n", "sub/package.json": "{}\n"}
QUICK = Pace(attempts=3, backoff=0.01, secondary_wait=0.01, longest_wait=0.5, timeout=5)


class Desk:
    """A fake GitHub where the App is installed on ``acme``, whose one repository is ``acme/shop``."""

    def __init__(self, github: FakeGitHub) -> None:
        self.github = github
        self.installation: Installation = github.install("acme")
        self.identity = AppIdentity(github.app.id, github.app.private_key, github.api_url, QUICK)
        self._open: list[GitHub] = []

    def forge(
        self, name: str = NAME, *, token: str | None = None, api_url: str | None = None, pace: Pace = QUICK
    ) -> GitHubForge:
        """A new pass over a repository, as the App or with a plain token."""
        login = self.identity if token is None else Token(token)
        opened = GitHub(login, api_url or self.github.api_url, pace)
        self._open.append(opened)
        return opened.open(name)

    def counts(self) -> dict[str, int]:
        """Requests made in the installation's name, as reads and writes, since they were last forgotten."""
        kinds = [one.kind for one in self.github.requests if one.caller != "app" and one.kind != "token"]
        reads = sum(kind in {"read", "graphql"} for kind in kinds)
        return {"reads": reads, "writes": len(kinds) - reads}

    def close(self) -> None:
        for opened in self._open:
            opened.close()
        self.identity.close()


@contextmanager
def desk() -> Iterator[Desk]:
    """The desk; at the end every request must have been one that GitHub describes."""
    need("github specs", specs.why_not())
    with FakeGitHub(clock=Clock.real()) as github:
        github.create_repository(NAME, FILES, message="feat: start")
        made = Desk(github)
        try:
            yield made
        finally:
            made.close()
        assert github.violations == []


def new(base: str | None, files: Mapping[str, bytes], message: str = MESSAGE) -> NewCommit:
    return NewCommit(base, files, message, BOT, AT)


def django(forge: GitHubForge, version: str = "5.2") -> NewCommit:
    """The usual commit on the base as the pass sees it."""
    message = MESSAGE.replace("5.2", version)
    return new(forge.snapshot().commit, {"pyproject.toml": f"django=={version}\n".encode()}, message)


def head(answer: object) -> str:
    assert isinstance(answer, Pushed), answer
    return answer.head


def reason(answer: object) -> RefusalReason:
    assert isinstance(answer, Refused), answer
    assert answer.detail
    return answer.reason


def refused(error: pytest.ExceptionInfo[ForgeError], *words: str) -> None:
    """The error says these words, and is one line that says what to do."""
    text = str(error.value)
    assert "\n" not in text
    assert error.value.what_next
    for word in words:
        assert word in text
