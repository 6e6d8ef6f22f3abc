"""From an image's owner and name to its family and its position there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache

from bot.core.machine_images.model import (
    MAX_NAME,
    NO_RULES,
    Family,
    ImageRules,
    Kept,
    Place,
    Position,
    Reason,
)
from bot.core.machine_images.operators import covering, numbers, ordered
from bot.core.machine_images.publishers import ANYWHERE, GRAMMARS, MARKETPLACE, PUBLISHERS, Grammar
from bot.core.model import Image

_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)

_OFFER = re.compile(r"-(?:prod-[a-z0-9]{13}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.ASCII)
_TAIL = re.compile(r"[0-9.]*\Z", re.ASCII)
_ORDER = ("release", "date", "build")
_STARS = re.compile(r"\*+")


def partition(region: str) -> str:
    """The partition a region belongs to, by its name (AWS General Reference, "partitions")."""
    return next((name for prefix, name in _PARTITIONS if region.startswith(prefix)), "aws")


def owners(publisher: str, region: str) -> tuple[str, ...]:
    """The accounts to ask for a publisher's images in a region; none for a publisher that is not there."""
    found = next((known for known in PUBLISHERS if known.name == publisher), None)
    if found is None:
        return ()
    regions = found.accounts.get(partition(region), {})
    return tuple(dict.fromkeys((*regions.get(region, ()), *regions.get(ANYWHERE, ()))))


@cache
def _publishers() -> dict[tuple[str, str], tuple[str, ...]]:
    """(Partition, account) to the names of the publishers that it is an account of."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for publisher in PUBLISHERS:
        for part, regions in publisher.accounts.items():
            for account in sorted({account for accounts in regions.values() for account in accounts}):
                found[part, account] = (*found.get((part, account), ()), publisher.name)
    return found


def family(image: Image, rules: ImageRules = NO_RULES) -> Family | None:
    """The family of an image; None where its owner or its name is not known."""
    placed = place(image, rules)
    return placed.family if isinstance(placed, Place) else None


@lru_cache(maxsize=16_384)
def place(image: Image, rules: ImageRules = NO_RULES) -> Place | Kept:
    """The family of an image and its position there, or why neither is known.

    The operator's own families come first, then the publishers' grammars, for the accounts of the
    publisher in the image's partition only. What is found is kept for a while: each of many places
    of a family looks at all images of it.
    """
    own = covering(image, rules.families)
    if own is not None:
        return ordered(image, own)
    publishers = _publishers_of(image, rules)
    if not publishers:
        detail = f"{image.owner} is no publisher's account that we know: the operator can trust it or name a family"
        return Kept(Reason.OWNER_UNKNOWN, detail, region=image.region)
    if len(image.name) <= MAX_NAME:
        for publisher in publishers:
            found = _offered(image) if publisher == MARKETPLACE else _read(image, image.name, publisher)
            if found is not None:
                return found
    detail = f"{image.name[:MAX_NAME]!r} is named like no family that we know: the operator can name one"
    return Kept(Reason.FAMILY_UNKNOWN, detail, region=image.region)


def _publishers_of(image: Image, rules: ImageRules) -> tuple[str, ...]:
    """The publishers whose account owns the image; an account trusted for itself is its own ("account:…")."""
    trusted = (owner for owner in rules.trusted_owners if owner.account == image.owner)
    named = (owner.publisher or f"account:{owner.account}" for owner in trusted)
    known = _publishers().get((partition(image.region), image.owner), ())
    return tuple(dict.fromkeys((*known, *named)))


def _read(image: Image, name: str, publisher: str) -> Place | None:
    """The place that a name has among the images of a publisher."""
    for grammar in _grammars(publisher):
        found = grammar.name.fullmatch(name)
        if found is not None and found.groupdict().get("region", image.region) == image.region:
            return _placed(found, publisher)
    return None


def _grammars(publisher: str) -> Iterable[Grammar]:
    """The grammars of a publisher; one that we have no table for copies others' images: any of them."""
    if publisher.startswith(("account:", MARKETPLACE)):
        return GRAMMARS
    return (grammar for grammar in GRAMMARS if publisher in grammar.publishers)


def _offered(image: Image) -> Place | None:
    """The place of an image from the marketplace: a known name, then the offer's own id, and product codes."""
    offer = _OFFER.search(image.name)
    if offer is None or not image.product_codes:
        return None
    # the product is the publisher: its code is what says that two images are of one seller
    product = f"{MARKETPLACE}:{','.join(sorted(image.product_codes))}"
    found = _read(image, image.name[: offer.start()], product)
    if found is None:
        return None
    return replace(found, family=Family(product, found.family.pattern + offer.group()))


def _placed(found: re.Match[str], publisher: str) -> Place:
    """The family is the name with what differs left out; the order is what the groups say."""
    groups = found.groupdict()
    pieces, end = [], 0
    for start, stop in sorted(found.span(group) for group in groups):
        pieces += [found.string[end:start], "*"]
        end = stop
    pattern = _STARS.sub("*", "".join((*pieces, found.string[end:])))
    release, date, build = (_order(groups.get(part, "")) for part in _ORDER)
    volume = int(groups.get("volume", 0))
    return Place(Family(publisher, pattern), Position(release, date, build), volume, _written(found))


def _written(found: re.Match[str]) -> str:
    """The parts of a name that give its order, each from where its numbers begin (``2023.6.20241111.0``)."""
    pieces: list[str] = []
    end = 0
    for start, stop in sorted(found.span(part) for part in _ORDER if found.groupdict().get(part) is not None):
        begins = max(end, start - len(_TAIL.search(found.string, 0, start)[0]))  # type: ignore[index] # it matches nothing too
        if begins == end and pieces:
            pieces[-1] += found.string[begins:stop]
        else:
            pieces.append(found.string[begins:stop])
        end = stop
    return "-".join(piece.strip("._-") for piece in pieces)


def _order(text: str) -> tuple[int, ...]:
    """The numbers in a part of a name; a lone letter is its place in the alphabet (2018.03.y)."""
    return (ord(text) - ord("a") + 1,) if text.isalpha() else numbers(text)
