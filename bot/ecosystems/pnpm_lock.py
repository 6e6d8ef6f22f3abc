"""``pnpm-lock.yaml``, lock file versions 5, 6 and 9.

A machine writes it, always indented by two, and ``packages`` below ``importers`` can be
megabytes that nobody needs here: so the few sections that matter are read line by line (a YAML
parser needs seconds for the rest). Source: https://github.com/pnpm/spec/tree/master/lockfile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems import _npm

_TOP = re.compile(r"^([A-Za-z]\w*|---|<{7}):?(?=[ \r\n])", re.MULTILINE)
_LINE = re.compile(
    r"""^((?:[ ]{2})*+)                                  # the depth
        ('(?:[^'\r\n]|'')*+'|"[^"\r\n]*+"|[^\s'"#][^\r\n:]*+(?::(?=\S)[^\r\n:]*+)*+)   # the key
        :(?:[ ]([^\r\n]*+))?\r?$                         # the value
    """,
    re.MULTILINE | re.VERBOSE,
)
_NAME = r"(?!\d+\.\d+\.\d)(?:@[\w.-]+/)?[\w.-]+"
_INSTALLED = re.compile(
    rf"(?:/?({_NAME})@|/({_NAME})/)?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)(?=[(_]|\Z)", re.ASCII
)
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
_WANTED = frozenset({"importers", "catalogs", *_SECTIONS})


class _Row(NamedTuple):
    """A value and the keys above it, from the outermost to its own."""

    path: tuple[str, ...]
    value: str


def extract(path: str, text: str) -> FileFacts:
    """The versions that pnpm locked; raises ``ParseError`` for what is no such lock file."""
    text = text.removeprefix("\ufeff")
    sections = _sections(text)
    rows = [row for name in sorted(_WANTED & sections.keys()) for row in _rows(text, sections[name], name)]
    folders = [row.path[1] for row in rows if row.path[0] == "importers" and len(row.path) > 1]
    importers = tuple(dict.fromkeys((".", *folders)))
    lock = LockFile("pnpm", ("package.json", "pnpm-workspace.yaml"), importers)
    return FileFacts(path, "pnpm_lock", (), (lock, *_all_locked(rows)))


def _sections(text: str) -> Mapping[str, tuple[int, int]]:
    """Where the top-level sections of the last YAML document stand.

    From version 11 on, pnpm can write a document about itself in front of the project's own
    (https://pnpm.io/lockfile).
    """
    found = list(_TOP.finditer(text))
    if any(mark[1].startswith("<") for mark in found):
        raise ParseError("the lock file holds the marks of a merge conflict")
    ends = [mark.start() for mark in found] + [len(text)]
    sections: dict[str, tuple[int, int]] = {}
    for mark, end in zip(found, ends[1:], strict=True):
        if mark[1] == "---":
            sections = {}
        sections[mark[1]] = (mark.start(), end)
    if "lockfileVersion" not in sections:
        raise ParseError("this is not a lock file of pnpm: it has no “lockfileVersion”")
    return sections


def _rows(text: str, section: tuple[int, int], name: str) -> Iterator[_Row]:
    keys: list[str] = []
    for found in _LINE.finditer(text, *section):
        depth = len(found[1]) // 2
        if depth > len(keys):
            line = text.count("\n", 0, found.start()) + 1
            raise ParseError(f"the section “{name}” is not indented as pnpm does it", line)
        keys[depth:] = [_plain(found[2])]
        yield _Row(tuple(keys), _plain(found[3] or ""))


def _plain(text: str) -> str:
    """A key or value without its quotes."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'")
    return text


def _all_locked(rows: list[_Row]) -> Iterator[Locked]:
    values = {row.path: row.value for row in rows}
    for path, value in values.items():
        if path[0] == "catalogs" and len(path) == 4 and path[3] == "version":
            requested = values.get((*path[:3], "specifier"))
            yield from _locked(path[2], value, None, requested)
        elif path[0] == "importers" and len(path) > 2:
            yield from _installed(path[2:], value, path[1])
        elif path[0] in _SECTIONS:
            yield from _installed(path, value, ".")


def _installed(path: tuple[str, ...], value: str, importer: str) -> Iterator[Locked]:
    """``dependencies/name: 1.2.3`` (version 5) and ``dependencies/name/version: 1.2.3``."""
    plain = len(path) == 2 and value
    if path[0] in _SECTIONS and (plain or (len(path) == 3 and path[2] == "version")):
        yield from _locked(path[1], value, importer, None)


def _locked(name: str, value: str, importer: str | None, requested: str | None) -> Iterator[Locked]:
    """One package of a registry.

    The suffix about peers goes: ``1.2.3(react@18.0.0)``, ``1.2.3_react@18.0.0``. Aliases read
    ``other@1.2.3`` or ``/other/1.2.3``; ``link:``, ``file:`` and URLs are not of a registry.
    """
    found = _INSTALLED.match(value)
    if found is None:
        return
    spec = _npm.specifier(name, requested) if requested else None
    real = found[1] or found[2] or (spec.name if spec else name)
    yield Locked(_npm.REGISTRY, real, found[3], importer, spec.constraint if spec else None)


ecosystem = Ecosystem(
    name="pnpm_lock",
    patterns=("pnpm-lock.yaml",),
    version=1,
    extract=extract,
    locks=("package.json", "pnpm-workspace.yaml"),
)
