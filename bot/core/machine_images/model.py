"""The nouns of machine images: what EC2 says of one, whose it is, and what becomes of a pin that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.core.machine_images.asked import REGISTRY
from bot.core.model import Image, SkipReason

_VARYING = re.compile(r"(?:[-._]+v)?[-._]*\*[-._*]*")
MAX_NAME = 128
"""The longest name EC2 gives an image; a longer one is read by no grammar."""


@dataclass(frozen=True, slots=True)
class Family:
    """The images that may stand in for each other: one publisher, one name with ``*`` where releases differ.

    ``pattern`` also serves as a ``name`` filter of ``DescribeImages``: no image name has a ``*`` in it.
    """

    publisher: str
    pattern: str

    def __str__(self) -> str:
        return self.pattern

    @property
    def title(self) -> str:
        """What people call it: the pattern without its ``*`` (``al2023-ami-2023-kernel-6.1-x86_64``)."""
        return _VARYING.sub("-", self.pattern).strip("-._ ") or self.publisher

    @property
    def subject(self) -> str:
        """What moves as one: the images of one publisher that people call the same."""
        return f"{REGISTRY}/{self.publisher}/{self.title}"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an image stands in its family: release, then date, then build, each without trailing zeros."""

    release: tuple[int, ...] = ()
    date: tuple[int, ...] = ()
    build: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = (".".join(map(str, part)) for part in (self.release, self.date, self.build) if part)
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Place:
    """What an image's name says: its family, its position there, and the generation of its root volume (0: unsaid).

    ``release`` is the position as the publisher writes it (``2023.6.20241111.0``).
    """

    family: Family
    position: Position
    volume: int = 0
    release: str = field(default="", compare=False)


class Order(StrEnum):
    """How the images of an operator's own family are ordered; the first three read what ``*`` stands for.

    ``NUMBER``: the first whole number (``golden-PR-123-abc9f12``). ``VERSION``: the first dotted number.
    ``DATE``: the first calendar date, with the time behind it where there is one. ``CREATED``: the
    time of creation, for names that tell nothing (hashes).
    """

    NUMBER = "name-number"
    VERSION = "version-in-name"
    DATE = "date-in-name"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class OperatorFamily:
    """The operator's word that the images of this account with such names are one family.

    ``glob`` knows ``*`` only, and must fit images of one kind: what ``*`` stands for is not
    compared but for its order. ``approval_tag`` is the (key, value) an image must carry to be
    moved to, None for none.
    """

    owner: str
    glob: str
    order: Order
    approval_tag: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TrustedOwner:
    """An account the operator trusts besides the publishers' own.

    ``publisher`` names the built-in publisher it belongs to (its account in a region that our table
    lacks); "" for one that publishes images under known names itself (copies).
    """

    account: str
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class ImageRules:
    """What the operator allows: the age gate, further owners, families of private images."""

    minimum_age: timedelta = timedelta(days=3)
    trusted_owners: tuple[TrustedOwner, ...] = ()
    families: tuple[OperatorFamily, ...] = ()


NO_RULES = ImageRules()
"""Nothing but the publishers' own families, and the default age."""


class Reason(StrEnum):
    """Why an image stays, or why a newer one was passed over. Closed; each is a ``SkipReason``."""

    UP_TO_DATE = "up_to_date"
    TOO_YOUNG = "too_young"
    FAMILY_UNKNOWN = "family_unknown"
    OWNER_UNKNOWN = "owner_unknown"
    GONE = "gone"
    WITHDRAWN = "withdrawn"
    ABOVE_RECOMMENDED = "above_recommended"
    NOT_APPROVED = "not_approved"
    INCOMPATIBLE = "incompatible"
    FAMILIES_DIFFER = "families_differ"
    REGION_BEHIND = "region_behind"

    @property
    def skip(self) -> SkipReason:
        """The reason in the words of every decision."""
        return _SKIPS[self]


_SKIPS: Mapping[Reason, SkipReason] = {
    Reason.UP_TO_DATE: SkipReason.UP_TO_DATE,
    Reason.TOO_YOUNG: SkipReason.TOO_YOUNG,
    Reason.FAMILY_UNKNOWN: SkipReason.FAMILY_UNKNOWN,
    Reason.OWNER_UNKNOWN: SkipReason.FAMILY_UNKNOWN,
    Reason.GONE: SkipReason.WITHDRAWN,
    Reason.WITHDRAWN: SkipReason.WITHDRAWN,
    Reason.ABOVE_RECOMMENDED: SkipReason.ABOVE_LATEST,
    Reason.NOT_APPROVED: SkipReason.HELD,
    Reason.INCOMPATIBLE: SkipReason.BLOCKED_SITE,
    Reason.FAMILIES_DIFFER: SkipReason.BLOCKED_SITE,
    Reason.REGION_BEHIND: SkipReason.BLOCKED_SITE,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """The image stays: why, in which region ("" for one image alone), and the newer image that is held back."""

    reason: Reason
    detail: str
    candidate: Image | None = None
    region: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The image to move to; ``passed`` says, newest first, why not a newer one."""

    image: Image
    place: Place
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Everywhere:
    """One release for a region map: region to image, of every region (one that has it already keeps its own)."""

    images: Mapping[str, Image] = field(hash=False)
    place: Place
    passed: tuple[str, ...] = ()


Choice = Chosen | Kept
MapChoice = Everywhere | Kept
