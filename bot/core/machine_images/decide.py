"""Machine images: one decision for all places of a repository that state images of one family. Pure.

What an id stands for is known only after it was looked up, so what moves as one is found here:
the entries of a region map together, and with them every other place of the same family.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.machine_images.asked import REGISTRY
from bot.core.machine_images.choose import newest, newest_everywhere
from bot.core.machine_images.grammar import place
from bot.core.machine_images.model import Family, ImageRules, Kept, Place, Position, Reason
from bot.core.machine_images.successors import major_successors, succeeds
from bot.core.model import (
    Bump,
    Caution,
    Change,
    Decision,
    Dependency,
    Gallery,
    History,
    Image,
    Package,
    Release,
    Skip,
    SkipReason,
    Update,
)
from bot.core.rules import Effective, Ignore, Major
from bot.core.runtimes import cautions_of
from bot.core.versions import scheme

MAJOR_TRACK = "major"
SUCCEEDED = "superseded"
_ANOTHER_SYSTEM = Caution("it is another line of the operating system: what runs on it has to be tried", by_hand=True)
_FOLLOW_THE_CLUSTER = ("eks", "k8s")
"""In the names of families whose images must be of their cluster's Kubernetes version."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that states an image; ``found`` is where that stands in its family."""

    dependency: Dependency
    wanted: Effective
    gallery: Gallery
    found: Place

    @property
    def image(self) -> Image:
        """The image that is stated."""
        return self.gallery.image

    @property
    def where(self) -> str:
        """How people call it."""
        return f"{self.dependency.path}:{self.dependency.statement.line}"


@dataclass(frozen=True, slots=True)
class _Moment:
    """What decisions about a family depend on beside its images: the strictest that any place asks for."""

    rules: ImageRules
    history: History
    ignores: tuple[Ignore, ...]
    now: datetime


_Stays = tuple[tuple[Dependency, Skip], ...]
_Keyed = dict[str, Site]


def site(dependency: Dependency, wanted: Effective, gallery: Gallery, rules: ImageRules) -> Site | Skip:
    """The place with what its image is, or why that is not known."""
    found = place(gallery.image, rules)
    if isinstance(found, Kept):
        return Skip(found.reason.skip, found.detail)
    return Site(dependency, wanted, gallery, found)


def package_of(family: Family) -> Package:
    """What policy and history know a family as."""
    return Package(REGISTRY, family.title)


def decide(
    sites: Sequence[Site], stays: _Stays, rules: ImageRules, history: History, now: datetime
) -> tuple[Decision, ...]:
    """A decision for every family; ``stays`` are the places that are settled already.

    A region map stays whole where one of its entries can't be understood, or is of another family
    than the rest; an entry that is told to stay is no part of it.
    """
    torn = _torn(sites, stays)
    families: dict[str, list[Site]] = defaultdict(list)
    blocked: list[tuple[Dependency, Skip]] = [*stays]
    left: dict[str, list[str]] = defaultdict(list)
    for one in sites:
        why = torn.get(_map_of(one.dependency))
        if why is None:
            families[one.found.family.subject].append(one)
        else:
            blocked.append((one.dependency, why))
            left[one.found.family.subject].append(f"{one.where} stays at {one.image.id}: {why.detail}")
    decided = [
        _with_left(_decide(subject, of, _moment(of, rules, history, now)), left[subject])
        for subject, of in families.items()
    ]
    alone = (Decision(dependency.subject, (), ((dependency, skip),)) for dependency, skip in blocked)
    return (*decided, *alone)


def _with_left(decision: Decision, left: Sequence[str]) -> Decision:
    """The decision with the places of the family that stay named in its updates."""
    if not left:
        return decision
    return replace(decision, updates=tuple(replace(one, reasons=(*one.reasons, *left)) for one in decision.updates))


def _moment(sites: Sequence[Site], rules: ImageRules, history: History, now: datetime) -> _Moment:
    age = max(one.wanted.minimum_age for one in sites)
    ignores = dict.fromkeys(ignore for one in sites for ignore in one.wanted.ignores)
    return _Moment(replace(rules, minimum_age=age), history, tuple(ignores), now)


