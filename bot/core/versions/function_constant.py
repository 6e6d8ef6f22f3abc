"""Names that the AWS CDK gives to runtimes of AWS Lambda: ``PYTHON_3_11`` for ``python3.11``.

One constant, or several in a list (what a layer is compatible with), which gains a version and
never loses one. https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda.Runtime.html
"""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions import function
from bot.core.versions.base import Scheme

_LONGEST = 5000
_NUMBER = r"[0-9]{1,4}"
_FORMS = (
    rf"(?:PYTHON|RUBY)_{_NUMBER}_{_NUMBER}",
    rf"NODEJS_{_NUMBER}_(?:X|{_NUMBER})",
    rf"JAVA_{_NUMBER}(?:_CORRETTO|_AL[0-9]{{4}})?",
    rf"DOTNET_{_NUMBER}",
    rf"DOTNET_CORE_{_NUMBER}(?:_{_NUMBER})?",
    "GO_1_X",
)
"""Other services have constants of their own (App Runner's ``PYTHON_3``, ``NODEJS_18``)."""

_CONSTANT = rf"(?:{'|'.join(_FORMS)})(?![A-Za-z0-9_])"
_OWNER = r"(?:[A-Za-z_$][A-Za-z0-9_$]{0,60}+\s{0,40}+\.\s{0,40}+){0,5}+"
_ELEMENT = rf"{_OWNER}{_CONSTANT}"

_ONE = re.compile(_CONSTANT)
_LIST = re.compile(rf"{_ELEMENT}(?:\s{{0,200}}+,\s{{0,200}}+{_ELEMENT})++")
_LAST = re.compile(rf"(?:\A|,\s*+){_OWNER}({_CONSTANT})")
_PARTS = re.compile(r"(?P<language>[A-Z]+(?:_CORE)?)_(?P<numbers>[0-9]+(?:_[0-9]+)?)(?P<any>_X)?_?(?P<system>\w*)")
_IDENTIFIER = re.compile(r"(?P<language>[a-z]+)(?P<rest>.+)")

_RULES = function.scheme


class FunctionConstant:
    """Constants compare as the identifiers that they stand for; a list admits what it holds."""

    name = "function_constant"

    def key(self, version: str) -> Any:
        """As of the identifier; also of a plain version (``3.13.1``). None for the rest."""
        return _RULES.key(identifier(version) or version)

    def is_prerelease(self, version: str) -> bool:
        """Never: Lambda offers none."""
        return _RULES.is_prerelease(version)

    def bump(self, old: str, new: str) -> Bump:
        """As of the identifiers."""
        return _RULES.bump(identifier(old) or old, identifier(new) or new)

    def valid(self, constraint: str) -> bool:
        """Whether it is such a constant, or a list of them."""
        return bool(_constants(constraint))

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether the version is the constant's, or one of the list's, or of their lines."""
        return any(_RULES.satisfies(version, identifier(one)) for one in _constants(constraint))

    def exact(self, constraint: str) -> str | None:
        """The numbers of a constant's version (``3.11``); None for a list."""
        return _RULES.exact(identifier(constraint)) if _ONE.fullmatch(constraint) else None

    def floor(self, constraint: str) -> str | None:
        """The numbers of the lowest version."""
        found = _constants(constraint)
        return _RULES.floor(identifier(min(found, key=self.key))) if found else None

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:
        """The constant for another version; the list with one more at its end, unless it has it.

        None where the version has fewer numbers than are needed.
        """
        found = _constants(constraint)
        if not found or self.satisfies(version, constraint):
            return constraint if found else None
        text = _RULES.rewrite(identifier(max(found, key=self.key)), version, strategy)
        if text is None:
            return None
        own = _IDENTIFIER.sub(_constant, text)
        return own if len(found) == 1 else _gained(constraint, own)


def identifier(constraint: str) -> str:
    """The identifier of a constant (``NODEJS_18_X``: ``nodejs18.x``), of a list's newest one; "" for what is none."""
    found = [_PARTS.sub(_identified, one) for one in _constants(constraint)]
    return max(found, key=_RULES.key, default="")


def _identified(parts: re.Match[str]) -> str:
    language, numbers = parts["language"].replace("_", "").lower(), parts["numbers"].replace("_", ".")
    if language == "dotnetcore" and "." not in numbers:
        numbers += ".0"
    system = {"": "", "CORRETTO": ".al2"}.get(parts["system"], f".{parts['system'].lower()}")
    return f"{language}{numbers}{'.x' if parts['any'] else ''}{system}"


def _constants(constraint: str) -> list[str]:
    """The constants that it is made of, in order; none for anything else, and where they are of several languages."""
    if len(constraint) > _LONGEST:
        return []
    if _ONE.fullmatch(constraint):
        return [constraint]
    found = [found[1] for found in _LAST.finditer(constraint)] if _LIST.fullmatch(constraint) else []
    return found if len({one.partition("_")[0] for one in found}) == 1 else []


def _constant(parts: re.Match[str]) -> str:
    return f"{parts['language']}_{parts['rest']}".replace(".", "_").upper()


def _gained(constraint: str, own: str) -> str:
    """A list with one more at its end, written as the last two are."""
    *_, before, last = _LAST.finditer(constraint)
    return f"{constraint}{constraint[before.end() : last.start(1)]}{own}"


scheme: Scheme = FunctionConstant()
