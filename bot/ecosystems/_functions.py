"""What the ecosystems that state the runtimes of AWS Lambda functions share."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.core.model import Caution, Context, Kind, Obstacle, Pin, SkipReason, Span, Statement
from bot.core.runtimes import LAMBDA, RUNTIMES
from bot.core.versions import scheme
from bot.ecosystems._runtimes import function, unmoved
from bot.formats.base import Scalar

LAYERS = Context(group="layers")
"""Functions with layers: what those carry may be built for one version of the runtime."""

LAYERED = Caution("its functions have layers, which may be built for one version of the runtime", by_hand=True)
_RULES = scheme("function")
_LANGUAGE = re.compile(r"([a-z]{2,12})[0-9$]")
_NAMES = {one.function: one.name for one in RUNTIMES.values() if one.function} | {"dotnetcore": "dotnet"}
_NAMELESS = re.compile(r"go1\.x|nodejs|provided(?:\.al[0-9]{1,4})?")
_LONGEST = 100


def language(value: str) -> str | None:
    """The runtime (a key of ``RUNTIMES``) that an identifier is of; None for ``provided.al2023``, ``go1.x``."""
    found = _LANGUAGE.match(value) if len(value) <= _LONGEST else None
    return _NAMES.get(found[1]) if found else None


def _nameless(value: str, line: int) -> Statement | None:
    """The statement of an identifier that names no version of a language: seen, and not moved."""
    if not _NAMELESS.fullmatch(value):
        return None
    detail = f"{value} names no version of a language: what replaces it has another handler, or is another system"
    return Statement(
        package=LAMBDA,
        kind=Kind.RUNTIME,
        scheme=_RULES.name,
        constraint=value,
        pins=(),
        line=line,
        obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail),
        lockable=False,
    )


def statement(path: str, scalar: Scalar, *, layers: bool) -> Statement | None:
    """The statement of an identifier, None for what is none; ``layers`` when its functions have some."""
    value = scalar.value
    name = language(value)
    if name is None:
        return _nameless(value, scalar.line)
    span = scalar.locate(0, len(value))
    found = function(name, Pin(path, span or Span(0, 0), value), scalar.line)
    if layers:
        found = replace(found, context=LAYERS, cautions=(LAYERED,))
    if span is None or not _RULES.valid(value):
        detail = f"{value} can't be written anew for another version"
        held = unmoved(found, Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail))
        return replace(held, context=found.context)
    return found
