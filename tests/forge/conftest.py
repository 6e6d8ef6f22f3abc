from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.render import TRAILER
from bot.forge.base import Author, Forge, NewCommit
from bot.forge.local import open_forge

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
BOT = Author("Freshline", "freshline@bots.example")
BRANCH = "freshline/pypi/django"
MESSAGE = f"Bump django from 5.1 to 5.2\n\npyproject.toml: 5.1 -> 5.2\n\n{TRAILER}: pypi/django@5.2\n"


class Repository:
    """A real git repository in a temporary folder, with git's configuration of its own."""

    def __init__(self, folder: Path, home: Path, *options: str) -> None:
        self.folder = folder
        self.state = home / "state"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
        folder.mkdir(parents=True, exist_ok=True)
        home.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *arguments: str, feed: bytes | None = None) -> str:
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@people.example")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            env=self.environ,
            input=feed,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return os.fsdecode(done.stdout).strip()

    def write(self, files: dict[str, bytes]) -> None:
        for path, data in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def commit(self, files: dict[str, bytes], subject: str = "A commit") -> str:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def forge(self, target: Path | str | None = None) -> Forge:
        return open_forge(str(target or self.folder), self.state, self.environ)

    def objects(self) -> set[str]:
        folder = Path(self.git("rev-parse", "--absolute-git-dir")) / "objects"
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def new(base: str | None, files: dict[str, bytes], message: str = MESSAGE) -> NewCommit:
    return NewCommit(base, files, message, BOT, AT)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo", tmp_path / "home")
    made.commit(
        {"pyproject.toml": b"django==5.1\n", "README.md": b"words\n", "sub/package.json": b"{}\n"}, "feat: start"
    )
    return made
