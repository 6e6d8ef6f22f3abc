"""A plain folder without git: it can be read, and proposed to by nobody but a dry run."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from bot.forge.base import (
    MAX_FILE,
    MAX_TOTAL,
    PREFIX,
    SYMBOLIC_LINK,
    Author,
    Branch,
    Deleted,
    Entry,
    ForgeError,
    Found,
    NewCommit,
    Pushed,
    Refused,
    Search,
    TooLarge,
)

MAX_FILES = 1_000_000
IGNORED = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr", "node_modules", "bower_components", ".yarn", ".pnpm-store"),
        *(".venv", "venv", ".tox", ".nox", "__pycache__", "site-packages", ".eggs", "__pypackages__"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".cache", ".terraform", ".gradle", ".direnv"),
    }
)
"""Folders that hold what tools made or fetched, never what people wrote."""


class FolderForge:
    """Implements ``Forge`` for a folder: reading works, everything about commits is refused."""

    def __init__(self, folder: Path) -> None:
        self.repository = str(folder)
        self._folder = folder

    def snapshot(self, ref: str | None = None) -> FolderSnapshot:
        """The folder as it is now."""
        if ref is not None:
            raise self._error()
        return FolderSnapshot(self._folder)

    def branches(self, prefix: str = PREFIX) -> dict[str, Branch]:  # noqa: ARG002 - the protocol's signature
        """None: there is no git."""
        return {}

    def authored(self, branch: Branch, author: Author) -> bool:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there are no commits."""
        raise self._error()

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there is nothing to make a branch in."""
        raise self._error()

    def delete(self, branch: str, expected: str) -> Deleted | Refused:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there are no branches."""
        raise self._error()

    def changed(self, base_commit: str, other_commit: str, paths: Iterable[str]) -> bool:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there are no commits."""
        raise self._error()

    def touched(self, base_commit: str, other_commit: str) -> frozenset[str]:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there are no commits."""
        raise self._error()

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there are no commits."""
        raise self._error()

    def recent_subjects(self, n: int = 50) -> list[str]:  # noqa: ARG002 - the protocol's signature
        """None: there are no commits."""
        return []

    def diff(self, base_commit: str | None, commit: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Raise ``ForgeError``: there are no commits."""
        raise self._error()

    def _error(self) -> ForgeError:
        return ForgeError(
            "This folder is not a git repository",
            self.repository,
            "Make it one (git init, git add, git commit), or use scan or --dry-run",
        )


class FolderSnapshot:
    """A folder's files; tools' own folders (``IGNORED``) are left out, links never followed."""

    commit: str | None = None
    branch = "HEAD"

    def __init__(self, folder: Path, most: int = MAX_FILES) -> None:
        self._folder = folder
        self._most = most

    def entries(self) -> tuple[Entry, ...]:
        """Every file and symbolic link, without blob ids: those would cost reading everything."""
        return self._entries

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        for entry in self._walk():
            entries.append(entry)
            if len(entries) > self._most:
                raise ForgeError(f"More than {self._most} files", str(self._folder), "Give a folder further down")
        return tuple(sorted(entries, key=lambda entry: entry.path))

    @cached_property
    def _regular(self) -> frozenset[str]:
        return frozenset(entry.path for entry in self._entries if entry.regular)

    def _walk(self) -> Iterator[Entry]:
        for root, folders, files in os.walk(self._folder, onerror=self._unreadable):
            folders[:] = [name for name in folders if name not in IGNORED]
            relative = os.path.relpath(root, self._folder)
            for name in (*files, *(folder for folder in folders if Path(root, folder).is_symlink())):
                entry = _entry(Path(root, name), name if relative == "." else f"{relative}/{name}")
                if entry:
                    yield entry

    def _unreadable(self, error: OSError) -> None:
        if error.filename == str(self._folder):  # what is further down may be closed to us; the folder itself may not
            raise ForgeError("The folder can't be read", str(self._folder), "See that this user may read it") from error

    def read_many(self, paths: Iterable[str], limit: int = MAX_FILE) -> dict[str, bytes | TooLarge]:
        """The content of regular files; see ``Snapshot.read_many``."""
        contents: dict[str, bytes | TooLarge] = {}
        left = MAX_TOTAL
        for path in paths:
            found = self._read(path, min(limit, left)) if path in self._regular else None
            if found is not None:
                contents[path] = found
                left -= len(found) if isinstance(found, bytes) else 0
        return contents

    def containing(self, searches: Sequence[Search]) -> tuple[Found, ...]:
        """The files that hold one of these texts; see ``Snapshot.containing``."""
        found: list[set[str]] = [set() for _ in searches]
        texts = [[text.encode() for text in search.texts] for search in searches]
        for path in sorted(set().union(*(search.paths for search in searches))):
            content = self.read_many([path]).get(path)
            for search, needles, holding in zip(searches, texts, found, strict=True):
                if path in search.paths and isinstance(content, bytes) and any(text in content for text in needles):
                    holding.add(path)
        return tuple(Found(frozenset(holding)) for holding in found)

    def _read(self, path: str, limit: int) -> bytes | TooLarge | None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            handle = os.open(self._folder / path, flags)
        except FileNotFoundError:  # it went away since it was listed
            return None
        except OSError as error:
            raise ForgeError(
                f"{path!r} can't be read ({error.strerror})", str(self._folder), "Mend it and run again"
            ) from error
        with open(handle, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            size = os.fstat(handle).st_size
            if size > limit:
                return TooLarge(size, limit)
            data = stream.read(limit + 1)
        return data if len(data) <= limit else TooLarge(len(data), limit)


def _entry(file: Path, path: str) -> Entry | None:
    try:
        status = file.lstat()
    except FileNotFoundError:  # it went away since it was listed
        return None
    if stat.S_ISLNK(status.st_mode):
        return Entry(path, "", SYMBOLIC_LINK, None)
    if not stat.S_ISREG(status.st_mode):
        return None
    return Entry(path, "", 0o100755 if status.st_mode & stat.S_IXUSR else 0o100644, status.st_size)
