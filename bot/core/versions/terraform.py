"""Version constraints of Terraform and OpenTofu.

https://developer.hashicorp.com/terraform/language/expressions/version-constraints
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions._clauses import MAX_CONSTRAINT, MAX_VERSION, Alternative, Clause, scan
from bot.core.versions._ranged import Ranged
from bot.core.versions._steps import step
from bot.core.versions.base import Scheme

_VERSION = re.compile(
    r"v?(?P<numbers>[0-9]{1,9}(?:\.[0-9]{1,9}){0,2})(?:-(?P<early>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_TOKEN = re.compile(r"(?P<operator>~>|!=|>=|<=|=|>|<)?\s*(?P<version>[^\s,=!<>~]+)\s*(?:,\s*(?=\S)|\Z)")

_Key = tuple[tuple[int, int, int], tuple[tuple[int, int, str], ...]]
_LAST = ((2, 0, ""),)
"""What stands in a release's key for the pre-release that it is not."""


@lru_cache(maxsize=16384)
def _key(version: str) -> _Key | None:
    found = _VERSION.fullmatch(version) if len(version) <= MAX_VERSION else None
    if found is None:
        return None
    numbers = [*map(int, found["numbers"].split(".")), 0, 0]
    early = found["early"]
    return (numbers[0], numbers[1], numbers[2]), _LAST if early is None else tuple(map(_part, early.split(".")))


def _part(text: str) -> tuple[int, int, str]:
    """Numbers come before words (Semantic Versioning, section 11)."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


def _token(token: str) -> tuple[int, str, str, bool] | None:
    prefix = int(token.startswith("v"))
    return None if _key(token) is None else (prefix, token[prefix:], "", True)


@lru_cache(maxsize=4096)
def _read(constraint: str) -> tuple[tuple[Clause, _Key], ...] | None:
    """The clauses with the keys of their versions, None for what can't be read."""
    if len(constraint) > MAX_CONSTRAINT:
        return None
    start = len(constraint) - len(constraint.lstrip())
    found = scan(constraint, start, max(start, len(constraint.rstrip())), _TOKEN, _token)
    return None if found is None else tuple((one, key) for one in found if (key := _key(one.version)))


def _admits(clause: Clause, stated: _Key, version: _Key) -> bool:
    if clause.operator == "~>":
        fixed = clause.version.partition("-")[0].count(".")
        return version >= stated and version[0][:fixed] == stated[0][:fixed]
    return {
        ">": version > stated,
        ">=": version >= stated,
        "<": version < stated,
        "<=": version <= stated,
        "!=": version != stated,
    }.get(clause.operator, version == stated)


class Terraform(Ranged):
    """``=``, ``!=``, ``>``, ``>=``, ``<``, ``<=`` and ``~>`` (its last number may rise), by commas; "" admits all."""

    name = "terraform"
    joins = False
    opens = False

    def key(self, version: str) -> Any:
        """Three numbers and the pre-release, None for what is no version; what stands after "+" doesn't count."""
        return _key(version)

    def is_prerelease(self, version: str) -> bool:
        """Whether something stands after a hyphen."""
        found = _key(version)
        return found is not None and found[1] != _LAST

    def bump(self, old: str, new: str) -> Bump:
        """By the first number that differs; below 1.0 the second one is MAJOR too."""
        before, after = _key(old), _key(new)
        return Bump.MAJOR if before is None or after is None else step(before[0], after[0])

    def valid(self, constraint: str) -> bool:
        """Whether it can be read."""
        return _read(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether all clauses admit it; a pre-release only where one of them is that very one."""
        clauses, own = _read(constraint), _key(version)
        if clauses is None or own is None:
            return False
        named = own[1] == _LAST or any(clause.fixed and stated == own for clause, stated in clauses)
        return named and all(_admits(clause, stated, own) for clause, stated in clauses)

    def alternatives(self, constraint: str) -> tuple[Alternative, ...] | None:
        """The clauses, as one alternative."""
        found = _read(constraint)
        return None if found is None else (tuple(clause for clause, _ in found),)

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:
        """As every scheme's; what stands after "+" is not written."""
        written = version.partition("+")[0] if _key(version) is not None else version
        return super().rewrite(constraint, written, strategy)

    def pin(self, version: str) -> str:
        """``=`` and the version."""
        return f"= {version}"


scheme: Scheme = Terraform()
