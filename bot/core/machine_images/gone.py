"""What a machine image was that nobody describes any more: from what is kept, somebody's word, or its siblings.

Pure. An image that is gone has still to be followed by one of its own family, so family, order and
all that must be equal are needed; where they are not certain, the answer says why. The tables are
not loaded with this module, which the store needs at every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import machine_images
from bot.core.machine_images.asked import Asked
from bot.core.machine_images.model import MAX_NAME, Family, ImageRules, Place
from bot.core.machine_images.operators import wild
from bot.core.model import Image

GONE = "deregistered"
"""The state of an image that is known from elsewhere; EC2 says the same of its own."""

_EQUAL = (
    "architecture",
    "virtualization",
    "root_device",
    "boot_mode",
    "ena",
    "platform",
    "usage_operation",
    "product_codes",
    "public",
)
"""What ``choose`` wants equal: where images differ in it, nothing tells what the one that is gone had."""


@dataclass(frozen=True, slots=True)
class Described:
    """A description that was kept, and when EC2 last gave it."""

    image: Image
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """An image; ``said`` tells from where it is known, "" where EC2 describes it."""

    image: Image
    said: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why it is not certain what an image was."""

    detail: str


def family_named(text: str) -> Family | None:
    """The family that somebody names as ``publisher/pattern``; None for what is no such name."""
    publisher, _, pattern = text.partition("/")
    # the longest publisher is "aws-marketplace:" with its product codes
    fits = 0 < len(publisher) <= MAX_NAME and 0 < len(pattern) <= MAX_NAME
    return Family(publisher, pattern) if fits and text.isprintable() and pattern.strip("*?") else None


def from_description(described: Described) -> Known:
    """The image as it was described when it was last seen."""
    image = described.image
    said = f"{image.id} is gone from {image.region}; known from its description of {described.seen_at:%Y-%m-%d}"
    return Known(replace(image, state=GONE), said)


def from_family(asked: Asked, candidates: Iterable[Image], rules: ImageRules) -> Known | Unknown:
    """The image as the oldest of the family that somebody says it was of.

    ``candidates`` are the images of the image's region that the family's owners have under such
    names. They must be of one family and agree in all that must be equal.
    """
    named = family_named(asked.family)
    if named is None:
        return Unknown(f"{asked.id} is gone, and {asked.family[:MAX_NAME]!r} is no family (publisher/pattern)")
    fitting = [image for image in candidates if wild(image.name, named.pattern) is not None]
    placed = [(image, where) for image in fitting if isinstance(where := machine_images.place(image, rules), Place)]
    of_publisher = [(image, where) for image, where in placed if where.family.publisher == named.publisher]
    oldest = _oldest(of_publisher, str(named))
    if isinstance(oldest, Unknown):
        return Unknown(f"{asked.id} is gone, and its family can't be had from what is said of it: {oldest.detail}")
    said = f"{asked.id} is gone from {oldest.region}; it is said to have been of {named.publisher}'s {named}"
    return Known(_gone(oldest, asked.id), said)


def from_siblings(asked: Asked, siblings: Sequence[Image], rules: ImageRules) -> Known | Unknown:
    """The image as the oldest of those that stand beside it in its region map, in its own region."""
    if not siblings:
        return Unknown("nothing stands beside it that is known")
    if not asked.region:
        return Unknown("nothing says its region")
    placed = [(image, where) for image in siblings if isinstance(where := machine_images.place(image, rules), Place)]
    if len(placed) < len(siblings):
        return Unknown("beside it in its map is one whose family is not known")
    oldest = _oldest(placed, "its region map")
    if isinstance(oldest, Unknown):
        return oldest
    family = next(where.family for image, where in placed if image is oldest)
    said = f"{asked.id} is gone from {asked.region}; taken for what stands beside it in its map ({oldest.name})"
    return Known(_gone(_moved(oldest, family, asked.region), asked.id), said)


def _oldest(placed: Sequence[tuple[Image, Place]], of: str) -> Image | Unknown:
    """The oldest image, where all are of one family and have in common what must be equal."""
    if not placed:
        return Unknown(f"there is no image of {of}")
    families = sorted({f"{where.family.publisher}/{where.family}" for _, where in placed})
    if len(families) > 1:
        return Unknown(f"{of} holds {len(families)} families, such as {families[0]} and {families[1]}")
    differing = [name for name in _EQUAL if len({getattr(image, name) for image, _ in placed}) > 1]
    if differing:
        return Unknown(f"the images of {of} differ in {', '.join(differing)}")
    return min(placed, key=lambda pair: (pair[1].position, pair[1].volume, pair[0].region, pair[0].id))[0]


def _moved(image: Image, family: Family, region: str) -> Image:
    """The image as its publisher has it in another region: its own account there, that region in its name."""
    there = machine_images.owners(family.publisher.partition(":")[0], region)
    owner = image.owner if image.owner in there or not there else there[0]
    return replace(image, owner=owner, region=region, name=image.name.replace(image.region, region))


def _gone(image: Image, named: str) -> Image:
    return replace(image, id=named, state=GONE, deprecated=None, tags=())
