"""Versions of a language runtime as YAML writes them: one value with its quotes, or a whole list (a CI matrix).

The text as it is written counts: a plain ``3.10`` is the number 3.1 to YAML, so what would be
read as another number is written with quotes. A list gains a version and never loses one.
"""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions import runtime
from bot.core.versions.base import Scheme

_LONGEST = 5000
_ELEMENT = r"""(?:"[^"\\\r\n]{0,100}+"|'[^'\r\n]{0,100}+'|[\w~^<>=.+][^\s,\[\]{}#"':]{0,99}+)"""
_FLOW = re.compile(rf"\[\s*+{_ELEMENT}(?:\s*+,\s*+{_ELEMENT})*+\s*+,?\s*+\]")
_FLOW_ENTRY = re.compile(rf"([\[,]\s*+)({_ELEMENT})")
_ROW = r"(?:\r\n?+|\n)[ \t]*+-[ \t]++"
_BETWEEN = r"[ \t]*+(?:#[^\r\n]*+)?(?:(?:\r\n?+|\n)[ \t]*+(?:#[^\r\n]*+)?(?=[\r\n]))*+"
_BLOCK = re.compile(rf"(?:{_BETWEEN}{_ROW}{_ELEMENT})++")
_BLOCK_ENTRY = re.compile(rf"{_BETWEEN}({_ROW})({_ELEMENT})")
_VERSION = re.compile(r"(?:ruby-)?v?[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}(?:\.[xX*])*+")
_OTHER_NUMBER = re.compile(r"[0-9]+\.[0-9]*0|0[0-9]+")
"""Plain scalars that YAML reads as a number which is written otherwise."""

_RULES = runtime.scheme


class YamlValues:
    """A value is exact to its precision; a list admits what it holds, and its lowest version is its floor."""

    name = "yaml_values"

    def key(self, version: str) -> Any:
        """Its numbers, None for what is no plain version."""
        return _RULES.key(_bare(version))

    def is_prerelease(self, version: str) -> bool:
        """Whether a pre-release is named."""
        return _RULES.is_prerelease(_bare(version))

    def bump(self, old: str, new: str) -> Bump:
        """By the first number that differs."""
        return _RULES.bump(_bare(old), _bare(new))

    def valid(self, constraint: str) -> bool:
        """Whether it is such a value, or a list that holds one."""
        return bool(_versions(constraint))

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether the version is the value, or one of the list's, or of their lines."""
        return any(_RULES.satisfies(_bare(version), one) for one in _versions(constraint))

    def exact(self, constraint: str) -> str | None:
        """The version of a value; None for a list, also of one."""
        return None if _entries(constraint) else self.floor(constraint)

    def floor(self, constraint: str) -> str | None:
        """The lowest version."""
        found = _versions(constraint)
        return _RULES.floor(min(found, key=_RULES.key)) if found else None

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:
        """The value for another version; the list with the version at its newer end, unless it has it.

        None where a version with more numbers is needed.
        """
        found = _versions(constraint)
        if not found:
            return None
        entries = _entries(constraint)
        if entries and self.satisfies(version, constraint):
            return constraint
        model = max(found, key=_RULES.key)
        text = _RULES.rewrite(model, version, strategy)
        if text is None:
            return None
        written = [element for _, element in entries] or [constraint]
        own = _written(text, written, model)
        return _gained(constraint, entries, own, falling=_falling(found)) if entries else own


def _bare(element: str) -> str:
    return element[1:-1] if len(element) > 1 and element[0] in "\"'" and element[0] == element[-1] else element


def _entries(constraint: str) -> list[tuple[str, str]]:
    """The elements of a list as they are written, each with what stands before it; none for a value."""
    if len(constraint) > _LONGEST:
        return []
    if _FLOW.fullmatch(constraint):
        return [(found[1], found[2]) for found in _FLOW_ENTRY.finditer(constraint)]
    if _BLOCK.fullmatch(constraint):
        return [(found[1], found[2]) for found in _BLOCK_ENTRY.finditer(constraint)]
    return []


def _versions(constraint: str) -> list[str]:
    """The plain versions that it holds, in order and without quotes."""
    elements = [_bare(element) for _, element in _entries(constraint)] or [_bare(constraint)]
    return [one for one in elements if _VERSION.fullmatch(one) and _RULES.valid(one)]


def _written(text: str, elements: list[str], model: str) -> str:
    """A version in the quotes of the model, or in some where YAML would read another number."""
    like = next(element for element in elements if _bare(element) == model)
    if like == model and not _OTHER_NUMBER.fullmatch(text):
        return text
    quoted = like if like != model else next((one for one in elements if _bare(one) != one), '"')
    return f"{quoted[0]}{text}{quoted[0]}"


def _falling(versions: list[str]) -> bool:
    """Whether a list begins with its newest version."""
    keys = [_RULES.key(one) for one in versions]
    return len(keys) > 1 and keys == sorted(keys, reverse=True)


def _gained(constraint: str, entries: list[tuple[str, str]], own: str, *, falling: bool) -> str:
    flow = constraint.startswith("[")
    before, first = entries[0]
    if falling:
        at = constraint.index(before + first) + len(before)
        between = entries[1][0]
        return f"{constraint[:at]}{own}{between}{constraint[at:]}"
    at = constraint.rindex(entries[-1][1]) + len(entries[-1][1])
    between = entries[-1][0] if len(entries) > 1 or not flow else ", "
    return f"{constraint[:at]}{between}{own}{constraint[at:]}"


scheme: Scheme = YamlValues()
