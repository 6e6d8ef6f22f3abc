from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.forge import folder as module
from bot.forge.base import Entry, ForgeError, Search, TooLarge
from bot.forge.folder import FolderForge
from bot.forge.local import open_forge
from tests.forge.conftest import BRANCH, new


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    made = tmp_path / "plain"
    for path in ("package.json", "a/b/pyproject.toml", "node_modules/x/package.json", ".git/HEAD", "a/.venv/x.toml"):
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(path.encode())
    return made


def opened(plain: Path) -> FolderForge:
    forge = open_forge(str(plain), plain / "state", {"PATH": os.environ["PATH"]})
    assert isinstance(forge, FolderForge)
    return forge


def test_a_folder_is_read_without_what_tools_put_there(plain: Path) -> None:
    (plain / "run.sh").touch(mode=0o755)
    snapshot = opened(plain).snapshot()
    assert snapshot.entries() == (
        Entry("a/b/pyproject.toml", "", 0o100644, 18),
        Entry("package.json", "", 0o100644, 12),
        Entry("run.sh", "", 0o100755, 0),
    )
    assert (snapshot.commit, snapshot.branch) == (None, "HEAD")
    wanted = ["package.json", "a/b/pyproject.toml", "node_modules/x/package.json", "../../etc/passwd", "nowhere"]
    assert snapshot.read_many(wanted) == {
        "package.json": b"package.json",
        "a/b/pyproject.toml": b"a/b/pyproject.toml",
    }


def test_links_and_devices_are_not_read(plain: Path) -> None:
    (plain / "link.toml").symlink_to("/etc/passwd")
    (plain / "up").symlink_to("..")
    os.mkfifo(plain / "pipe.toml")
    snapshot = opened(plain).snapshot()
    assert {entry.path for entry in snapshot.entries() if not entry.regular} == {"link.toml", "up"}
    assert "pipe.toml" not in {entry.path for entry in snapshot.entries()}
    assert snapshot.read_many(["link.toml", "up/plain/package.json", "pipe.toml"]) == {}


def test_what_became_a_link_meanwhile_is_not_followed(plain: Path) -> None:
    snapshot = opened(plain).snapshot()
    snapshot.entries()
    (plain / "package.json").unlink()
    (plain / "package.json").symlink_to("/etc/passwd")
    with pytest.raises(ForgeError, match=r"'package\.json' can't be read"):
        snapshot.read_many(["package.json"])


def test_what_went_away_meanwhile_is_not_there(plain: Path) -> None:
    snapshot = opened(plain).snapshot()
    snapshot.entries()
    (plain / "package.json").unlink()
    assert snapshot.read_many(["package.json", "a/b/pyproject.toml"]).keys() == {"a/b/pyproject.toml"}
    assert module._entry(plain / "package.json", "package.json") is None


def test_a_large_file_is_not_loaded(plain: Path) -> None:
    found = opened(plain).snapshot().read_many(["package.json", "a/b/pyproject.toml"], limit=15)
    assert found == {"package.json": b"package.json", "a/b/pyproject.toml": TooLarge(18, 15)}


def test_a_text_is_searched_for(plain: Path) -> None:
    for name, text in {"a.py": "# /// script\n", "b.py": "x\n", "c.txt": "# /// script\n"}.items():
        (plain / name).write_text(text)
    snapshot = FolderForge(plain).snapshot()
    python = frozenset({"a.py", "b.py", "gone.py"})
    searches = [Search(("# /// script",), python), Search(("nowhere",), python), Search(("x",), frozenset({"b.py"}))]
    found = [one.holding for one in snapshot.containing(searches)]
    assert found == [{"a.py"}, frozenset(), {"b.py"}]
    assert snapshot.containing([]) == ()


def test_odd_names(plain: Path) -> None:
    names = ["a b", "new\nline", "caf\udce9", "-dash"]
    for name in names:
        (plain / name).write_bytes(b"x")
    assert opened(plain).snapshot().read_many(names) == dict.fromkeys(names, b"x")


def test_too_many_files(plain: Path) -> None:
    snapshot = module.FolderSnapshot(plain, most=1)
    with pytest.raises(ForgeError, match="More than 1 files"):
        snapshot.entries()


def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="The folder can't be read"):
        module.FolderSnapshot(tmp_path / "gone").entries()


def test_a_folder_further_down_that_cannot_be_listed_is_passed_over(plain: Path) -> None:
    snapshot = module.FolderSnapshot(plain)
    snapshot._unreadable(PermissionError(13, "Permission denied", str(plain / "a")))
    assert len(snapshot.entries()) == 2


def test_everything_about_commits_is_refused(plain: Path) -> None:
    forge = opened(plain)
    assert forge.branches() == {}
    assert forge.recent_subjects() == []
    refused: list[Callable[[], object]] = [
        lambda: forge.snapshot("main"),
        lambda: forge.propose(BRANCH, new(None, {"package.json": b""}), None),
        lambda: forge.delete(BRANCH, "1" * 40),
        lambda: forge.changed("1", "2", []),
        lambda: forge.is_ancestor("1", "2"),
        lambda: forge.diff(None, "1"),
    ]
    for call in refused:
        with pytest.raises(ForgeError, match=r"not a git repository: .*git init"):
            call()
