"""What the ecosystems that state machine images (AMI ids) share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.machine_images.asked import ID, REGION, REGISTRY
from bot.core.model import Caution, Context, Kind, Obstacle, Package, Part, Pin, SkipReason, Statement
from bot.formats.base import Array, Node, Scalar, Table

SCHEME = "image_date"
MAY_HOLD = "ami-"
"""What every text with a machine image's id holds."""

_IN_PATH = re.compile(rf"(?<![a-z0-9])({REGION.pattern})(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a machine image is stated, beside its span.

    ``region`` is what surrounds it say ("" for nothing), ``within`` the region map it is an entry of,
    ``cautions`` what a change of it brings about.
    """

    path: str
    region: str = ""
    within: str = ""
    cautions: tuple[Caution, ...] = ()


def replaces(what: str) -> Caution:
    """The caution for an image whose change replaces something that holds state (``aws_instance.db``)."""
    return Caution(f"merging it replaces {what}, with whatever is kept on it", by_hand=True)


def statement(scalar: Scalar, where: Where) -> Statement | None:
    """The statement of a scalar whose whole value is a machine image's id, None for any other."""
    value = scalar.value
    if not ID.fullmatch(value):
        return None
    span = scalar.locate(0, len(value))
    held = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "its id is written with escapes") if span is None else None
    return Statement(
        package=Package(REGISTRY, value),
        kind=Kind.MACHINE_IMAGE,
        scheme=SCHEME,
        constraint=value,
        pins=() if span is None else (Pin(where.path, span, value, Part.IMAGE_ID),),
        line=scalar.line,
        context=Context(region=where.region, within=where.within),
        obstacle=held,
        lockable=False,
        cautions=where.cautions,
    )


def floating(name: str, line: int, detail: str) -> Statement:
    """The statement of what becomes an image at deployment (an SSM parameter, ``most_recent``): said, not edited."""
    return Statement(
        package=Package(REGISTRY, name),
        kind=Kind.MACHINE_IMAGE,
        scheme=SCHEME,
        constraint="",
        pins=(),
        line=line,
        obstacle=Obstacle(SkipReason.FLOATING, detail),
        lockable=False,
    )


def statements(node: Node | None, where: Where, keys: tuple[str, ...] = ()) -> Iterator[Statement]:
    """Every machine image in a tree of values, however deep.

    A key that is a region's name says the region of what stands below it, and makes it an entry
    of a region map; the map is told by the other keys (``RegionMap/*/HVM64``), which ``keys`` begin.
    """
    stack: list[tuple[Node | None, str, tuple[str, ...], bool]] = [(node, where.region, keys, False)]
    while stack:
        one, region, path, mapped = stack.pop()
        if isinstance(one, Scalar):
            within = "/".join(path) if mapped else where.within
            found = statement(one, Where(where.path, region, within, where.cautions))
            if found is not None:
                yield found
        elif isinstance(one, Array):
            stack += [(item, region, path, mapped) for item in reversed(one.items)]
        elif isinstance(one, Table):
            stack += [_below(key, value, (region, path, mapped)) for key, value in reversed(one.entries)]


def _below(
    key: Scalar, value: Node, around: tuple[str, tuple[str, ...], bool]
) -> tuple[Node, str, tuple[str, ...], bool]:
    region, path, mapped = around
    if REGION.fullmatch(key.value):
        return value, key.value, (*path, "*"), True
    return value, region, (*path, key.value), mapped


def region_of(path: str) -> str:
    """The region that a file's or a folder's name says (``envs/eu-west-1/main.tf``), "" where none or several do."""
    found = set(_IN_PATH.findall(path.lower().replace("_", "-")))
    return found.pop() if len(found) == 1 else ""
