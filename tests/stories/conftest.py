"""A person's machine: a real git repository, a registry on loopback, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.registry import FakeRegistry
from tests.stories.fleet_desk import FILES, SECRET, SHOP, Fleet

LONG_AGO = datetime.now(UTC) - timedelta(days=100)


@dataclass
class Answer:
    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Desk:
    """Where somebody sits: ``repository`` is theirs, ``registry`` the world."""

    repository: Path
    registry: FakeRegistry
    home: Path

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "FRESHLINE_REGISTRIES__PYPI__URL": self.registry.pypi_url,
            "FRESHLINE_REGISTRIES__NPM__URL": self.registry.npm_url,
            "FRESHLINE_REGISTRIES__ENDOFLIFE__URL": self.registry.endoflife_url,
            "FRESHLINE_HTTP__FRESH_FOR": "0",
            "FRESHLINE_GITHUB__SECONDS_BETWEEN_WRITES": "0",
            "FRESHLINE_GITHUB__WRITES_PER_MINUTE": "10000",
            "FRESHLINE_GITHUB__WRITES_PER_HOUR": "10000",
        }

    def freshline(self, *arguments: str, **environ: str) -> Answer:
        done = CliRunner().invoke(cli, arguments, env={**self.environ, **environ}, catch_exceptions=False)
        return Answer(done.exit_code, done.stdout, done.stderr)

    def scan(self, **environ: str) -> dict[str, Any]:
        answer = self.freshline("scan", str(self.repository), "--format", "json", **environ)
        assert answer.code == 0, answer
        return answer.json()

    def run(self, **environ: str) -> str:
        answer = self.freshline("run", str(self.repository), **environ)
        assert answer.code == 0, answer
        return answer.out

    def git(self, *arguments: str, at: Path | None = None) -> str:
        return git(at or self.repository, *arguments)

    def write(self, files: Mapping[str, str | bytes], message: str = "change") -> None:
        for name, content in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def branches(self) -> dict[str, str]:
        listed = self.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/freshline")
        return dict(line.split(" ") for line in listed.splitlines())

    def show(self, branch: str, path: str) -> str:
        return self.git("show", f"{branch}:{path}")


def git(folder: Path, *arguments: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgSign=false")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    repository = tmp_path / "shop"
    repository.mkdir()
    git(repository, "-c", "init.defaultBranch=main", "init", "-q")
    with FakeRegistry() as registry:
        yield Desk(repository, registry, tmp_path / "home")


def versions(*names: str, at: datetime = LONG_AGO, **facts: Any) -> dict[str, dict[str, Any]]:
    """Releases a day apart, the oldest first."""
    return {name: {"published": at + timedelta(days=n), **facts} for n, name in enumerate(names)}


@pytest.fixture
def fleet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """An App that is installed on ``acme``, where ``acme/shop`` has two updates to be made."""
    need("github specs", specs.why_not())
    desk.registry.pypi("alpha", versions("1.0", "1.1"))
    desk.registry.pypi("beta", versions("2.0"))
    desk.registry.npm("left-pad", versions("1.0.0", "1.3.0"))
    with FakeGitHub(clock=Clock.real()) as github:
        github.limits.writes_a_minute = github.limits.writes_an_hour = None
        github.create_repository(SHOP, FILES)
        login = {"API_URL": github.api_url, "APP_ID": str(github.app.id), "PRIVATE_KEY": github.app.private_key}
        # What the command line is given by ``Desk``, and ``App`` reads from the environment.
        for name, value in {**login, "WEBHOOK_SECRET": SECRET}.items():
            monkeypatch.setenv(f"FRESHLINE_GITHUB__{name}", value)
        for name, value in desk.environ.items():
            monkeypatch.setenv(name, value)
        yield Fleet(desk, github)
