"""What comments in a manifest say about the statements beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core.model import Package, Statement

_MAPPING = re.compile(r"([a-z][a-z0-9_]{0,40})\s*=\s*(\S{1,200})")


def annotate(statements: Iterable[Statement], notes: Mapping[int, str]) -> tuple[Statement, ...]:
    """The statements as the comments on their lines want them.

    ``notes`` maps 1-based lines to what stands after ``freshline:`` there (the answer of
    ``formats.lines.annotations``): ``ignore…`` sets ``ignored``, ``<registry>=<name>`` says what
    to look up. Other words change nothing.
    """
    if not notes:
        return tuple(statements)
    return tuple(_noted(s, notes[s.line].strip()) if s.line in notes else s for s in statements)


def _noted(statement: Statement, note: str) -> Statement:
    if re.match(r"ignore\b", note):
        return replace(statement, ignored=f"asked by a comment on line {statement.line}")
    found = _MAPPING.match(note)
    if found is None:
        return statement
    registry, name = found.groups()
    url = statement.package.url if registry == statement.package.registry else None
    return replace(statement, package=Package(registry, name, url))
