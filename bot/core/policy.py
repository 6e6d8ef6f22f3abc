"""Decide: what moves, to which version, and why everything else stays. Pure.

``decide`` takes one subject with all its sites. Each site is *surveyed* for the newest release
it can take; the newest of those is the target; sites that can't take the target are named
(DESIGN law 3). Every site ends up in an update or with a skip that says why (law 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from bot.core import runtimes
from bot.core.machine_images.asked import REGISTRY, Asked, beside
from bot.core.model import (
    Answer,
    Bump,
    Decision,
    Dependency,
    Gallery,
    History,
    Kind,
    Listing,
    Locked,
    Package,
    Release,
    Skip,
    SkipReason,
    Unavailable,
    Update,
)
from bot.core.rules import Effective, Major, Policy, effective, image_rules
from bot.core.sites import (
    NO_LOSS,
    Limit,
    Moment,
    Move,
    PackageSite,
    admit,
    against,
    moves_with_its_lock,
    newest_for,
    release_of,
    stays_anyway,
    unlisted,
    way_to,
)
from bot.core.versions import scheme
from bot.core.versions.base import Scheme

if TYPE_CHECKING:
    from bot.core.machine_images.decide import Site

MAJOR_TRACK = "major"
"""What tells the major update of a subject from its smaller one when they are split."""

_SIZES = list(Bump)


_PYTHON = runtimes.RUNTIMES["python"].subject
_NOT_ASKED = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "its registry was not asked")


_Stayed = list[tuple[Dependency, Skip]]


def to_look_up(dependencies: Iterable[Dependency], policy: Policy) -> frozenset[Package]:
    """The packages whose releases matter: not those that stay whatever their registry says."""
    wanted = [(d, effective(policy, d)) for d in dependencies]
    maps = _maps((d for d, _ in wanted if _is_image(d)), policy)
    asked = [_asked(d, own, policy, maps) for d, own in wanted if _is_image(d) and stays_anyway(d, own) is None]
    moving = [d for d, own in wanted if not _is_image(d) and stays_anyway(d, own) is None]
    running = {d.subject for d in moving if runtimes.named(d.subject) and runtimes.runs(d)}
    lines = (runtimes.RUNTIMES[runtimes.named(subject)].package for subject in running)
    needed = (d.package for d, _ in wanted if _PYTHON in running and _keeps_python(d))
    # Where nothing says what runs, floors rest whatever there is.
    packages = (d.package for d in moving if d.subject in running or not runtimes.named(d.subject))
    return frozenset((*packages, *lines, *needed, *asked))


def decide_all(
    dependencies: Iterable[Dependency],
    answers: Mapping[Package, Answer],
    policy: Policy,
    history: History,
    now: datetime,
    *,
    locked: Sequence[Locked] = (),
) -> tuple[Decision, ...]:
    """A decision for every subject, in order of first appearance; ``answers`` hold what ``to_look_up`` names.

    ``locked`` are the packages that lock files hold and that not every Python can install (``resolve.compiled``).
    """
    subjects: dict[str, list[Dependency]] = defaultdict(list)
    images: list[Dependency] = []
    every, moment = list(dependencies), Moment(history, now, locked)
    for dependency in every:
        (images if _is_image(dependency) else subjects[runtimes.subject_of(dependency)]).append(dependency)
    decided = (
        _called(subject, _decide_runtime(sites, answers, policy, moment, every))
        if runtimes.named(subject)
        else decide(sites, answers, policy, history, now)
        for subject, sites in subjects.items()
    )
    return (*decided, *(_decide_images(images, answers, policy, history, now) if images else ()))


def _called(subject: str, decision: Decision) -> Decision:
    """The decision as one about this subject: a part of what its places name."""
    if decision.subject == subject:
        return decision
    return replace(decision, subject=subject, updates=tuple(replace(u, subject=subject) for u in decision.updates))


def decide(
    dependencies: Sequence[Dependency],
    answers: Mapping[Package, Answer],
    policy: Policy,
    history: History,
    now: datetime,
) -> Decision:
    """What becomes of one subject, given all its sites (at least one) and the registries' answers."""
    moment = Moment(history, now)
    if runtimes.named(dependencies[0].subject):
        return _decide_runtime(dependencies, answers, policy, moment, ())
    skips: _Stayed = []
    sites: list[PackageSite] = []
    for dependency in dependencies:
        site = admit(dependency, answers.get(dependency.package, _NOT_ASKED), effective(policy, dependency))
        if isinstance(site, Skip):
            skips.append((dependency, site))
        else:
            sites.append(site)
    updates, stayed = _move(sites, skips, moment)
    return Decision(dependencies[0].subject, updates, tuple(stayed))


