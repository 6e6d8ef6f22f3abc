"""The operator's own families: private images whose names no publisher's grammar reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.core.machine_images.model import (
    MAX_NAME,
    Family,
    Kept,
    OperatorFamily,
    Order,
    Place,
    Position,
    Reason,
)
from bot.core.model import Image

_DIGITS = re.compile(r"\d+", re.ASCII)
# whole: digits in a hash (abc9f12) are no number
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d+(?![0-9A-Za-z])", re.ASCII)
_VERSION = re.compile(r"(?<![0-9A-Za-z.])v?\d+(?:\.\d+)+(?![0-9A-Za-z])", re.ASCII)
_DATE = re.compile(
    r"(?<!\d)(?P<day>(?:19|20)\d\d(?P<mark>[-._]?)(?:0[1-9]|1[0-2])(?P=mark)(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[-._T]?(?P<time>(?:[01]\d|2[0-3])[-:.]?[0-5]\d(?:[-:.]?[0-5]\d)?))?(?!\d)",
    re.ASCII,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def covering(image: Image, families: Sequence[OperatorFamily]) -> OperatorFamily | None:
    """The first family that has the image's owner and name; None for no such family."""
    own = (family for family in families if family.owner == image.owner)
    return next((family for family in own if wild(image.name, family.glob) is not None), None)


def wild(name: str, glob: str) -> tuple[str, ...] | None:
    """What each ``*`` of a glob stands for in a name, each as short as can be but the last; None for no match.

    Linear: nothing is tried twice.
    """
    first, *rest = glob.split("*")
    if len(name) > MAX_NAME or not name.startswith(first):
        return None
    if not rest:
        return () if name == first else None
    *middle, last = rest
    stop = len(name) - len(last)
    at, found = len(first), []
    for piece in middle:
        start = name.find(piece, at)
        if start < 0:
            return None
        found.append(name[at:start])
        at = start + len(piece)
    return (*found, name[at:stop]) if at <= stop and name.endswith(last) else None


def ordered(image: Image, own: OperatorFamily) -> Place | Kept:
    """The place of an image in the operator's family that covers it, or that its name tells no order."""
    position = _position(image, own)
    if position is None:
        detail = f"{image.name[:MAX_NAME]!r} fits the family {own.glob!r} but has no {_ASKED[own.order]} in it"
        return Kept(Reason.FAMILY_UNKNOWN, detail, region=image.region)
    written = f"{image.created:%Y%m%d.%H%M%S}" if own.order is Order.CREATED else str(position)
    return Place(Family(f"operator:{own.owner}", own.glob), position, release=written)


_ASKED = {Order.NUMBER: "number", Order.VERSION: "dotted number", Order.DATE: "date"}


def _position(image: Image, own: OperatorFamily) -> Position | None:
    if own.order is Order.CREATED:
        return Position(date=(int((image.created - _EPOCH).total_seconds()),))
    text = "\n".join(wild(image.name, own.glob) or ())
    if own.order is Order.DATE:
        return _dated(text)
    found = (_NUMBER if own.order is Order.NUMBER else _VERSION).search(text)
    return Position(release=numbers(found.group())) if found else None


def _dated(text: str) -> Position | None:
    """The first date of a text, and the time right behind it, as digits."""
    found = _DATE.search(text)
    if found is None:
        return None
    day, time = ("".join(_DIGITS.findall(found[part] or "")) for part in ("day", "time"))
    return Position(date=(int(day),), build=(int(time.ljust(6, "0")),))


def numbers(text: str) -> tuple[int, ...]:
    """The numbers in a text, in order, without trailing zeros: 9.3 and 9.3.0 are one release."""
    found = [int(number) for number in _DIGITS.findall(text)]
    while found and not found[-1]:
        found.pop()
    return tuple(found)