def _map_of(dependency: Dependency) -> tuple[str, str] | None:
    within = dependency.statement.context.within
    return (dependency.path, within) if within else None


def _torn(sites: Sequence[Site], stays: _Stays) -> dict[tuple[str, str] | None, Skip]:
    """The maps that can't move as one, and why."""
    found: dict[tuple[str, str] | None, Skip] = {}
    for dependency, skip in stays:
        own = _map_of(dependency)
        if own is not None and skip.reason is not SkipReason.IGNORED:
            where = f"{dependency.path}:{dependency.statement.line}"
            detail = f"another entry of its region map can't follow: {where}: {skip.detail}"
            found.setdefault(own, Skip(SkipReason.BLOCKED_SITE, detail))
    first: dict[tuple[str, str], Site] = {}
    for one in sites:
        own = _map_of(one.dependency)
        before = first.setdefault(own, one) if own else one
        if own and before.found.family != one.found.family:
            detail = (
                f"one region map, two families: {before.where} has {before.found.family.title}, "
                f"{one.where} has {one.found.family.title}"
            )
            found.setdefault(own, Skip(Reason.FAMILIES_DIFFER.skip, detail))
    return found


# One family


@dataclass(frozen=True, slots=True)
class _Target:
    """What is moved to, by the keys of ``_keyed``, and why not to something newer."""

    images: Mapping[str, Image]
    place: Place
    reasons: tuple[str, ...]


_Refused = Mapping[str, Skip]
"""The releases that are not wanted, newest first, and why."""


def _decide(subject: str, sites: Sequence[Site], moment: _Moment) -> Decision:
    keyed = _keyed(sites)
    target = _chosen(keyed, moment)
    if isinstance(target, Skip):
        updates, stays = [], [(one.dependency, _told(target, one)) for one in sites]
    else:
        updates = [_update(subject, sites, keyed, target, Bump.IMAGE)]
        stays = [(one.dependency, _at_rest(one)) for one in sites if _same(one, keyed, target)]
    major = _major(subject, sites, keyed, moment)
    if major is None:
        return Decision(subject, tuple(updates), tuple(stays))
    moving = {id(dependency) for dependency in major.dependencies}
    return Decision(subject, (*updates, major), tuple((at, skip) for at, skip in stays if id(at) not in moving))


def _keyed(sites: Iterable[Site]) -> _Keyed:
    """One place of each image, by its region (and its id where a region has several)."""
    keyed: _Keyed = {}
    for one in sites:
        first = keyed.setdefault(one.image.region, one)
        if first.image.id != one.image.id:
            keyed.setdefault(f"{one.image.region} ({one.image.id})", one)
    return keyed


def _key(one: Site, keyed: _Keyed) -> str:
    own = f"{one.image.region} ({one.image.id})"
    return own if own in keyed else one.image.region


def _same(one: Site, keyed: _Keyed, target: _Target) -> bool:
    return target.images[_key(one, keyed)].id == one.image.id


def _chosen(keyed: _Keyed, moment: _Moment) -> _Target | Skip:
    """The newest release that all places can take, or why they stay; what is refused is no candidate."""
    candidates, refused = _candidates(keyed, moment)
    current = {key: one.image for key, one in keyed.items()}
    found = _newest(keyed, current, candidates, moment)
    if isinstance(found, _Target):
        return replace(found, reasons=(*_gone(keyed), *found.reasons, *_waiting(refused)))
    if found.reason is Reason.UP_TO_DATE and refused:
        return next(iter(refused.values()))
    return Skip(found.reason.skip, found.detail, _held(found, moment))


def _newest(
    keyed: _Keyed, current: Mapping[str, Image], candidates: Mapping[str, Sequence[Image]], moment: _Moment
) -> _Target | Kept:
    recommended = {key: _recommended(one, candidates[key]) for key, one in keyed.items()}
    if len(current) > 1:
        everywhere = newest_everywhere(current, candidates, moment.rules, moment.now, recommended)
        if isinstance(everywhere, Kept):
            return everywhere
        return _Target(everywhere.images, everywhere.place, everywhere.passed)
    ((key, image),) = current.items()
    choice = newest(image, candidates[key], moment.rules, moment.now, recommended[key])
    return choice if isinstance(choice, Kept) else _Target({key: choice.image}, choice.place, choice.passed)


