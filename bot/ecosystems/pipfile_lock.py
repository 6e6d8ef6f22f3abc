"""Pipfile.lock. Source: https://pipenv.pypa.io/en/latest/pipfile.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems._python import canonical


class _Entry(msgspec.Struct):
    """What is needed of one locked package."""

    version: str | None = None
    git: str | None = None
    path: str | None = None
    file: str | None = None


def extract(path: str, text: str) -> FileFacts:
    """The packages locked from an index; raises ``ParseError`` for another file."""
    try:
        sections = msgspec.json.decode(text.removeprefix("\ufeff"), type=dict[str, msgspec.Raw])
        if "_meta" not in sections:
            raise ParseError("it does not look like a lock file of Pipenv: no _meta")
        locked = tuple(dict.fromkeys(_locked(sections)))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ParseError(f"it does not look like a lock file of Pipenv: {error}") from error
    return FileFacts(path, "pipfile_lock", (), (LockFile("pipenv", ("Pipfile",)), *locked))


def _locked(sections: Mapping[str, msgspec.Raw]) -> Iterator[Locked]:
    for section, raw in sections.items():
        if section == "_meta":
            continue
        for name, entry in msgspec.json.decode(raw, type=dict[str, _Entry]).items():
            if entry.version and not (entry.git or entry.path or entry.file):
                yield Locked("pypi", canonical(name), entry.version.lstrip("="), ".")


ecosystem = Ecosystem(
    name="pipfile_lock", patterns=("Pipfile.lock",), version=1, extract=extract, locks=("Pipfile",), comment=""
)