def _decide_runtime(
    dependencies: Sequence[Dependency],
    answers: Mapping[Package, Answer],
    policy: Policy,
    moment: Moment,
    beside: Iterable[Dependency],
) -> Decision:
    """What becomes of a language runtime: it stays whole, so one place that can't follow holds all of them.

    ``beside`` are all dependencies of the repository: what is installed on the runtime.
    """
    subject = dependencies[0].subject
    lines = answers.get(runtimes.RUNTIMES[runtimes.named(subject)].package, _NOT_ASKED)
    skips: _Stayed = []
    places: list[runtimes.Place] = []
    for dependency, place in _places(dependencies, lines, answers, policy):
        if isinstance(place, Skip):
            skips.append((dependency, place))
        else:
            places.append(place)
    if not isinstance(lines, Listing):
        return Decision(subject, (), tuple(skips))
    blocking = next(((at, skip) for at, skip in skips if skip.reason not in _AT_REST), None)
    if not places:
        decision = Decision(subject, (), ())
    elif blocking is not None:
        at, skip = blocking
        detail = f"another place can't follow: {at.path}:{at.statement.line}: {skip.detail}"
        whole = Skip(SkipReason.BLOCKED_SITE, detail)
        decision = Decision(subject, (), tuple((place.dependency, whole) for place in places))
    else:
        needed = _needed(beside, answers, moment.locked) if subject == _PYTHON else ()
        decision = runtimes.decide(places, lines, moment.history, moment.now, needed)
    decision = replace(decision, skips=(*skips, *decision.skips))
    return runtimes.with_lines(decision, _seen(dependencies, answers, policy), lines, moment.now)


def _places(
    dependencies: Sequence[Dependency], lines: Answer, answers: Mapping[Package, Answer], policy: Policy
) -> Iterator[tuple[Dependency, runtimes.Place | Skip]]:
    """What each place can take, or why it stays; where nothing says what runs, floors rest whatever there is."""
    wanted = [(dependency, effective(policy, dependency)) for dependency in dependencies]
    running = any(runtimes.runs(at) and stays_anyway(at, own) is None for at, own in wanted)
    for dependency, own in wanted:
        if running:
            yield dependency, _place(dependency, lines, answers, own)
        else:
            yield dependency, stays_anyway(dependency, own) or runtimes.at_rest(runtimes.Place(dependency, own, None))


def _seen(
    dependencies: Sequence[Dependency], answers: Mapping[Package, Answer], policy: Policy
) -> Iterator[runtimes.Place]:
    """Every place, also those that stay, for what is told of the lines that are in use."""
    for dependency in dependencies:
        offers = answers.get(dependency.package)
        listed = offers if isinstance(offers, Listing) and dependency.package == runtimes.LAMBDA else None
        yield runtimes.Place(dependency, effective(policy, dependency), listed)


def _keeps_python(dependency: Dependency) -> bool:
    """Whether one version of a Python package is installed for certain, even if it is not to be moved."""
    if dependency.package.registry != "pypi" or not moves_with_its_lock(dependency):
        return False
    return dependency.locked or scheme(dependency.statement.scheme).exact(dependency.constraint) is not None


