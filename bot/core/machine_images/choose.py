"""Which image a pin moves to: for one image, and for a map of regions that moves as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.machine_images.grammar import place
from bot.core.machine_images.model import (
    Choice,
    Chosen,
    Everywhere,
    ImageRules,
    Kept,
    MapChoice,
    Place,
    Position,
    Reason,
)
from bot.core.machine_images.operators import covering
from bot.core.model import Image

NOTHING: Mapping[str, str] = {}
_SHOWN = 3

# passing these over loses nothing: the image that stands is as new as it should be
_NO_LOSS = frozenset({Reason.WITHDRAWN, Reason.ABOVE_RECOMMENDED})

_EQUAL: tuple[tuple[str, Callable[[Image], object]], ...] = (
    ("architecture", lambda image: image.architecture),
    ("virtualization", lambda image: image.virtualization),
    ("root device", lambda image: image.root_device),
    ("boot mode", lambda image: image.boot_mode),
    ("ENA support", lambda image: image.ena),
    ("platform", lambda image: image.platform),
    ("usage operation", lambda image: image.usage_operation),
    ("product codes", lambda image: frozenset(image.product_codes)),
)


@dataclass(frozen=True, slots=True)
class _Newer:
    """An image of the family that is newer than the one in use; ``obstacle`` is None where it can be taken."""

    image: Image
    place: Place
    obstacle: tuple[Reason, str] | None


@dataclass(frozen=True, slots=True)
class _Pin:
    """An image in use, what its name says, and what could follow it, newest first."""

    image: Image
    place: Place
    newer: tuple[_Newer, ...]
    said: tuple[str, ...]


def newest(
    current: Image, candidates: Sequence[Image], rules: ImageRules, now: datetime, recommended: str = ""
) -> Choice:
    """The newest image of the same family that may stand in for ``current``, or why it stays.

    ``candidates`` are the images of the same region, of whatever owner and name; ``recommended`` is
    the id that the publisher's own parameter names, "" for none: it wins when it names an image of
    the family, else it is said and the family's order stands. An image that is gone (not
    ``available``) may also be followed by another copy of its own release.
    """
    pin = _pin(current, candidates, rules, now, recommended)
    if isinstance(pin, Kept):
        return pin
    for at, newer in enumerate(pin.newer):
        if newer.obstacle is None:
            return Chosen(newer.image, newer.place, (*pin.said, *_told(pin.newer[:at][:_SHOWN])))
    return _kept(pin)


def newest_everywhere(
    current: Mapping[str, Image],
    candidates: Mapping[str, Sequence[Image]],
    rules: ImageRules,
    now: datetime,
    recommended: Mapping[str, str] = NOTHING,
) -> MapChoice:
    """The newest release that every region of a map has and may take, or why the map stays.

    All arguments but ``rules`` and ``now`` go by region. A region that has the release already keeps
    its image; none moves to an older one.
    """
    pins: dict[str, _Pin] = {}
    for region, image in sorted(current.items()):
        pin = _pin(image, candidates.get(region, ()), rules, now, recommended.get(region, ""))
        if isinstance(pin, Kept):
            return pin
        pins[region] = pin
    if not pins:
        return Kept(Reason.UP_TO_DATE, "the map names no image")
    first_region, first = next(iter(pins.items()))
    for region, pin in pins.items():
        if pin.place.family != first.place.family:
            detail = f"{first_region} has {first.place.family}, {region} has {pin.place.family}: one map, two families"
            return Kept(Reason.FAMILIES_DIFFER, detail, region=region)
    return _everywhere(pins)


def _everywhere(pins: Mapping[str, _Pin]) -> MapChoice:
    takes = {region: _takes(pin) for region, pin in pins.items()}
    shared = set.intersection(*(set(images) for images in takes.values()))
    target = max(shared, default=None)
    moves = target is not None and any(takes[region][target].id != pin.image.id for region, pin in pins.items())
    blocked = _blocked(pins, takes, target if moves else None)
    if target is None or not moves:
        return _map_kept(pins, blocked)
    said = dict.fromkeys(text for pin in pins.values() for text in pin.said)
    images = {region: takes[region][target] for region in pins}
    placed = next(place for pin in pins.values() for place in _places(pin) if place.position == target)
    return Everywhere(images, placed, (*said, *(kept.detail for kept in blocked[:_SHOWN])))


def _places(pin: _Pin) -> tuple[Place, ...]:
    return (pin.place, *(newer.place for newer in pin.newer))


def _takes(pin: _Pin) -> dict[Position, Image]:
    """The images that a region can have, by position; its own too, as long as that stands."""
    found = {newer.place.position: newer.image for newer in reversed(pin.newer) if newer.obstacle is None}
    if pin.image.stands:
        found[pin.place.position] = pin.image
    return found


def _blocked(
    pins: Mapping[str, _Pin], takes: Mapping[str, Mapping[Position, Image]], above: Position | None
) -> tuple[Kept, ...]:
    """Why the first few releases above a position are not taken, newest first, each with a region that can't."""
    seen = {newer.place.position: newer.image for pin in pins.values() for newer in pin.newer}
    seen |= {pin.place.position: pin.image for pin in pins.values() if pin.image.stands}
    found: list[Kept] = []
    for position in sorted(seen, reverse=True):
        if len(found) == _SHOWN or (above is not None and position <= above):
            break
        whys = {region: _why(pins[region], position) for region in pins if position not in takes[region]}
        if whys and not any(reason in _NO_LOSS for reason, _ in whys.values()):
            first, held = next(iter(whys)), seen[position]
            told = _listed((pins[key].image.region, why) for key, (_, why) in whys.items())
            found.append(Kept(whys[first][0], f"{held.name} can't be taken in {told}", held, pins[first].image.region))
    return tuple(found)


