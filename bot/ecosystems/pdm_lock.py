"""pdm.lock. Source: https://pdm-project.org/en/latest/usage/lockfile/."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._locks import MOST_MARKERS, Block, blocks, ceiling, files_apart, head, said, wheels, within
from bot.ecosystems._python import canonical

_HASH = re.compile(r"^(?:content_hash|lock_version) = \"", re.MULTILINE)
_TARGET = re.compile(r'^requires_python = "([^"\\\r\n]{1,200})"', re.MULTILINE)
_ELSEWHERE = frozenset({"git", "hg", "svn", "url", "path"})


def extract(path: str, text: str) -> FileFacts:
    """The packages locked from an index; raises ``ParseError`` for another file."""
    if not _HASH.search(text):
        raise ParseError("it does not look like a lock file of PDM: no content_hash and no lock_version")
    apart, ceilings = files_apart(text), _ceilings(head(text))
    locked = [
        _locked(block, block.version, apart, ceilings)
        for block in blocks(text)
        if block.version and _ELSEWHERE.isdisjoint(block.fields)
    ]
    lock = LockFile("pdm", ("pyproject.toml", "setup.py", "setup.cfg"))
    return FileFacts(path, "pdm_lock", (), (lock, *dict.fromkeys(locked)))


def _ceilings(top: str) -> tuple[str, ...]:
    """Where the Pythons of every target end: PDM names no wheels above them, so that nothing is known of those."""
    ends = dict.fromkeys(ceiling(stated) for stated in _TARGET.findall(top))
    return () if "" in ends or len(ends) > MOST_MARKERS else tuple(ends)


def _locked(block: Block, version: str, apart: Mapping[str, str], ceilings: tuple[str, ...]) -> Locked:
    found = block.wheels or wheels(apart.get(f"{block.name} {version}", ""))
    markers = within(said(block.marker), ceilings) if found else ()
    return Locked("pypi", canonical(block.name), version, ".", wheels=found, markers=markers)


ecosystem = Ecosystem(name="pdm_lock", patterns=("pdm.lock",), version=2, extract=extract, locks=("pyproject.toml",))
