"""Python's versions and specifiers (https://packaging.python.org/en/latest/specifications/version-specifiers/)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from bot.core.model import Bump
from bot.core.versions._clauses import MAX_CONSTRAINT, MAX_VERSION, Alternative, plain, scan
from bot.core.versions._ranged import Ranged
from bot.core.versions._steps import calendar_step, step
from bot.core.versions.base import Scheme

_TOKEN = re.compile(
    r"(?P<operator>===|~=|==|!=|<=|>=|<|>)\s*(?P<version>[^\s,|<>=~^]+)(?:\s*,\s*|$)",
)


@lru_cache(maxsize=65536)
def parse(version: str) -> Version | None:
    """The version, None for text that is not one (PEP 440)."""
    if len(version) > MAX_VERSION:
        return None
    try:
        return Version(version)
    except InvalidVersion:
        return None


@lru_cache(maxsize=16384)
def specifiers(constraint: str) -> SpecifierSet | None:
    """The specifier set, None for text that is not one."""
    if len(constraint) > MAX_CONSTRAINT:
        return None
    try:
        return SpecifierSet(constraint)
    except InvalidSpecifier:
        return None


@lru_cache(maxsize=65536)
def admits(version: str, constraint: str) -> bool:
    """Whether the specifier set contains the version; pre-releases only where it names one."""
    found, admitted = parse(version), specifiers(constraint)
    if found is None or admitted is None:
        return False
    return admitted.contains(found, prereleases=admitted.prereleases is True)


class Pep440(Ranged):
    """PEP 440: ``~=``, ``==`` with wildcards, ``!=``, ``<``, ``>=``, ``===``; "" admits everything."""

    name = "pep440"
    joins = False
    opens = True

    def key(self, version: str) -> Any:
        """The ``packaging`` version, None for what is not one."""
        return parse(version)

    def is_prerelease(self, version: str) -> bool:
        """Whether it is an alpha, beta, candidate or development release."""
        found = parse(version)
        return found is not None and found.is_prerelease

    def bump(self, old: str, new: str) -> Bump:
        """The size of the step (``_steps``); another epoch, or no version at all, is MAJOR."""
        before, after = parse(old), parse(new)
        if before is None or after is None or before.epoch != after.epoch:
            return Bump.MAJOR
        return calendar_step(old, new, short_years=True) or step(before.release, after.release)

    def valid(self, constraint: str) -> bool:
        """Whether it is a specifier set."""
        return specifiers(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether ``packaging`` says that the set contains it."""
        return admits(version, constraint)

    def alternatives(self, constraint: str) -> tuple[Alternative, ...] | None:
        """The specifiers, as one alternative."""
        if not self.valid(constraint):
            return None
        start = len(constraint) - len(constraint.lstrip())
        found = scan(constraint, start, max(start, len(constraint.rstrip())), _TOKEN, plain)
        return None if found is None else (found,)

    def pin(self, version: str) -> str:
        """``==`` and the version."""
        return f"=={version}"


scheme: Scheme = Pep440()
