"""Identifiers of AWS Lambda's runtimes: a language, a version, sometimes an operating system (``java17.al2023``).

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions.base import Scheme

_STATED = re.compile(
    r"(?P<language>[a-z]{2,12})(?P<numbers>[0-9]{1,4}(?:\.[0-9]{1,4})?)(?P<any>\.x)?(?P<system>\.al[0-9]{1,4})?"
)

_RENAMED = {"dotnetcore": "dotnet"}
_FORMS = {"nodejs": (1, ".x"), "dotnet": (1, ""), "java": (1, "")}
"""How many numbers a language's identifiers have today and what follows them; old ones had more (``nodejs8.10``)."""


class Function:
    """Identifiers compare by version, then by operating system; those of two languages never."""

    name = "function"

    def key(self, version: str) -> Any:
        """The version's numbers and the operating system's; also of a plain version (``3.13.1``). None for the rest."""
        plain = re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}", version)
        if plain:
            return tuple(map(int, version.split("."))), 0
        found = _STATED.fullmatch(version)
        if found is None:
            return None
        return tuple(map(int, found["numbers"].split("."))), int((found["system"] or ".al0").removeprefix(".al"))

    def is_prerelease(self, version: str) -> bool:
        """Never: Lambda offers none."""
        del version  # as it says
        return False

    def bump(self, old: str, new: str) -> Bump:
        """By the first number that differs; another operating system alone is a patch."""
        before, after = self.key(old), self.key(new)
        if before is None or after is None or before[0][:1] != after[0][:1]:
            return Bump.MAJOR
        return Bump.PATCH if before[0] == after[0] else Bump.MINOR

    def valid(self, constraint: str) -> bool:
        """Whether it is such an identifier."""
        return _STATED.fullmatch(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether it is that identifier, or a plain version of its line."""
        own, stated = self.key(version), self.key(constraint)
        return own is not None and stated is not None and own[0][: len(stated[0])] == stated[0]

    def exact(self, constraint: str) -> str | None:
        """Its version's numbers (``3.11``)."""
        found = _STATED.fullmatch(constraint)
        return None if found is None else found["numbers"]

    def floor(self, constraint: str) -> str | None:
        """As ``exact``."""
        return self.exact(constraint)

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:  # noqa: ARG002 - of the protocol; there is one way only
        """The identifier of the same language for a plain version.

        An operating system is named only where a language was offered again on a newer one, so a
        newer version begins without. None where it has fewer numbers than are needed.
        """
        found, new = _STATED.fullmatch(constraint), self.key(version)
        if found is None or new is None:
            return None
        if self.satisfies(version, constraint):
            return constraint
        language = _RENAMED.get(found["language"], found["language"])
        wanted, ending = _FORMS.get(language, (found["numbers"].count(".") + 1, found["any"] or ""))
        return f"{language}{'.'.join(map(str, new[0][:wanted]))}{ending}" if len(new[0]) >= wanted else None


scheme: Scheme = Function()
