"""uv.lock. Source: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile."""

from __future__ import annotations

import posixpath
import re

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._locks import Block, blocks, head
from bot.ecosystems._python import canonical

_SOURCE = re.compile(r'\{\s*(\w+)\s*=\s*"([^"]*)"')
_MEMBER = frozenset({"editable", "virtual", "directory"})
_VERSION = re.compile(r"^version = \d+[ \t]*\r?$", re.MULTILINE)


def extract(path: str, text: str) -> FileFacts:
    """The locked packages and the folders they are locked for; raises ``ParseError`` for another file."""
    if not _VERSION.search(head(text)):
        raise ParseError("it does not look like a lock file of uv: no `version = …` before the packages")
    locked: list[Locked] = []
    importers: list[str] = []
    for block in blocks(text):
        kind, where = _source(block)
        if kind in _MEMBER:
            importers.append(posixpath.normpath(where))
        elif kind == "registry" and block.version:
            locked.append(Locked("pypi", canonical(block.name), block.version))
    lock = LockFile("uv", ("pyproject.toml", "setup.py", "setup.cfg"), tuple(dict.fromkeys(importers)) or (".",))
    return FileFacts(path, "uv_lock", (), (lock, *dict.fromkeys(locked)))


def _source(block: Block) -> tuple[str, str]:
    """The kind of source and its address; old locks write ``registry+https://…``."""
    text = block.fields.get("source", "")
    if found := _SOURCE.match(text):
        return found[1], found[2]
    kind, _, address = text.partition("+")
    return kind, address


ecosystem = Ecosystem(name="uv_lock", patterns=("uv.lock",), version=1, extract=extract, locks=("pyproject.toml",))