def _listed(whys: Iterable[tuple[str, str]]) -> str:
    """The regions and why, the first few: one that all of 30 regions lack would fill a page.

    Several images of one region that say the same are told once.
    """
    told = list(dict.fromkeys(f"{region}: {why}" for region, why in whys))
    more = [f"and {len(told) - _SHOWN} more regions"] if len(told) > _SHOWN else []
    return "; ".join((*told[:_SHOWN], *more))


def _why(pin: _Pin, position: Position) -> tuple[Reason, str]:
    """Why a region can't take a release: it has no copy, or its copy's obstacle."""
    if position < pin.place.position:
        return Reason.REGION_BEHIND, f"it is older than {pin.image.name}, which is in use"
    copies = (newer.obstacle for newer in pin.newer if newer.place.position == position and newer.obstacle)
    return next(copies, (Reason.REGION_BEHIND, "there is no copy"))


def _map_kept(pins: Mapping[str, _Pin], blocked: Sequence[Kept]) -> Kept:
    """Why a map stays: an image that is gone first, then the newest release that some region can't take."""
    gone = next((pin for pin in pins.values() if not pin.image.stands), None)
    if gone is not None:
        return _lost(gone.image, blocked[0].detail if blocked else "")
    return blocked[0] if blocked else _kept(next(iter(pins.values())))


def _pin(
    current: Image, candidates: Sequence[Image], rules: ImageRules, now: datetime, recommended: str
) -> _Pin | Kept:
    """What could follow an image, newest first; of equal ones the current owner's first."""
    own = place(current, rules)
    if isinstance(own, Kept):
        return own
    placed = [(image, where) for image in candidates if isinstance(where := place(image, rules), Place)]
    family = [
        (image, where) for image, where in placed if where.family == own.family and image.region == current.region
    ]
    ceiling = next((where.position for image, where in family if image.id == recommended), None)
    judge = _Judge(current, own, rules, now, ceiling)
    newer = [
        _Newer(image, where, judge.obstacle(image, where)) for image, where in family if judge.follows(image, where)
    ]
    newer.sort(key=lambda one: (one.image.owner != current.owner, one.image.id))
    newer.sort(key=lambda one: one.place.position, reverse=True)
    return _Pin(current, own, tuple(newer), _unheard(recommended, candidates, ceiling))