def _recommended(one: Site, candidates: Iterable[Image]) -> str:
    """What the publisher recommends, "" where that is refused: then nothing above it is a candidate."""
    word = one.gallery.recommended
    offered = any(image.id == word for image in one.gallery.candidates)
    return "" if offered and all(image.id != word for image in candidates) else word


def _gone(keyed: _Keyed) -> tuple[str, ...]:
    """From where the images that are gone are known."""
    return tuple(dict.fromkeys(one.gallery.said for one in keyed.values() if one.gallery.said))


def _held(kept: Kept, moment: _Moment) -> Release | None:
    where = place(kept.candidate, moment.rules) if kept.candidate else None
    return _release(where, kept.candidate) if kept.candidate and isinstance(where, Place) else None


def _candidates(keyed: _Keyed, moment: _Moment) -> tuple[dict[str, list[Image]], _Refused]:
    """The images that might be taken, and the newer releases of the family that history or policy refuses."""
    found: dict[str, list[Image]] = {}
    refused: dict[str, Skip] = {}
    for key, one in keyed.items():
        placed = [(image, place(image, moment.rules)) for image in one.gallery.candidates]
        own = [(image, at) for image, at in placed if isinstance(at, Place) and at.family == one.found.family]
        newer = {at.release: (image, at) for image, at in own if at.position > one.found.position}
        skips = {name: _refusal(image, at, moment) for name, (image, at) in newer.items()}
        refused |= {name: skip for name, skip in skips.items() if skip is not None}
        left = {image.id for image, at in own if skips.get(at.release) is not None}
        # who refuses what the publisher recommends has not asked for what it does not recommend
        above = [at.position for image, at in own if image.id == one.gallery.recommended and image.id in left]
        left |= {image.id for image, at in own if any(at.position > position for position in above)}
        found[key] = [image for image in one.gallery.candidates if image.id not in left]
    rules = scheme("image_date")
    newest_first = sorted(refused, key=lambda name: rules.key(name) or (), reverse=True)
    return found, {name: refused[name] for name in newest_first}


def _refusal(image: Image, where: Place, moment: _Moment) -> Skip | None:
    """Why history or policy refuses a release; who declined one is not offered an older one in its place."""
    rules, package, release = scheme("image_date"), package_of(where.family), _release(where, image)
    known = moment.history.refusal(package, where.release)
    if known is not None:
        return Skip(known.reason, known.detail, release)
    own = rules.key(where.release)
    for declined in moment.history.declined(package):
        its = rules.key(declined.version)
        if its is not None and own is not None and its > own:
            return Skip(declined.reason, f"{declined.version}: {declined.detail}", release)
    for ignore in moment.ignores:
        if not rules.valid(ignore.versions):
            detail = f"policy ignores {ignore.versions!r}, which can't be read here, so no release is taken"
            return Skip(SkipReason.IGNORED, detail, release)
        if rules.satisfies(where.release, ignore.versions):
            return Skip(SkipReason.IGNORED, ignore.reason or f"policy ignores {ignore.versions}", release)
    return None


def _waiting(refused: _Refused) -> tuple[str, ...]:
    return tuple(f"{name} waits: {skip.detail}" for name, skip in list(refused.items())[:1])


def _release(where: Place, image: Image) -> Release:
    return Release(where.release, published=image.created)


def _told(skip: Skip, one: Site) -> Skip:
    """The reason as a place is told it: with what follows the family, where that is all there is to say."""
    if skip.reason is not SkipReason.UP_TO_DATE:
        return skip
    after = [family.title for family in major_successors(one.found.family) if _may_follow(family)]
    if not after or one.wanted.major is not Major.TOGETHER:
        return skip
    return replace(skip, detail=f'{skip.detail}; {after[0]} follows it, which policy proposes with major = "split"')


