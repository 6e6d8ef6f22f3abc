"""The files of one commit, read from git's object database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from bot.forge.base import MAX_FILE, MAX_TOTAL, SUBMODULE, Entry, ForgeError, Found, Search, TooLarge
from bot.forge.git import NETWORK_SECONDS, Git

_EXTENSION = re.compile(r"\.[A-Za-z0-9_-]{1,20}\Z")

# Names that no sound tree holds and that would leave the folder when written to a disk.
_UNSOUND = re.compile(rb"[\t/](?:\.{0,2}|\.git)[/\0]", re.IGNORECASE)


_FEW = 50
"""So many paths are asked for by name, more are looked up in a listing of all."""


def encoded(path: str) -> bytes:
    """A path as it stands in git's trees; what is not UTF-8 there comes back as it was."""
    return path.encode("utf-8", "surrogateescape")


class GitSnapshot:
    """A commit's files, read from git's object database."""

    def __init__(self, git: Git, commit: str, branch: str, tree: str) -> None:
        self.commit: str | None = commit
        self.branch = branch
        self._git = git
        self._tree = tree

    def entries(self) -> tuple[Entry, ...]:
        """Every file and symbolic link; submodules are no files."""
        return self._entries

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.listing() if entry.mode != SUBMODULE)

    @cached_property
    def _by_path(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self._entries if entry.regular}

    def _regular(self, paths: Sequence[str]) -> Mapping[str, Entry]:
        """The regular files among these paths, and maybe others.

        A few are asked for by name, as a large tree takes long to list.
        """
        if "_by_path" in self.__dict__ or len(paths) > _FEW:
            return self._by_path
        return {entry.path: entry for entry in self.listing(paths) if entry.regular} if paths else {}

    def listing(self, paths: Sequence[str] = ()) -> list[Entry]:
        """Everything in the tree (or at and below these paths of it), submodules too.

        Sizes are left out: asking costs a look at every object.
        """
        out = self._git.run("ls-tree", "-r", "-z", "--full-tree", self._tree, "--", *paths)
        sound = _UNSOUND.search(out) is None
        entries = []
        for row in out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            head, _, path = row.partition("\t")
            mode, _, blob = head.split(" ")
            if sound or not _UNSOUND.search(b"\t" + encoded(path) + b"\0"):
                entries.append(Entry(path, blob, int(mode, 8), None))
        return entries

    def read_many(self, paths: Iterable[str], limit: int = MAX_FILE) -> dict[str, bytes | TooLarge]:
        """The content of regular files; see ``Snapshot.read_many``."""
        asked = [path for path in paths if path]
        regular = self._regular(asked)
        wanted = {path: regular[path].blob for path in asked if path in regular}
        blobs = list(dict.fromkeys(wanted.values()))
        self._fetch_missing(blobs)
        sizes = self._sizes(blobs)
        chosen = within(sizes, limit)
        contents = self._contents(chosen)
        large = {blob: TooLarge(size, min(limit, MAX_TOTAL)) for blob, size in sizes.items() if blob not in contents}
        return {path: contents[blob] if blob in contents else large[blob] for path, blob in wanted.items()}

    def containing(self, searches: Sequence[Search]) -> tuple[Found, ...]:
        """The text files that hold one of these texts; see ``Snapshot.containing``."""
        texts = dict.fromkeys(text for search in searches for text in search.texts)
        wanted: set[str] = set().union(*(search.paths for search in searches if search.texts))
        holding = self._holding(texts, wanted) if texts and wanted else frozenset()
        return tuple(Found(holding & search.paths if search.texts else frozenset()) for search in searches)

    def _holding(self, texts: Iterable[str], paths: Iterable[str]) -> frozenset[str]:
        """The files with the extensions of these paths that hold one of the texts, by one search of git's."""
        endings = {found[0] if (found := _EXTENSION.search(path)) else "" for path in paths}
        globs = [f":(glob)**/*{ending}" for ending in sorted(endings)]
        options = [argument for text in texts for argument in ("-e", text)]
        arguments = ("grep", "-l", "-z", "-F", "-I", "--no-textconv", *options, self._tree, "--", *globs)
        finished = self._git.attempt(*arguments, env={"GIT_LITERAL_PATHSPECS": "0"})
        if finished.code > 1:
            raise self._git.error(arguments, finished.error)
        rows = finished.out.decode("utf-8", "surrogateescape").split("\0")[:-1]
        return frozenset(row.partition(":")[2] for row in rows)

    def _sizes(self, blobs: list[str]) -> dict[str, int]:
        if not blobs:
            return {}
        feed = "".join(f"{blob}\n" for blob in blobs).encode()
        out = self._git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", feed=feed).decode()
        rows = [line.split(" ") for line in out.splitlines()]
        missing = [blob for blob, size in rows if size == "missing"]
        if missing:
            raise ForgeError(
                f"Object {missing[0]} is missing", self._git.where, "Mend the repository: git fsck, git fetch"
            )
        return {blob: int(size) for blob, size in rows}

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        if not blobs:
            return {}
        out = self._git.run("cat-file", "--batch=%(objectsize)", feed="".join(f"{b}\n" for b in blobs).encode())
        contents, at = {}, 0
        for blob in blobs:
            start = out.index(b"\n", at) + 1
            end = start + int(out[at : start - 1])
            contents[blob] = out[start:end]
            at = end + 1
        return contents

    def _fetch_missing(self, blobs: list[str]) -> None:
        """Fetch at once what a partial clone lacks; git itself would do it blob by blob."""
        names = self._git.line("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
        if not names or not blobs:
            return
        listed = self._git.run("rev-list", "--objects", "--no-object-names", "--missing=print", self._tree).decode()
        absent = {line[1:] for line in listed.splitlines() if line.startswith("?")}
        wanted = [blob for blob in blobs if blob in absent]
        if not wanted:
            return
        key, _, value = names.splitlines()[0].partition(" ")
        remote = value if key == "extensions.partialclone" else key.removeprefix("remote.").removesuffix(".promisor")
        quiet = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
        arguments = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", *quiet, "--", remote)
        finished = self._git.attempt(*arguments, feed="\n".join(wanted).encode() + b"\n", seconds=NETWORK_SECONDS)
        if finished.code:
            raise self._git.error(("fetch",), finished.error)


def within(sizes: Mapping[str, int], limit: int) -> list[str]:
    """The blobs that are small enough, as long as they fit together."""
    chosen, total = [], 0
    for blob, size in sizes.items():
        if size <= limit and total + size <= MAX_TOTAL:
            chosen.append(blob)
            total += size
    return chosen
