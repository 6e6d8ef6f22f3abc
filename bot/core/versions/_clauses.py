"""A constraint as clauses that know where they stand in it; shared by the schemes with ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_CONSTRAINT = 1000
"""Longer constraints are not read: no real one comes near, and every cost stays bounded."""

MAX_VERSION = 256
"""Longer versions are not versions (the bound that npm's own semver sets)."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison: ``>= v1.2.x`` is operator ``>=``, version ``1.2``, tail ``.x``.

    ``operator`` stands at ``start``, ``version`` at ``at`` and the clause ends at ``end``
    (offsets into the constraint). ``version`` is "" when the clause states no number. ``fixed``:
    it admits one version only.
    """

    operator: str
    version: str
    tail: str
    fixed: bool
    start: int
    at: int
    end: int

    @property
    def lower(self) -> bool:
        """Whether it is a bound from below only."""
        return self.operator in {">", ">="}

    @property
    def upper(self) -> bool:
        """Whether it is a bound from above only."""
        return self.operator in {"<", "<="}

    @property
    def excludes(self) -> bool:
        """Whether it takes versions out of what the others admit."""
        return self.operator == "!="

    @property
    def follows(self) -> bool:
        """Whether it states a version and what is compatible with it (``^``, ``~=``, ``1.x``)."""
        return not (self.lower or self.upper or self.excludes)


Alternative = tuple[Clause, ...]

Read = Callable[[str], tuple[int, str, str, bool] | None]
"""Reads what stands behind an operator: (length of its prefix, version, tail, names one version)."""

_TAIL = re.compile(r"(?:^|\.)[xX*](?:\.[xX*])*$")
_OR = re.compile(r"\s*\|\|?\s*")


def plain(token: str) -> tuple[int, str, str, bool] | None:
    """Reads a Python version, with or without a wildcard for its last segments."""
    prefix = 1 if token[:1] in {"v", "V"} else 0
    tail = _TAIL.search(token, prefix)
    end = tail.start() if tail else len(token)
    version = token[prefix:end]
    if version and not version[0].isdecimal():
        return None
    return prefix, version, token[end:], tail is None


def scan(constraint: str, start: int, stop: int, token: re.Pattern[str], read: Read) -> Alternative | None:
    """The clauses of ``constraint[start:stop]``, None where they can't be told.

    ``token`` matches one clause with the groups ``operator``, ``gap``, ``version``, and what
    separates it from the next one.
    """
    clauses = []
    while start < stop:
        match = token.match(constraint, start, stop)
        found = read(match["version"]) if match else None
        if match is None or found is None:
            return None
        prefix, version, tail, fixed = found
        operator = match["operator"] or ""
        fixed = fixed and operator in {"", "=", "==", "==="}
        at = match.start("version") + prefix
        clauses.append(Clause(operator, version, tail, fixed, match.start(), at, match.end("version")))
        start = match.end()
    return tuple(clauses)


def alternatives(constraint: str) -> Iterator[tuple[int, int]]:
    """Where the alternatives of ``a || b`` stand, without the spaces around them."""
    start = len(constraint) - len(constraint.lstrip())
    for match in _OR.finditer(constraint):
        yield start, match.start()
        start = match.end()
    yield start, max(start, len(constraint.rstrip()))
