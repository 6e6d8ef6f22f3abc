"""uv.lock. Source: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._locks import Block, blocks, head, said
from bot.ecosystems._python import canonical

_SOURCE = re.compile(r'\{\s*(\w+)\s*=\s*"([^"]*)"')
_MEMBER = frozenset({"editable", "virtual", "directory"})
_VERSION = re.compile(r"^version = \d+[ \t]*\r?$", re.MULTILINE)
_PYTHON = re.compile(r'^requires-python = "([^"\\\r\n]{1,200})"', re.MULTILINE)
_CEILING = re.compile(r"\s*(<=?|==|~=)\s*([0-9][0-9a-z.*]{0,30})\s*")
_FORKS = re.compile(r"^resolution-markers = \[([^\]]*)\]", re.MULTILINE)
_MARKER = re.compile(r'"([^"\\\r\n]*)"')
_NEEDS = re.compile(r'\{ name = "([^"\r\n]*)"([^{}\r\n]*(?:\{[^{}\r\n]*\}[^{}\r\n]*)?)\}')
_NEEDED_VERSION = re.compile(r', version = "([^"]*)"')
_NEEDED_WHERE = re.compile(r', marker = "([^"]*)"')
_METADATA = "[package.metadata"
_MOST_MARKERS = 20

_Needs = dict[tuple[str, str], set[str]]
"""By name and version ("" where one alone is locked) the markers under which something needs it, "" for always."""


def extract(path: str, text: str) -> FileFacts:
    """The locked packages and the folders they are locked for; raises ``ParseError`` for another file."""
    top = head(text)
    if not _VERSION.search(top):
        raise ParseError("it does not look like a lock file of uv: no `version = …` before the packages")
    own: list[tuple[Block, tuple[str, ...]]] = []
    every: list[Block] = []
    importers: list[str] = []
    for block in blocks(text, "wheels"):
        kind, where = _source(block)
        every.append(block)
        if kind in _MEMBER:
            importers.append(posixpath.normpath(where))
        elif kind == "registry" and block.version:
            own.append((block, block.wheels))
    lock = LockFile("uv", ("pyproject.toml", "setup.py", "setup.cfg"), tuple(dict.fromkeys(importers)) or (".",))
    return FileFacts(path, "uv_lock", (), (lock, *dict.fromkeys(_locked(own, every, _ceiling(top)))))


def _source(block: Block) -> tuple[str, str]:
    """The kind of source and its address; old locks write ``registry+https://…``."""
    text = block.fields.get("source", "")
    if found := _SOURCE.match(text):
        return found[1], found[2]
    kind, _, address = text.partition("+")
    return kind, address


def _locked(own: Sequence[tuple[Block, tuple[str, ...]]], every: Sequence[Block], ceiling: str) -> Iterator[Locked]:
    needs = _needs(every, {block.name for block, wheels in own if wheels})
    for block, wheels in own:
        markers = _markers(block, needs, ceiling) if wheels else ()
        yield Locked("pypi", canonical(block.name), block.fields["version"], wheels=wheels, markers=markers)


def _needs(every: Sequence[Block], wanted: set[str]) -> _Needs:
    """Where the packages that are wanted are needed, as those that need them say.

    What the members of a workspace state as their metadata says the same again, with the extras.
    """
    needs: _Needs = defaultdict(set)
    if not wanted:
        return needs
    for block in every:
        for found in _NEEDS.finditer(f"{block.own}{block.below.partition(_METADATA)[0]}"):
            if found[1] in wanted:
                version, marker = _NEEDED_VERSION.search(found[2]), _NEEDED_WHERE.search(found[2])
                needs[found[1], version[1] if version else ""].add(marker[1] if marker else "")
    return needs


def _markers(block: Block, needs: _Needs, ceiling: str) -> tuple[str, ...]:
    """Where a package is installed, as far as that is easily told (``Locked.markers``).

    A version that is locked for a part of the environments names that part. Of others it is known
    where what needs them asks for them. uv names no wheels above the Pythons that the whole lock
    is for, so that nothing is known of those.
    """
    fork = _FORKS.search(block.own)
    if fork:
        found = {one[1] for one in _MARKER.finditer(fork[1])}
    else:
        found = needs.get((block.name, ""), set()) | needs.get((block.name, block.fields["version"]), set())
    limits = [one for marker in sorted(found) for one in said(marker)]
    if not limits or len(limits) < len(found) or len(limits) > _MOST_MARKERS:
        return (ceiling,) if ceiling else ()
    return tuple(f"({limit}) and {ceiling}" if ceiling else limit for limit in limits)


def _ceiling(top: str) -> str:
    """The Pythons at which the lock ends, as a marker; "" where it is open."""
    stated = _PYTHON.search(top)
    clauses = (_CEILING.fullmatch(clause) for clause in stated[1].split(",")) if stated else ()
    return " and ".join(f"python_full_version {clause[1]} '{clause[2]}'" for clause in clauses if clause)


ecosystem = Ecosystem(name="uv_lock", patterns=("uv.lock",), version=2, extract=extract, locks=("pyproject.toml",))