def _needed(
    dependencies: Iterable[Dependency], answers: Mapping[Package, Answer], locked: Sequence[Locked]
) -> tuple[runtimes.Needed, ...]:
    """What is installed on a Python: the releases in use that registries know, then what only lock files name."""
    found: list[runtimes.Needed] = []
    listings: dict[str, Listing] = {}
    for dependency in dependencies:
        listing = answers.get(dependency.package)
        if dependency.package.registry != "pypi" or not isinstance(listing, Listing):
            continue
        listings.setdefault(dependency.package.name, listing)
        if not _keeps_python(dependency):
            continue
        used = release_of(listing, dependency.current or "", scheme(dependency.statement.scheme))
        if used is not None:
            marker = dependency.statement.context.marker
            found.append(_of(dependency.package.name, used, (marker,) if marker else ()))
    stated = {(one.name, one.version) for one in found}
    brought = (_brought(one, listings.get(one.name)) for one in locked)
    return (*found, *(one for one in brought if (one.name, one.version) not in stated))


def _of(name: str, release: Release, markers: tuple[str, ...]) -> runtimes.Needed:
    requires = dict(release.requires).get("python", "")
    return runtimes.Needed(name, release.version, release.wheels, requires, markers)


def _brought(locked: Locked, listing: Listing | None) -> runtimes.Needed:
    """What a lock file brings in; where a registry lists it, by its word: wheels are added to a version later."""
    rules = scheme("pep440")
    known = release_of(listing, locked.version, rules) if listing and rules.key(locked.version) is not None else None
    if known is None:
        return runtimes.Needed(locked.name, locked.version, locked.wheels, markers=locked.markers)
    return _of(locked.name, known, locked.markers)


def _is_image(dependency: Dependency) -> bool:
    return dependency.statement.package.registry == REGISTRY


_Maps = Mapping[tuple[str, str], list[tuple[str, str]]]
"""The entries of each region map, by its path and name."""


