"""poetry.lock. Source: https://python-poetry.org/docs/basic-usage/#installing-dependencies."""

from __future__ import annotations

import re

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._locks import blocks, files_apart, said, wheels
from bot.ecosystems._python import canonical

_METADATA = re.compile(r"^\[metadata\]", re.MULTILINE)
_HASH = re.compile(r'^content-hash = "', re.MULTILINE)
_SOURCE = re.compile(r'^\[package\.source\][ \t]*\r?\ntype = "([^"\r\n]*)"', re.MULTILINE)


def extract(path: str, text: str) -> FileFacts:
    """The packages locked from an index; raises ``ParseError`` for another file."""
    if not _METADATA.search(text) or not _HASH.search(text):
        raise ParseError("it does not look like a lock file of Poetry: no [metadata] with a content-hash")
    locked: list[Locked] = []
    apart = files_apart(text)
    for block in blocks(text):
        source = _SOURCE.search(block.below)
        if block.version and (source is None or source[1] == "legacy"):
            found = block.wheels or wheels(apart.get(block.name, ""))
            markers = said(block.marker) if found else ()
            locked.append(Locked("pypi", canonical(block.name), block.version, ".", wheels=found, markers=markers))
    return FileFacts(path, "poetry_lock", (), (LockFile("poetry", ("pyproject.toml",)), *dict.fromkeys(locked)))


ecosystem = Ecosystem(
    name="poetry_lock", patterns=("poetry.lock",), version=2, extract=extract, locks=("pyproject.toml",)
)
