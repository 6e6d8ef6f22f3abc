"""uv.lock. Source: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._locks import MOST_MARKERS, Block, blocks, ceiling, head, said, within
from bot.ecosystems._python import canonical

_SOURCE = re.compile(r'\{\s*(\w+)\s*=\s*"([^"]*)"')
_MEMBER = frozenset({"editable", "virtual", "directory"})
_VERSION = re.compile(r"^version = \d+[ \t]*\r?$", re.MULTILINE)
_PYTHON = re.compile(r'^requires-python = "([^"\\\r\n]{1,200})"', re.MULTILINE)
_FORKS = re.compile(r"^resolution-markers = \[([^\]]*)\]", re.MULTILINE)
_MARKER = re.compile(r'"([^"\\\r\n]*)"')
_NEEDS = re.compile(r'\{ name = "([^"\r\n]*)"([^{}\r\n]*(?:\{[^{}\r\n]*\}[^{}\r\n]*)?)\}')
_NEEDED_VERSION = re.compile(r', version = "([^"]*)"')
_NEEDED_WHERE = re.compile(r', marker = "([^"]*)"')
_METADATA = "[package.metadata"

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
    return FileFacts(path, "uv_lock", (), (lock, *dict.fromkeys(_locked(own, every, _ceilings(top)))))


def _source(block: Block) -> tuple[str, str]:
    """The kind of source and its address; old locks write ``registry+https://…``."""
    text = block.fields.get("source", "")
    if found := _SOURCE.match(text):
        return found[1], found[2]
    kind, _, address = text.partition("+")
    return kind, address


def _locked(
    own: Sequence[tuple[Block, tuple[str, ...]]], every: Sequence[Block], ceilings: tuple[str, ...]
) -> Iterator[Locked]:
    needs = _needs(every, {block.name for block, wheels in own if wheels})
    for block, wheels in own:
        markers = within(_markers(block, needs), ceilings) if wheels else ()
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


def _markers(block: Block, needs: _Needs) -> tuple[str, ...]:
    """Where a package is installed, as far as that is easily told (``Locked.markers``).

    A version that is locked for a part of the environments names that part. Of others it is known
    where what needs them asks for them.
    """
    fork = _FORKS.search(block.own)
    if fork:
        found = {one[1] for one in _MARKER.finditer(fork[1])}
    else:
        found = needs.get((block.name, ""), set()) | needs.get((block.name, block.fields["version"]), set())
    limits = [one for marker in sorted(found) for one in said(marker)]
    return tuple(limits) if len(limits) == len(found) <= MOST_MARKERS else ()


def _ceilings(top: str) -> tuple[str, ...]:
    """Where the Pythons end that the lock is for: uv names no wheels above them, so that nothing is known of those."""
    stated = _PYTHON.search(top)
    end = ceiling(stated[1]) if stated else ""
    return (end,) if end else ()


ecosystem = Ecosystem(name="uv_lock", patterns=("uv.lock",), version=2, extract=extract, locks=("pyproject.toml",))