def _maps(images: Iterable[Dependency], policy: Policy) -> _Maps:
    """What each region map holds: the region and the id of every entry."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for image in images:
        around = image.statement.context
        if around.within:
            region = around.region or effective(policy, image).region
            found[image.path, around.within].append((region, image.statement.constraint))
    return found


def _asked(dependency: Dependency, wanted: Effective, policy: Policy, maps: _Maps) -> Package:
    """The question for a machine image: its region, and what people said of it where it is gone."""
    statement, said = dependency.statement, policy.machine_images
    family = statement.package.name if statement.package.name != statement.constraint else ""
    known = said.known.get(statement.constraint, "") if said else ""
    majors = wanted.major is Major.SPLIT or any(rule.major is Major.SPLIT for rule in policy.rules)
    around = statement.context
    return Asked(
        around.region or wanted.region,
        statement.constraint,
        family or known,
        beside(maps.get((dependency.path, around.within), ())),
        majors,
    ).package


def _decide_images(
    dependencies: Sequence[Dependency],
    answers: Mapping[Package, Answer],
    policy: Policy,
    history: History,
    now: datetime,
) -> tuple[Decision, ...]:
    """What becomes of machine images: which of them move as one is known only from the answers."""
    from bot.core.machine_images import decide as images  # noqa: PLC0415 - its tables take long to load

    rules, maps = image_rules(policy), _maps(dependencies, policy)
    sites: list[images.Site] = []
    stays: _Stayed = []
    for dependency in dependencies:
        wanted = effective(policy, dependency)
        early = stays_anyway(dependency, wanted)
        answer = answers.get(_asked(dependency, wanted, policy, maps), _NOT_ASKED) if early is None else _NOT_ASKED
        site = early or (_pictured(dependency, answer, policy) if isinstance(answer, Gallery) else unlisted(answer))
        if isinstance(site, Skip):
            stays.append((dependency, site))
        else:
            sites.append(site)
    return images.decide(sites, tuple(stays), rules, history, now)


def _pictured(dependency: Dependency, gallery: Gallery, policy: Policy) -> Site | Skip:
    """The place of an image whose family is known: policy may call it by that, or by its id."""
    from bot.core.machine_images import decide as images  # noqa: PLC0415 - as above

    found = images.site(dependency, effective(policy, dependency), gallery, image_rules(policy))
    if isinstance(found, Skip):
        return found
    called = replace(dependency, statement=replace(dependency.statement, package=images.package_of(found.found.family)))
    wanted = effective(policy, called)
    both = msgspec.structs.replace(
        wanted,
        ignores=(*found.wanted.ignores, *wanted.ignores),
        minimum_age=max(found.wanted.minimum_age, wanted.minimum_age),
        major=max(found.wanted.major, wanted.major, key=list(Major).index),
        group=wanted.group or found.wanted.group,
    )
    return stays_anyway(called, wanted) or replace(found, wanted=both)


def _place(
    dependency: Dependency, lines: Answer, answers: Mapping[Package, Answer], wanted: Effective
) -> runtimes.Place | Skip:
    early = stays_anyway(dependency, wanted)
    if early is not None:
        return early
    if not isinstance(lines, Listing):
        return unlisted(lines)
    if dependency.package == lines.package:
        return runtimes.Place(dependency, wanted, None)
    offers = answers.get(dependency.package, _NOT_ASKED)
    if not isinstance(offers, Listing):
        return unlisted(offers)
    return runtimes.Place(dependency, wanted, offers)


def group(updates: Iterable[Update]) -> tuple[tuple[Update, ...], ...]:
    """The updates that share a proposal: one each, unless policy names a group.

    A group never crosses pipelines (their gates differ, DESIGN law 12), nor tracks: a major
    update split from a smaller one states other texts in the same places.
    """
    together: dict[tuple[str, str, str | None, str], list[Update]] = defaultdict(list)
    for update in updates:
        alone = update.subject if update.group is None else ""
        together[update.pipeline, update.track, update.group, alone].append(update)
    return tuple(tuple(members) for members in together.values())


# All sites of the subject


_AT_REST = frozenset(
    {
        SkipReason.UP_TO_DATE,
        SkipReason.IN_RANGE,
        SkipReason.IGNORED,
        SkipReason.FLOATING,
        SkipReason.LOCAL,
        SkipReason.UNPINNED,
    }
)
"""Reasons of sites that need not move for the others to move."""

_INDIFFERENT = _AT_REST - {SkipReason.IGNORED}
"""Reasons of sites whose own place may move with another site that shares it."""

_Moving = list[tuple[PackageSite, Move]]


def _move(
    sites: Sequence[PackageSite], early: Sequence[tuple[Dependency, Skip]], moment: Moment
) -> tuple[tuple[Update, ...], _Stayed]:
    """The updates of these sites, and why the others (``early`` among them) stay."""
    if not any(site.wanted.major is Major.SPLIT for site in sites):
        update, stayed = _joint(sites, early, moment, Bump.MAJOR)
        return (update,) if update else (), stayed
    smaller, stayed = _joint(sites, early, moment, Bump.CALENDAR)
    newest, whole = _joint(sites, early, moment, Bump.MAJOR)
    major = replace(newest, track=MAJOR_TRACK) if newest and newest.bump is Bump.MAJOR else None
    updates = tuple(update for update in (smaller, major) if update is not None)
    moving = {id(dependency) for update in updates for dependency in update.dependencies}
    # Where even the major one does not move a site, its reason is not that majors are apart.
    reasons = {id(dependency): skip for dependency, skip in whole}
    return updates, [(d, reasons.get(id(d), skip)) for d, skip in stayed if id(d) not in moving]


def _joint(
    sites: Sequence[PackageSite], early: Sequence[tuple[Dependency, Skip]], moment: Moment, largest: Bump
) -> tuple[Update | None, _Stayed]:
    """One update of every site that can take the newest release that any of them can take."""
    surveys = [(site, newest_for(site, moment, largest)) for site in sites]
    settled = [(site, way_to(site, survey)) for site, survey in surveys]
    stayed = [*early, *((site.dependency, found) for site, found in settled if isinstance(found, Skip))]
    moving = [(site, found) for site, found in settled if isinstance(found, Move)]
    if not moving:
        return None, stayed
    rules = moving[0][0].rules
    target = max((move.release for _, move in moving), key=lambda release: rules.key(release.version))
    left = [site for site, move in moving if move.release.version != target.version]
    stayed += [(site.dependency, _left(site, target, moment, largest)) for site in left]
    together = _apart([(site, move) for site, move in moving if move.release.version == target.version], stayed)
    blocking = next((skip for _, skip in stayed if skip.reason not in _AT_REST), None)
    if blocking and together and together[0][0].dependency.kind is not Kind.LIBRARY:
        whole = Skip(SkipReason.BLOCKED_SITE, f"another place can't follow: {blocking.detail}", target)
        return None, [*stayed, *((site.dependency, whole) for site, _ in together)]
    if not together:
        return None, stayed
    held = [skip for _, survey in surveys for skip in survey.held]
    return _update(together, (*_not_taken(held, target, rules), *_staying(stayed))), stayed


def _apart(together: _Moving, stayed: _Stayed) -> _Moving:
    """Those that move without taking along a place that stays; the others are added to ``stayed``.

    Several statements may share one pin (a catalog's definition, an ARG): it moves for all of
    them or for none.
    """
    fixed = {pin: at for at, skip in stayed if skip.reason not in _INDIFFERENT for pin in at.pins}
    while tied := [(site, move) for site, move in together if not fixed.keys().isdisjoint(site.dependency.pins)]:
        for site, move in tied:
            other = next(fixed[pin] for pin in site.dependency.pins if pin in fixed)
            detail = f"one place states it for {other.path}:{other.statement.line} too, which stays"
            stayed.append((site.dependency, Skip(SkipReason.BLOCKED_SITE, detail, move.release)))
        fixed |= {pin: site.dependency for site, _ in tied for pin in site.dependency.pins if pin not in fixed}
        gone = {id(site) for site, _ in tied}
        together = [(site, move) for site, move in together if id(site) not in gone]
    return together


def _left(site: PackageSite, target: Release, moment: Moment, largest: Bump) -> Skip:
    """Why this site can't go where the others go."""
    objection = against(site, target, moment, Limit(site.in_use, largest))
    if objection is not None:
        return replace(objection, candidate=target)
    return Skip(SkipReason.BLOCKED_SITE, f"{target.version} can't be taken here", target)


def _not_taken(held: Iterable[Skip], target: Release, rules: Scheme) -> tuple[str, ...]:
    """The newest release above the target, and why it waits; nothing where the target is the newest."""
    above = [
        (rules.key(skip.candidate.version), skip.candidate.version, skip.detail)
        for skip in held
        if skip.candidate is not None and skip.reason not in NO_LOSS
    ]
    newest = max(above, key=lambda one: one[0], default=None)
    if newest is None or newest[0] <= rules.key(target.version):
        return ()
    return (f"{newest[1]} waits: {newest[2]}",)


def _staying(stayed: _Stayed) -> tuple[str, ...]:
    return tuple(
        f"{dependency.path}:{dependency.statement.line} stays at {dependency.constraint or 'no version'}: {skip.detail}"
        for dependency, skip in stayed
        if skip.reason not in _AT_REST
    )


def _update(together: Sequence[tuple[PackageSite, Move]], reasons: tuple[str, ...]) -> Update:
    site, move = together[0]
    rules, release = site.rules, move.release
    used = [_from(member, release) for member, _ in together]
    bump = max((rules.bump(version, release.version) for version in used), key=_SIZES.index)
    return Update(
        subject=site.dependency.subject,
        package=site.dependency.package,
        kind=site.dependency.kind,
        from_version=min(used, key=rules.key),
        version=release.version,
        release=release,
        dependencies=tuple(member.dependency for member, _ in together),
        changes=tuple(change for _, way in together for change in way.changes),
        bump=bump,
        pipeline=site.wanted.pipeline,
        group=site.wanted.group,
        track="",
        reasons=reasons,
        cautions=runtimes.cautions_of((member.dependency for member, _ in together), bump),
    )


def _from(site: PackageSite, release: Release) -> str:
    """The version that the site moves away from: the one in use, or its floor where that is newer than the release."""
    used = site.in_use
    return used if site.rules.key(used) < site.rules.key(release.version) else site.current
