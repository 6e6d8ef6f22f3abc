"""Read a snapshot's manifests and lock files: select, fetch, extract, remember. I/O around pure readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, FileReason, LockFile, ParseError, SkippedFile
from bot.core.resolve import EVERY_MEMBER
from bot.core.select import selector
from bot.forge.base import Entry, Search, Snapshot, TooLarge, blob_id
from bot.store.facts import FactsKey
from bot.worker import TimedOutError, read_apart

LARGE = 512 * 1024
"""Bytes: a file above this is read by a process of its own, with limits."""


class FactsCache(Protocol):
    """Where extracted facts are kept, by (blob, path, ecosystem, extractor version)."""

    def get_many(self, keys: Iterable[FactsKey]) -> Mapping[FactsKey, FileFacts]:
        """The facts that are kept, of these."""
        ...

    def put_many(self, facts: Mapping[FactsKey, FileFacts]) -> None:
        """Keep these facts."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a snapshot's files say; ``files`` holds only those that say something."""

    files: tuple[FileFacts, ...]
    skipped: tuple[SkippedFile, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """``file`` is the largest file read, in bytes; ``excluded`` are globs of folders left out."""

    file: int
    excluded: tuple[str, ...]


_Wanted = list[tuple[Entry, Ecosystem]]


def read(snapshot: Snapshot, ecosystems: Sequence[Ecosystem], cache: FactsCache, limits: Limits) -> Reading:
    """The facts of every file that an ecosystem recognises; unchanged ones come from the cache.

    Everything that the cache lacks is read at once. A file that was looked through and says
    nothing is remembered too, so that no file is read twice.
    """
    wanted = _recognised(snapshot, ecosystems, limits.excluded)
    regular = [(entry, ecosystem) for entry, ecosystem in wanted if entry.regular]
    links = {entry.path: _skip(entry.path, *_LINK) for entry, _ in wanted if not entry.regular}
    keys = {_key(entry, ecosystem): (entry, ecosystem) for entry, ecosystem in regular if entry.blob}
    known = cache.get_many(keys)
    missing = [(entry, ecosystem) for entry, ecosystem in regular if _key(entry, ecosystem) not in known]
    new, refused = _extract_all(snapshot, missing, limits.file)
    cache.put_many(new)
    unread = [_stands_for(entry.path, ecosystem) for entry, ecosystem in wanted if entry.path in {**links, **refused}]
    files = [facts for facts in (*known.values(), *new.values(), *unread) if facts.statements or facts.declarations]
    return Reading(
        tuple(sorted(files, key=lambda facts: (facts.path, facts.ecosystem))),
        tuple(sorted({**links, **refused}.values(), key=lambda skip: skip.path)),
    )


_LINK = (FileReason.SYMBOLIC_LINK, "a symbolic link is not followed")


def _recognised(snapshot: Snapshot, ecosystems: Sequence[Ecosystem], excluded: Iterable[str]) -> _Wanted:
    """The files worth reading; those that only may be come last, after the manifests."""
    chosen = selector(ecosystems, excluded)
    every = [(entry, ecosystem) for entry in snapshot.entries() for ecosystem in chosen.ecosystems(entry.path)]
    searched = [one for one in ecosystems if _searched(one)]
    paths: dict[str, set[str]] = {one.name: set() for one in searched}
    for entry, one in every:
        if one.name in paths:
            paths[one.name].add(entry.path)
    answers = snapshot.containing([Search(one.hints, frozenset(paths[one.name])) for one in searched])
    found = {one.name: answer for one, answer in zip(searched, answers, strict=True)}
    sure = [(e, one) for e, one in every if one.name not in found or e.path in found[one.name].holding]
    maybe = [(e, one) for e, one in every if one.name in found and e.path in found[one.name].unread]
    return [*sure, *maybe]


def _searched(ecosystem: Ecosystem) -> bool:
    """Whether its patterns say so little (``*.py``) that reading every match would cost too much."""
    return bool(ecosystem.hints) and all("*" in pattern for pattern in ecosystem.patterns)


def _stands_for(path: str, ecosystem: Ecosystem) -> FileFacts:
    """What is known of a file that can't be read: a lock file still covers its manifests (DESIGN law 3)."""
    covers = (LockFile(ecosystem.name, ecosystem.locks, (".", EVERY_MEMBER)),) if ecosystem.locks else ()
    return FileFacts(path, ecosystem.name, (), covers)


def _key(entry: Entry, ecosystem: Ecosystem) -> FactsKey:
    return FactsKey(entry.blob, entry.path, ecosystem.name, ecosystem.version)


def _skip(path: str, reason: FileReason, detail: str) -> SkippedFile:
    return SkippedFile(path, reason, detail)


def _extract_all(
    snapshot: Snapshot, missing: _Wanted, limit: int
) -> tuple[dict[FactsKey, FileFacts], dict[str, SkippedFile]]:
    """The facts of these files, by key, and the files that could not be read."""
    contents = snapshot.read_many(dict.fromkeys(entry.path for entry, _ in missing), limit)
    found: dict[FactsKey, FileFacts] = {}
    refused: dict[str, SkippedFile] = {}
    for entry, ecosystem in missing:
        content = contents.get(entry.path)
        if content is None:
            continue
        facts = _facts(entry.path, content, ecosystem)
        if isinstance(facts, SkippedFile):
            refused.setdefault(entry.path, facts)
        else:
            blob = entry.blob or (blob_id(content) if isinstance(content, bytes) else "")
            found[FactsKey(blob, entry.path, ecosystem.name, ecosystem.version)] = facts
    return found, refused


def _worth(content: bytes, ecosystem: Ecosystem) -> bool:
    """Whether a file holds one of the hints; binary ones are passed over as git's own search does."""
    if _searched(ecosystem) and b"\0" in content:
        return False
    return not ecosystem.hints or any(hint.encode() in content for hint in ecosystem.hints)


def _worth_a_process(path: str, content: bytes, ecosystem: Ecosystem) -> bool:
    """Whether a large file may be what the ecosystem reads: starting a process takes longer than most scans."""
    if ecosystem.largest and len(content) > ecosystem.largest:
        return False
    return ecosystem.worth(path, content.decode())


def _facts(path: str, content: bytes | TooLarge, ecosystem: Ecosystem) -> FileFacts | SkippedFile:
    nothing = FileFacts(path, ecosystem.name, ())
    if isinstance(content, TooLarge):
        size, limit = content.size / 1_048_576, content.limit / 1_048_576
        words = f"{size:.1f} MiB; files above {limit:.0f} MiB are not read"
        # Where its name says nothing, nobody would call a file of that size a manifest.
        return nothing if _searched(ecosystem) else _skip(path, FileReason.TOO_LARGE, words)
    if not _worth(content, ecosystem):
        return nothing
    try:
        if len(content) > LARGE:
            return read_apart(path, content, ecosystem) if _worth_a_process(path, content, ecosystem) else nothing
        return ecosystem.extract(path, content.decode())
    except TimedOutError as error:
        return _skip(path, FileReason.TIMED_OUT, str(error))
    except UnicodeDecodeError as error:
        return _skip(path, FileReason.UNDECODABLE, f"not UTF-8: byte {error.start} is {content[error.start]:#04x}")
    except ParseError as error:
        return _skip(path, FileReason.UNPARSABLE, str(error))
    except Exception as error:  # noqa: BLE001 - a fault of one reader costs one file, which says so, not the pass
        fault = f"{type(error).__name__} in {ecosystem.name}: a fault of ours; please send us this file"
        return _skip(path, FileReason.UNPARSABLE, fault)


def complete(files: Sequence[FileFacts], ecosystems: Sequence[Ecosystem]) -> tuple[FileFacts, ...]:
    """The facts with what crosses files added, ecosystem by ecosystem."""
    return tuple(
        facts
        for ecosystem in ecosystems
        if (own := [one for one in files if one.ecosystem == ecosystem.name])
        for facts in ecosystem.complete(own, files)
    )
