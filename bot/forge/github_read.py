"""Files read from GitHub: contents, many at a time, and the snapshots that ask for them."""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from bot.forge.base import MAX_FILE, MAX_TOTAL, Entry, Found, Search, TooLarge, blob_id
from bot.forge.github_client import Client
from bot.forge.github_errors import GitHubError, failure
from bot.forge.github_graphql import CONTENT, Blob, named, proved
from bot.forge.github_tree import FOLDER, Listing
from bot.forge.snapshot import within

SEARCHED_FILES = 300
SEARCHED_BYTES = 2 * 1024 * 1024
SEARCHED_FILE = 64 * 1024
PER_QUERY = SEARCHED_FILES + 100
"""So many files are asked for at once: all that are searched, and a hundred manifests."""
BYTES_PER_QUERY = 4 * 1024 * 1024
INLINE = 500_000
"""Bytes: GraphQL cuts a text at 512,000, so that larger files are fetched one by one."""
FEW = 50
"""So many paths of a commit that is not listed are asked for by name."""


# Contents


class Contents:
    """The contents of blobs, each fetched once; ``client`` is asked for many at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, bytes] = {}

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """Remember these (by object id), which came along with something else."""
        self._known.update(contents)

    def read(self, sizes: Mapping[str, int]) -> dict[str, bytes]:
        """The contents of these blobs; ``sizes`` are in bytes."""
        wanted = [blob for blob in sizes if blob not in self._known]
        for batch in _batches([blob for blob in wanted if sizes[blob] <= INLINE], sizes):
            self._ask(batch)
        for blob in wanted:
            if blob not in self._known:
                self._known[blob] = self._one(blob)
        return {blob: self._known[blob] for blob in sizes}

    def _ask(self, batch: Sequence[str]) -> None:
        """One query for a batch; GitHub gives up on one that is slow or too much, so that is asked for in halves."""
        variables = {f"o{n}": blob for n, blob in enumerate(batch)}
        declared = "".join(f", ${name}: GitObjectID!" for name in variables)
        fields = " ".join(f"b{n}: object(oid: $o{n}) {{ ...Content }}" for n in range(len(batch)))
        query = (
            f"query Contents($owner: String!, $name: String!{declared})"
            f" {{ repository(owner: $owner, name: $name) {{ {fields} }} }}\n{CONTENT}"
        )
        try:
            answer = self._client.ask(query, {**named(self._client), **variables}, _ContentsAnswer)
        except GitHubError as error:
            if not error.passing or len(batch) == 1:
                raise
            middle = len(batch) // 2
            self._ask(batch[:middle])
            self._ask(batch[middle:])
            return
        for blob in answer.repository.values():
            self._known.update(proved(blob))

    def _one(self, blob: str) -> bytes:
        """One blob by REST, which gives every byte of it."""
        answer = self._client.get(f"/git/blobs/{blob}", _RestBlob)
        try:
            data = base64.b64decode(answer.content) if answer.encoding == "base64" else answer.content.encode()
        except binascii.Error:
            data = b""
        if blob_id(data) != blob:
            raise failure(
                "GitHub gave other content than was asked for", f"{self._client.repository}: {blob}", "Run again"
            )
        return data

    def named(self, commit: str, paths: Sequence[str], limit: int) -> dict[str, bytes | TooLarge]:
        """The content of regular files of a commit that is not listed, by path."""
        variables = {f"p{n}": path for n, path in enumerate(paths)}
        declared = "".join(f", ${name}: String!" for name in variables)
        fields = " ".join(
            f"f{n}: file(path: $p{n}) {{ mode oid size object {{ ...Content }} }}" for n in range(len(paths))
        )
        query = (
            f"query Files($owner: String!, $name: String!, $commit: GitObjectID!{declared})"
            " { repository(owner: $owner, name: $name) { object(oid: $commit)"
            f" {{ ... on Commit {{ {fields} }} }} }} }}\n{CONTENT}"
        )
        answer = self._client.ask(query, {**named(self._client), **variables, "commit": commit}, _FilesAnswer)
        if answer.repository.object is None:
            raise failure("There is no such commit", f"{self._client.repository}: {commit}", "Run again", 404)
        found = {path: answer.repository.object.get(f"f{n}") for n, path in enumerate(paths)}
        entries = {path: Entry(path, one.oid, one.mode, one.size) for path, one in found.items() if one is not None}
        for one in found.values():
            self._known.update(proved(one.object if one else None))
        return read_entries(self, {p: e for p, e in entries.items() if e.regular and e.mode != FOLDER}, limit)


class _Named(msgspec.Struct):
    mode: int
    oid: str
    size: int
    object: Blob | None = None


class _RestBlob(msgspec.Struct):
    content: str
    encoding: str


class _ContentsAnswer(msgspec.Struct):
    repository: dict[str, Blob | None]


class _Files(msgspec.Struct):
    object: dict[str, _Named | None] | None = None


class _FilesAnswer(msgspec.Struct):
    repository: _Files


def _batches(blobs: Iterable[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    total = 0
    for blob in blobs:
        if batch and (len(batch) >= PER_QUERY or total + sizes[blob] > BYTES_PER_QUERY):
            yield batch
            batch, total = [], 0
        batch.append(blob)
        total += sizes[blob]
    if batch:
        yield batch


def read_entries(contents: Contents, entries: Mapping[str, Entry], limit: int) -> dict[str, bytes | TooLarge]:
    """The content of these files, by path; what is larger than ``limit`` is not asked for."""
    sizes = {entry.blob: entry.size or 0 for entry in entries.values()}
    got = contents.read({blob: sizes[blob] for blob in within(sizes, limit)})
    return {
        path: got[entry.blob] if entry.blob in got else TooLarge(entry.size or 0, min(limit, MAX_TOTAL))
        for path, entry in entries.items()
    }


# Snapshots


class GitHubSnapshot:
    """A commit's files on GitHub; ``listed`` for one that will be looked through, not asked for a few names."""

    def __init__(
        self, commit: str, branch: str, contents: Contents, listing: Callable[[], Listing], *, listed: bool
    ) -> None:
        self.commit: str | None = commit
        self.branch = branch
        self._id = commit
        self._contents = contents
        self._fetch = listing
        self._listing: Listing | None = listing() if listed else None

    @property
    def listing(self) -> Listing:
        """Everything in its tree."""
        if self._listing is None:
            self._listing = self._fetch()
        return self._listing

    def entries(self) -> tuple[Entry, ...]:
        """Every file and symbolic link; submodules are no files."""
        return self.listing.entries

    def read_many(self, paths: Iterable[str], limit: int = MAX_FILE) -> dict[str, bytes | TooLarge]:
        """The content of regular files; see ``Snapshot.read_many``."""
        asked = list(dict.fromkeys(path for path in paths if path))
        if self._listing is None and 0 < len(asked) <= FEW:
            return self._contents.named(self._id, asked, limit)
        regular = self.listing.regular if asked else {}
        return read_entries(self._contents, {path: regular[path] for path in asked if path in regular}, limit)

    def containing(self, searches: Sequence[Search]) -> tuple[Found, ...]:
        """The files worth reading to find out, none of them read; see ``Snapshot.containing``.

        GitHub has no search that is cheap, complete and up to date. Of each search, candidates are
        those nearest to the root, at most ``SEARCHED_FILES`` of at most ``SEARCHED_FILE`` bytes,
        ``SEARCHED_BYTES`` together; what lies beyond is not searched. A Python file beside
        an ``__init__.py`` is part of a package and no candidate: what is looked for in it are
        scripts (PEP 723), and those stand alone.
        """
        packages = {posixpath.dirname(path) for path in self.listing.nodes if path.endswith("__init__.py")}
        return tuple(
            Found(frozenset(), frozenset(entry.path for entry in _candidates(self.listing, search, packages)))
            for search in searches
        )


def _candidates(listing: Listing, search: Search, packages: set[str]) -> list[Entry]:
    """The files to search, within the budget."""
    entries = (listing.regular[path] for path in search.paths if path in listing.regular) if search.texts else ()
    fitting = [entry for entry in entries if _fits(entry, packages)]
    fitting.sort(key=lambda entry: (entry.path.count("/"), entry.path))
    chosen, total = [], 0
    for entry in fitting[:SEARCHED_FILES]:
        total += entry.size or 0
        if total > SEARCHED_BYTES:
            break
        chosen.append(entry)
    return chosen


def _fits(entry: Entry, packages: set[str]) -> bool:
    folder, name = posixpath.split(entry.path)
    return 0 < (entry.size or 0) <= SEARCHED_FILE and not (name.endswith(".py") and folder in packages)
