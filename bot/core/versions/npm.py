"""npm's versions and ranges (https://github.com/npm/node-semver), on ``nodesemver``."""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from typing import Any

import nodesemver

from bot.core.model import Bump, Strategy
from bot.core.versions._clauses import MAX_CONSTRAINT, MAX_VERSION, Alternative, Clause, alternatives, scan
from bot.core.versions._ranged import Ranged
from bot.core.versions._steps import calendar_step, step
from bot.core.versions.base import Scheme

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_NUMBER = r"(0|[1-9][0-9]{0,15})"
_VERSION = re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?)?)?")
_PARTIAL = re.compile(
    rf"(v?)([0-9]+(?:\.[0-9]+)*(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?)?((?:^|\.)[xX*](?:\.[xX*])*)?"
)
_TOKEN = re.compile(r"(?:(?P<operator><=|>=|<|>|=|\^|~>|~)\s*)?(?P<version>[^\s|<>=~^]+)(?:\s+|$)")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_LARGEST = 2**53 - 1

Identifier = tuple[bool, int, str]
Key = tuple[int, int, int, bool, tuple[Identifier, ...]]
Comparator = tuple[str, Key]

_ANYTHING: Comparator = (">=", (0, 0, 0, True, ()))
_COMPARE = {"": operator.eq, "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@lru_cache(maxsize=65536)
def parse(version: str) -> Key | None:
    """A sort key by SemVer 2.0.0 section 11, None for what is no version.

    Also reads "17" and "17.1", what a floor or a runtime may say, as 17.0.0 and 17.1.0. Build
    metadata does not order.
    """
    match = _VERSION.fullmatch(version.strip()) if len(version) <= MAX_VERSION else None
    if match is None:
        return None
    major, minor, patch = (int(match[index] or 0) for index in (1, 2, 3))
    identifiers = match[4].split(".") if match[4] else []
    if max(major, minor, patch) > _LARGEST or any(_padded(identifier) for identifier in identifiers):
        return None
    return major, minor, patch, not identifiers, tuple(_identifier(text) for text in identifiers)


def _padded(identifier: str) -> bool:
    return identifier.isdecimal() and identifier != "0" and identifier.startswith("0")


def _identifier(text: str) -> Identifier:
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)


@lru_cache(maxsize=16384)
def _read(constraint: str) -> tuple[tuple[Alternative, ...], tuple[tuple[Comparator, ...], ...]] | None:
    """The range's clauses, and its alternatives as plain comparators; None for what is no range.

    What ``nodesemver`` accepts is not enough: where clauses can't be told apart (``>*=*``) it
    and npm's own semver disagree.
    """
    if len(constraint) > MAX_CONSTRAINT or not constraint.isascii():
        return None
    clauses = tuple(_clauses(constraint, start, stop) for start, stop in alternatives(constraint))
    known = tuple(alternative for alternative in clauses if alternative is not None)
    if len(known) != len(clauses):
        return None
    try:
        found = nodesemver.make_range(" ".join(constraint.split()), False)
    except ValueError:
        return None
    sets = tuple(_comparators(alternative) for alternative in found.set)
    plain = tuple(comparators for comparators in sets if comparators is not None)
    if len(plain) != len(sets):
        return None
    # As in npm's own: one alternative that admits everything is the whole range, so that
    # `* || ^2.0.0-rc.1` admits no pre-release.
    return known, plain if all(plain) else ((),)


def _comparators(alternative: list[Any]) -> tuple[Comparator, ...] | None:
    """(operator, key) of those that do not admit everything, None where one states no version of npm's."""
    stated = [comparator for comparator in alternative if comparator.semver is not nodesemver.ANY]
    keys = [parse(str(comparator.semver)) for comparator in stated]
    found = [(comparator.operator, key) for comparator, key in zip(stated, keys, strict=True) if key is not None]
    return tuple(one for one in found if one != _ANYTHING) if len(found) == len(stated) else None


def _admitted(key: Key, comparators: tuple[Comparator, ...]) -> bool:
    if not all(_COMPARE[sign](key, bound) for sign, bound in comparators):
        return False
    return key[3] or any(not bound[3] and bound[:3] == key[:3] for _, bound in comparators)


def _token(text: str) -> tuple[int, str, str, bool] | None:
    match = _PARTIAL.fullmatch(text)
    if match is None:
        return None
    version, tail = match[2] or "", match[3] or ""
    return len(match[1]), version, tail, not tail and version.partition("-")[0].partition("+")[0].count(".") == 2


def _clauses(constraint: str, start: int, stop: int) -> Alternative | None:
    match = _HYPHEN.fullmatch(constraint, start, stop)
    if match is None:
        return scan(constraint, start, stop, _TOKEN, _token)
    bounds = []
    for group, sign in ((1, ">="), (2, "<=")):
        found = _token(match[group])
        if found is None:
            return None
        prefix, version, tail, _ = found
        at = match.start(group)
        bounds.append(Clause(sign, version, tail, False, at, at + prefix, match.end(group)))
    return tuple(bounds)


class Npm(Ranged):
    """npm's semver, strict: ``^``, ``~``, ``1.x``, ``1.2 - 2.3``, ``>=1 <2``, ``||``; "" is ``*``."""

    name = "npm"
    joins = True
    opens = False

    def key(self, version: str) -> Any:
        """The sort key of the version ("17" is read as 17.0.0), None for what is not one."""
        return parse(version)

    def is_prerelease(self, version: str) -> bool:
        """Whether something stands behind a hyphen after the three numbers."""
        key = parse(version)
        return key is not None and not key[3]

    def bump(self, old: str, new: str) -> Bump:
        """The size of the step (``_steps``); no version at all is MAJOR.

        Only four-digit years make a calendar version: majors from 15 to 45 are ordinary here.
        """
        before, after = parse(old), parse(new)
        if before is None or after is None:
            return Bump.MAJOR
        return calendar_step(old, new, short_years=False) or step(before[:3], after[:3], caret=True)

    def valid(self, constraint: str) -> bool:
        """Whether it is a range (a tag such as ``latest`` is not)."""
        return _read(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether it is in the range; a pre-release only where the range names one of its release."""
        key, found = parse(version), _read(constraint)
        return key is not None and found is not None and any(_admitted(key, one) for one in found[1])

    def alternatives(self, constraint: str) -> tuple[Alternative, ...] | None:
        """The clauses of each alternative; a hyphen range is ``>=`` and ``<=``."""
        found = _read(constraint)
        return None if found is None else found[0]

    def pin(self, version: str) -> str:
        """The bare version."""
        return version

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:
        """As for every scheme with ranges, for whole versions only ("17" would be a range)."""
        whole = version.partition("-")[0].partition("+")[0].count(".") == 2
        return super().rewrite(constraint, version, strategy) if whole else None


scheme: Scheme = Npm()