def _at_rest(one: Site) -> Skip:
    return Skip(SkipReason.UP_TO_DATE, f"{one.image.name} is the newest that every place can take")


def _update(subject: str, sites: Sequence[Site], keyed: _Keyed, target: _Target, bump: Bump) -> Update:
    moving = [one for one in sites if not _same(one, keyed, target)]
    first = min(moving, key=lambda one: one.found.position)
    images = [target.images[_key(one, keyed)] for one in moving]
    youngest = max(images, key=lambda image: image.created)
    return Update(
        subject=subject,
        package=package_of(first.found.family),
        kind=first.dependency.kind,
        from_version=first.found.release,
        version=target.place.release,
        release=_release(target.place, youngest),
        dependencies=tuple(one.dependency for one in moving),
        changes=tuple(
            Change(pin, image.id, _release(target.place, image))
            for one, image in zip(moving, images, strict=True)
            for pin in one.dependency.pins
        ),
        bump=bump,
        pipeline=first.wanted.pipeline,
        group=first.wanted.group,
        track="",
        reasons=target.reasons,
        cautions=cautions_of((one.dependency for one in moving), bump),
    )


# The families that come after


def _may_follow(family: Family) -> bool:
    """Whether a family may be moved to at all: a cluster's nodes follow the cluster."""
    return not any(word in f"{family.publisher}/{family.pattern}".lower() for word in _FOLLOW_THE_CLUSTER)


def _major(subject: str, sites: Sequence[Site], keyed: _Keyed, moment: _Moment) -> Update | None:
    """The move to the family that comes after, where policy asks for it and every place can take it."""
    if not all(one.wanted.major is Major.SPLIT for one in sites) or not _may_follow(sites[0].found.family):
        return None
    for family in _after(keyed, moment):
        stand_ins = {key: _stand_in(one, family, moment) for key, one in keyed.items()}
        ready = {key: image for key, image in stand_ins.items() if image is not None}
        if len(ready) < len(keyed):
            continue
        candidates, refused = _candidates(
            {
                key: replace(
                    one, gallery=replace(one.gallery, image=ready[key], recommended=""), found=Place(family, Position())
                )
                for key, one in keyed.items()
            },
            moment,
        )
        found = _newest(keyed, ready, candidates, moment)
        if isinstance(found, _Target):
            reasons = (*found.reasons, *_waiting(refused))
            update = _update(subject, sites, keyed, replace(found, reasons=reasons), Bump.MAJOR)
            return replace(
                update,
                package=package_of(family),
                from_version=f"{update.package.name} {update.from_version}",
                track=MAJOR_TRACK,
                cautions=(*update.cautions, _ANOTHER_SYSTEM),
            )
    return None


def _after(keyed: _Keyed, moment: _Moment) -> list[Family]:
    """The families among the candidates that come after, the one whose name sorts last first."""
    found: set[Family] = set()
    for one in keyed.values():
        placed = (place(image, moment.rules) for image in one.gallery.candidates)
        families = {at.family for at in placed if isinstance(at, Place)}
        found |= {family for family in families if succeeds(family, one.found.family)}
    return sorted(found, key=lambda family: family.pattern, reverse=True)


def _stand_in(one: Site, family: Family, moment: _Moment) -> Image | None:
    """The image in use as if it were the oldest of another family; None where that has none there.

    How it boots goes with the operating system; all else must stay as it is.
    """
    placed = [(image, at) for image in one.gallery.candidates if isinstance(at := place(image, moment.rules), Place)]
    own = [(image, at) for image, at in placed if at.family == family and image.architecture == one.image.architecture]
    if not own:
        return None
    oldest, _ = min(own, key=lambda pair: pair[1].position)
    newest_one, _ = max(own, key=lambda pair: pair[1].position)
    return replace(
        one.image,
        name=oldest.name,
        owner=oldest.owner,
        boot_mode=newest_one.boot_mode,
        ena=newest_one.ena,
        state=SUCCEEDED,
    )
