"""Machine images whose ids are a part of a longer string (``AmiId=ami-… Stage=prod``)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.machine_images.asked import ID
from bot.core.model import Statement
from bot.ecosystems._machine_images import Where, statements
from bot.formats.base import Scalar
from bot.formats.lines import NOWHERE

_INSIDE = re.compile(rf"(?<![0-9A-Za-z_-]){ID.pattern}(?![0-9A-Za-z_-])")


def holds_id(text: str) -> bool:
    """Whether an id of a machine image stands anywhere in a text."""
    return _INSIDE.search(text) is not None


def embedded(scalar: Scalar, where: Where) -> Iterator[tuple[Scalar, Statement]]:
    """Every machine image that a scalar names, however much stands around it; each with its own place."""
    for found in _INSIDE.finditer(scalar.value):
        span = scalar.locate(*found.span())
        piece = Scalar(found[0], span or scalar.span, scalar.line, breaks=() if span else NOWHERE)
        yield from ((piece, one) for one in statements(piece, where))
