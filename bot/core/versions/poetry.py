"""Poetry's constraints over PEP 440 versions (https://python-poetry.org/docs/dependency-specification/)."""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.version import Version

from bot.core.versions._clauses import MAX_CONSTRAINT, Alternative, Clause, alternatives, plain, scan
from bot.core.versions.base import Scheme
from bot.core.versions.pep440 import Pep440, admits, parse, specifiers

_TOKEN = re.compile(
    r"(?:(?P<operator>\^|~=|~|===|==|=|!=|<=|>=|<|>)\s*)?(?P<version>[^\s,|<>=~^!][^\s,|<>=~^]*)(?:\s*,\s*|\s+|$)"
)


@lru_cache(maxsize=16384)
def _read(constraint: str) -> tuple[tuple[Alternative, ...], tuple[str, ...]] | None:
    """The clauses, and for each alternative the specifier set that says the same."""
    if len(constraint) > MAX_CONSTRAINT:
        return None
    found, sets = [], []
    for start, stop in alternatives(constraint):
        clauses = scan(constraint, start, stop, _TOKEN, plain)
        parts = None if clauses is None else [_specifier(clause) for clause in clauses]
        if clauses is None or parts is None or None in parts:
            return None
        text = ",".join(part for part in parts if part)
        if specifiers(text) is None:
            return None
        found.append(clauses)
        sets.append(text)
    if len(found) > 1 and not all(found):
        return None
    return tuple(found), tuple(sets)


def _specifier(clause: Clause) -> str | None:
    """The clause as PEP 440 says it, "" for one that admits everything, None for no clause at all."""
    if not clause.version:
        return "" if clause.operator in {"", "=="} else None
    if clause.operator in {"^", "~"}:
        version = None if clause.tail else parse(clause.version)
        return None if version is None or version.epoch else _compatible(clause, version)
    operator = "==" if clause.operator in {"", "="} else clause.operator
    return f"{operator}{clause.version}{'.*' if clause.tail else ''}"


def _compatible(clause: Clause, version: Version) -> str:
    """``^``: the first segment that is not zero stays; ``~``: the second one stays, if it is stated."""
    last = min(2, len(version.release)) - 1
    if clause.operator == "^":
        upto = min(3, len(version.release))
        last = next((index for index in range(upto) if version.release[index]), upto - 1)
    bound = [*version.release[:last], version.release[last] + 1]
    return f">={clause.version},<{'.'.join(map(str, bound))}"


class Poetry(Pep440):
    """Poetry: ``^``, ``~``, wildcards, a bare exact version, "," or spaces, and ``||``."""

    name = "poetry"
    joins = True
    opens = True
    # What Poetry publishes is PEP 508, which has no alternatives: `^1.0 || ^2.3` with its gap would
    # stand there as `>=1.0,<2.0 || >=2.3,<3.0`, which no installer accepts.

    def valid(self, constraint: str) -> bool:
        """Whether it can be read; "" admits everything, as ``*`` does."""
        return _read(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether one of the alternatives admits it; pre-releases only where that one names one."""
        found = _read(constraint)
        return found is not None and any(admits(version, one) for one in found[1])

    def alternatives(self, constraint: str) -> tuple[Alternative, ...] | None:
        """The clauses of each alternative."""
        found = _read(constraint)
        return None if found is None else found[0]

    def pin(self, version: str) -> str:
        """The bare version."""
        return version


scheme: Scheme = Poetry()
