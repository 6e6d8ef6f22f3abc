"""Makes one commit's objects without touching a work tree or an index."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bot.forge.base import SUBMODULE, SYMBOLIC_LINK, Author, Entry, ForgeError, NewCommit, RefusalReason, Refused
from bot.forge.git import Git
from bot.forge.snapshot import encoded

PLAIN = 0o100644

# What git itself takes off both ends of a name (strbuf_addstr_without_crud in its ident.c), so that what
# is compared later is what is kept.
_CRUD = "".join(map(chr, range(33))) + ".,:;<>\"\\'"


def tidy_author(author: Author) -> Author:
    """The author as git keeps one: no control characters or brackets, no punctuation at the ends."""
    name, email = (
        "".join(c for c in text if c.isprintable() and c not in "<>").strip(_CRUD)
        for text in (author.name, author.email)
    )
    if not name or not email:
        raise ForgeError("A commit's author needs a name and an address", repr(author), "Set both in the policy")
    return Author(name, email)


def tidy(message: str) -> str:
    """A commit message as git can keep it: valid UTF-8, no NUL, one newline at its end."""
    kept = message.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return kept.strip("\n") + "\n"


class Writer:
    """Makes the objects of one commit: blobs, trees, the commit itself.

    ``known`` is everything in the base, by path from the repository's root; ``prefix`` stands
    before the paths of the new commit.
    """

    def __init__(self, git: Git, prefix: str, commit: NewCommit, known: Mapping[str, Entry]) -> None:
        if commit.base is None or not commit.files:
            raise ForgeError("A commit needs a base and a file", git.where, "This is a fault of Freshline")
        self._git = git
        self._new = commit
        self._base = commit.base
        self._known = known
        self._files = {prefix + path: data for path, data in commit.files.items()}

    def tree(self) -> str | Refused:
        """The base's tree with the files in it: those and no others, or ``ForgeError``."""
        links = [path for path in self._files if path in self._known and not self._writable(path)]
        if links:
            return Refused(RefusalReason.NOT_A_FILE, f"{links[0]!r} is a symbolic link or a submodule")
        with tempfile.TemporaryDirectory(prefix="freshline-") as scratch:
            blobs = self._blobs(Path(scratch))
            index = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
            self._git.run("read-tree", self._base, env=index)
            rows = [f"{self._mode(path):o} {blob}\t{path}\0" for path, blob in blobs.items()]
            self._git.run("update-index", "-z", "--index-info", feed=encoded("".join(rows)), env=index)
            # A partial clone lacks blobs that the commit doesn't change; they need not be there.
            tree = self._git.run("write-tree", "--missing-ok", env=index).decode().strip()
        self._prove(tree, blobs)
        return tree

    def _writable(self, path: str) -> bool:
        return self._known[path].mode not in {SYMBOLIC_LINK, SUBMODULE}

    def _mode(self, path: str) -> int:
        return self._known[path].mode if path in self._known else PLAIN

    def _prove(self, tree: str, blobs: Mapping[str, str]) -> None:
        """Compare what was written: ``update-index`` passes over a bad path, and lets a file push a folder out."""
        out = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", self._base, tree, "--")
        written = set(out.decode("utf-8", "surrogateescape").split("\0")[:-1])
        wanted = {path for path, blob in blobs.items() if path not in self._known or self._known[path].blob != blob}
        if written != wanted:
            odd = sorted(written ^ wanted)[0]
            raise ForgeError(f"{odd!r} can't be written", self._git.where, "See whether it is a name that git accepts")

    def _blobs(self, scratch: Path) -> dict[str, str]:
        names = [scratch / f"blob-{number}" for number in range(len(self._files))]
        for name, data in zip(names, self._files.values(), strict=True):
            name.write_bytes(data)
        feed = b"".join(os.fsencode(name) + b"\n" for name in names)
        out = self._git.run("hash-object", "-w", "--no-filters", "--stdin-paths", feed=feed).decode()
        return dict(zip(self._files, out.split(), strict=True))

    def commit(self, tree: str) -> str:
        """The commit's object id."""
        author, when = tidy_author(self._new.author), f"@{int(self._new.at.timestamp())} +0000"
        who = {"NAME": author.name, "EMAIL": author.email, "DATE": when}
        env = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in who.items()}
        message = tidy(self._new.message).encode()
        return self._git.run("commit-tree", tree, "-p", self._base, "-F", "-", feed=message, env=env).decode().strip()
