"""pdm.lock. Source: https://pdm-project.org/en/latest/usage/lockfile/."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._locks import Block, blocks, files_apart, said, wheels
from bot.ecosystems._python import canonical

_HASH = re.compile(r"^(?:content_hash|lock_version) = \"", re.MULTILINE)
_ELSEWHERE = frozenset({"git", "hg", "svn", "url", "path"})


def extract(path: str, text: str) -> FileFacts:
    """The packages locked from an index; raises ``ParseError`` for another file."""
    if not _HASH.search(text):
        raise ParseError("it does not look like a lock file of PDM: no content_hash and no lock_version")
    apart = files_apart(text)
    locked = [
        _locked(block, block.version, apart)
        for block in blocks(text)
        if block.version and _ELSEWHERE.isdisjoint(block.fields)
    ]
    lock = LockFile("pdm", ("pyproject.toml", "setup.py", "setup.cfg"))
    return FileFacts(path, "pdm_lock", (), (lock, *dict.fromkeys(locked)))


def _locked(block: Block, version: str, apart: Mapping[str, str]) -> Locked:
    found = block.wheels or wheels(apart.get(f"{block.name} {version}", ""))
    markers = said(block.marker) if found else ()
    return Locked("pypi", canonical(block.name), version, ".", wheels=found, markers=markers)


ecosystem = Ecosystem(name="pdm_lock", patterns=("pdm.lock",), version=2, extract=extract, locks=("pyproject.toml",))