def _unheard(recommended: str, candidates: Iterable[Image], ceiling: Position | None) -> tuple[str, ...]:
    """What to say of a recommendation that the family's order does not follow."""
    if not recommended or ceiling is not None:
        return ()
    name = next((image.name for image in candidates if image.id == recommended), "")
    why = f" ({name}), which is of another family" if name else ", which is none of this family's images"
    return (f"the publisher recommends {recommended}{why}",)


@dataclass(frozen=True, slots=True)
class _Judge:
    """The questions to an image that might follow another."""

    current: Image
    own: Place
    rules: ImageRules
    now: datetime
    ceiling: Position | None

    def follows(self, image: Image, where: Place) -> bool:
        """Whether it is newer; another copy of the same release, only where the one in use is gone."""
        if image.id == self.current.id or where.volume < self.own.volume:
            return False
        if where.position == self.own.position:
            return not self.current.stands
        return where.position > self.own.position

    def obstacle(self, image: Image, where: Place) -> tuple[Reason, str] | None:
        """Why it can't be taken, None where it can."""
        if not image.stands:
            return Reason.WITHDRAWN, f"it is {image.state}"
        if image.deprecated is not None and image.deprecated <= self.now:
            return Reason.WITHDRAWN, f"its publisher deprecated it on {image.deprecated:%Y-%m-%d}"
        if self.ceiling is not None and where.position > self.ceiling:
            return Reason.ABOVE_RECOMMENDED, "it is newer than the one its publisher recommends"
        return self._unlike(image) or self._unapproved(image) or self._young(image)

    def _unlike(self, image: Image) -> tuple[Reason, str] | None:
        if image.public and not self.current.public:
            return Reason.INCOMPATIBLE, "it is public, and the one in use is private"
        unlike = [
            f"{what} {_shown(get(image))} instead of {_shown(get(self.current))}"
            for what, get in _EQUAL
            if get(image) != get(self.current)
        ]
        return (Reason.INCOMPATIBLE, f"it has {', '.join(unlike)}") if unlike else None

    def _unapproved(self, image: Image) -> tuple[Reason, str] | None:
        own = covering(image, self.rules.families)
        if own is None or own.approval_tag is None or own.approval_tag in image.tags:
            return None
        return Reason.NOT_APPROVED, f"it lacks the tag {'='.join(own.approval_tag)}"

    def _young(self, image: Image) -> tuple[Reason, str] | None:
        ready = image.created + self.rules.minimum_age
        if ready <= self.now:
            return None
        return Reason.TOO_YOUNG, f"created {image.created:%Y-%m-%d}; old enough on {ready:%Y-%m-%d}"


def _shown(value: object) -> str:
    """A value for people: sets as lists, nothing as "none"."""
    return (",".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)) or "none"


def _told(passed: Iterable[_Newer]) -> tuple[str, ...]:
    return tuple(f"{newer.image.name}: {newer.obstacle[1]}" for newer in passed if newer.obstacle)


def _kept(pin: _Pin) -> Kept:
    """Why an image stays: what holds back the newest that would be a gain."""
    told = "; ".join((*pin.said, *_told(pin.newer[:_SHOWN])))
    region = pin.image.region
    if not pin.image.stands:
        return _lost(pin.image, told)
    for held, (reason, why) in ((newer.image, newer.obstacle) for newer in pin.newer if newer.obstacle):
        if reason not in _NO_LOSS:
            return Kept(reason, f"{held.name}: {why}", held, region)
    detail = f"{pin.image.name} is the newest of its family"
    return Kept(Reason.UP_TO_DATE, f"{detail} ({told})" if told else detail, None, region)


def _lost(image: Image, told: str) -> Kept:
    """An image that can't be launched any more, and that nothing can follow."""
    detail = f"{image.id} ({image.name}) is {image.state}, and nothing can follow it"
    return Kept(Reason.GONE, f"{detail}: {told}" if told else detail, None, image.region)
