"""A fault in one reader costs one file, and the file says so."""

from __future__ import annotations

from pathlib import Path

from bot import extraction
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, FileReason, LockFile
from bot.ecosystems import npm, package_lock
from bot.forge.folder import FolderSnapshot
from bot.store import Store

LIMITS = extraction.Limits(5_000_000, ())


def stumbling(path: str, text: str) -> FileFacts:
    raise KeyError(path)


def read(folder: Path, *ecosystems: Ecosystem) -> extraction.Reading:
    with Store.in_memory() as store:
        return extraction.read(FolderSnapshot(folder), ecosystems, store.facts(), LIMITS)


def test_the_other_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "strange.txt").write_text("x")
    (tmp_path / "package.json").write_text('{"dependencies": {"left-pad": "1.0.0"}}')
    found = read(tmp_path, npm.ecosystem, Ecosystem("strange", ("strange.txt",), 1, stumbling))
    assert [facts.path for facts in found.files] == ["package.json"]
    (skipped,) = found.skipped
    assert (skipped.path, skipped.reason) == ("strange.txt", FileReason.UNPARSABLE)
    assert skipped.detail == "KeyError in strange: a fault of ours; please send us this file"


def test_a_lock_file_that_cannot_be_read_still_covers_its_manifests(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("<<<<<<< HEAD\n")
    found = read(tmp_path, package_lock.ecosystem)
    (facts,) = found.files
    assert facts.declarations == (LockFile("package_lock", ("package.json",), (".", "**")),)
    assert [skip.path for skip in found.skipped] == ["package-lock.json"]
