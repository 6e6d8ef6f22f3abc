"""Decide: what moves, to which version, and why everything else stays. Pure.

``decide`` takes one subject with all its sites. Each site is *surveyed* for the newest release
it can take; the newest of those is the target; sites that can't take the target are named
(DESIGN law 3). Every site ends up in an update or with a skip that says why (law 4).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from bot.core import runtimes
from bot.core.machine_images.asked import REGISTRY, Asked, beside
from bot.core.model import (
    Answer,
    Bump,
    Change,
    Decision,
    Dependency,
    Gallery,
    History,
    Kind,
    Listing,
    Locked,
    Package,
    Part,
    Pin,
    Release,
    Role,
    Runtime,
    Skip,
    SkipReason,
    Strategy,
    Unavailable,
    Update,
)
from bot.core.rules import Effective, Major, Policy, effective, image_rules
from bot.core.versions import scheme
from bot.core.versions.base import Scheme

if TYPE_CHECKING:
    from bot.core.machine_images.decide import Site

MAJOR_TRACK = "major"
"""What tells the major update of a subject from its smaller one when they are split."""

_SIZES = list(Bump)
_NUMBERS = re.compile(r"(?:[0-9]+!)?([0-9]+(?:\.[0-9]+)*)")


_PYTHON = runtimes.RUNTIMES["python"].subject
_NOT_ASKED = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "its registry was not asked")


@dataclass(frozen=True, slots=True)
class _Site:
    """One dependency with what the registry and the policy say of it."""

    dependency: Dependency
    listing: Listing
    rules: Scheme
    wanted: Effective
    current: str

    @property
    def fixed(self) -> bool:
        """Whether one version is in use for certain: pinned or locked."""
        return self.dependency.locked or self.rules.exact(self.dependency.constraint) is not None

    @property
    def in_use(self) -> str:
        """The version that an install takes today: for an open range without a lock, the newest it admits."""
        if self.fixed:
            return self.current
        return _newest_admitted(self.rules, self.dependency.constraint, self.listing) or self.current


@dataclass(frozen=True, slots=True)
class _Survey:
    """The newest release a site can take (None: nothing newer), and newer ones it can't, newest first."""

    target: Release | None
    held: tuple[Skip, ...]


@dataclass(frozen=True, slots=True)
class _Moment:
    """What decisions depend on beside the site; ``locked`` is what lock files bring in."""

    history: History
    now: datetime
    locked: Sequence[Locked] = ()


_Stayed = list[tuple[Dependency, Skip]]


def to_look_up(dependencies: Iterable[Dependency], policy: Policy) -> frozenset[Package]:
    """The packages whose releases matter: not those that stay whatever their registry says."""
    wanted = [(d, effective(policy, d)) for d in dependencies]
    asked = [_asked(d, own, policy) for d, own in wanted if _is_image(d) and _stays(d, own) is None]
    moving = [d for d, own in wanted if not _is_image(d) and _stays(d, own) is None]
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
    every, moment = list(dependencies), _Moment(history, now, locked)
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
    moment = _Moment(history, now)
    if runtimes.named(dependencies[0].subject):
        return _decide_runtime(dependencies, answers, policy, moment, ())
    skips: _Stayed = []
    sites: list[_Site] = []
    for dependency in dependencies:
        site = _admit(dependency, answers.get(dependency.package, _NOT_ASKED), effective(policy, dependency))
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
    moment: _Moment,
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
    running = any(runtimes.runs(at) and _stays(at, own) is None for at, own in wanted)
    for dependency, own in wanted:
        if running:
            yield dependency, _place(dependency, lines, answers, own)
        else:
            yield dependency, _stays(dependency, own) or runtimes.at_rest(runtimes.Place(dependency, own, None))


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
    if dependency.package.registry != "pypi" or not _moves_with_its_lock(dependency):
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
        used = _release(listing, dependency.current or "", scheme(dependency.statement.scheme))
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
    known = _release(listing, locked.version, rules) if listing and rules.key(locked.version) is not None else None
    if known is None:
        return runtimes.Needed(locked.name, locked.version, locked.wheels, markers=locked.markers)
    return _of(locked.name, known, locked.markers)


def _is_image(dependency: Dependency) -> bool:
    return dependency.statement.package.registry == REGISTRY


def _asked(dependency: Dependency, wanted: Effective, policy: Policy) -> Package:
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
        beside(dependency.path, around.within),
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

    rules = image_rules(policy)
    sites: list[images.Site] = []
    stays: _Stayed = []
    for dependency in dependencies:
        wanted = effective(policy, dependency)
        early = _stays(dependency, wanted)
        answer = answers.get(_asked(dependency, wanted, policy), _NOT_ASKED) if early is None else _NOT_ASKED
        site = early or (_pictured(dependency, answer, policy) if isinstance(answer, Gallery) else _unlisted(answer))
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
    return _stays(called, wanted) or replace(found, wanted=both)


def _place(
    dependency: Dependency, lines: Answer, answers: Mapping[Package, Answer], wanted: Effective
) -> runtimes.Place | Skip:
    early = _stays(dependency, wanted)
    if early is not None:
        return early
    if not isinstance(lines, Listing):
        return _unlisted(lines)
    if dependency.package == lines.package:
        return runtimes.Place(dependency, wanted, None)
    offers = answers.get(dependency.package, _NOT_ASKED)
    if not isinstance(offers, Listing):
        return _unlisted(offers)
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


# What is settled before any release is looked at


def _admit(dependency: Dependency, answer: Answer, wanted: Effective) -> _Site | Skip:
    """The site, if its releases are worth looking at."""
    early = _stays(dependency, wanted)
    if early is not None:
        return early
    if not isinstance(answer, Listing):
        return _unlisted(answer)
    if not answer.releases:
        return Skip(SkipReason.WITHDRAWN, answer.notice or f"{answer.package.name} has no releases")
    return _known(dependency, answer, wanted)


def _unlisted(answer: Answer) -> Skip:
    """Why there are no releases to choose from."""
    if isinstance(answer, Unavailable):
        return Skip(answer.reason, answer.detail)
    return Skip(SkipReason.NOT_FOUND, "its registry told of something else than releases")


def _stays(dependency: Dependency, wanted: Effective) -> Skip | None:
    """Why the site stays whatever the registry says."""
    statement = dependency.statement
    if statement.ignored is not None:
        return Skip(SkipReason.IGNORED, statement.ignored)
    whole = next((ignore for ignore in wanted.ignores if not ignore.versions), None)
    if whole is not None:
        return Skip(SkipReason.IGNORED, whole.reason or "ignored by policy")
    obstacle = statement.obstacle
    if obstacle is not None and not _moves_with_its_lock(dependency):
        return Skip(obstacle.reason, obstacle.detail)
    if statement.constraint and not scheme(statement.scheme).valid(statement.constraint):
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, f"{statement.constraint!r} is not a constraint we can read")
    if dependency.current is None and not dependency.constraint:
        return Skip(SkipReason.UNPINNED, "no version is stated: every install takes the newest")
    return None


def _moves_with_its_lock(dependency: Dependency) -> bool:
    """Whether the obstacle stands only in the way of the manifest, while the locked version can move."""
    obstacle = dependency.statement.obstacle
    if obstacle is None or obstacle.reason is SkipReason.LOCK_NOT_REFRESHED:
        return True
    return obstacle.reason is SkipReason.FLOATING and dependency.locked


def _known(dependency: Dependency, listing: Listing, wanted: Effective) -> _Site | Skip:
    """The site, if the version in use is one that the registry lists.

    A pinned version that the registry does not know means that the package comes from somewhere
    else; moving it could put a stranger's package of the same name in its place.
    """
    rules = scheme(dependency.statement.scheme)
    current = dependency.current or _newest_admitted(rules, dependency.constraint, listing)
    key = rules.key(current) if current else None
    if current is None:
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, f"{dependency.constraint} admits no release that is listed")
    if key is None:
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, f"{current!r} is not a version")
    site = _Site(dependency, listing, rules, wanted, current)
    if site.fixed and not listing.partial and _listed(site) is None:
        source = f" of {dependency.lock}" if dependency.locked else ""
        where = f"{dependency.package.registry} does not list {dependency.package.name} {current}{source}"
        return Skip(SkipReason.NOT_FOUND, f"{where}: it may come from another index")
    return site


def _listed(site: _Site) -> Release | None:
    """The release in use, None where the registry does not list it."""
    return _release(site.listing, site.current, site.rules)


def _release(listing: Listing, wanted: str, rules: Scheme) -> Release | None:
    """The release of a version, however it is spelt; None where the registry does not list it."""
    versions, key = listing.versions, rules.key(wanted)
    if wanted in versions:
        return listing.releases[versions.index(wanted)]
    same = (n for n, version in enumerate(versions) if rules.key(version) == key)
    at = next(same, None)
    return None if at is None else listing.releases[at]


# One site: the newest release it can take


def _survey(site: _Site, moment: _Moment, largest: Bump) -> _Survey:
    """Walk the releases from the newest down to the one in use; the first without an objection is taken."""
    held: list[Skip] = []
    newer, versions = _newer(site), site.listing.versions
    stable = any(not site.rules.is_prerelease(versions[at]) for at in newer)
    in_use = site.in_use
    for release in (site.listing.releases[at] for at in newer):
        if site.rules.is_prerelease(release.version) and not _takes_prereleases(site, release, stable=stable):
            continue
        objection = _objection(site, release, moment, _Limit(in_use, largest))
        if objection is None:
            return _Survey(release, tuple(held))
        held.append(replace(objection, candidate=release))
    return _Survey(None, tuple(held))


def _newer(site: _Site) -> list[int]:
    """The places of the releases above the one in use; a listing has the newest first."""
    current = site.rules.key(site.current)
    places: list[int] = []
    for at, version in enumerate(site.listing.versions):
        key = site.rules.key(version)
        if key is not None and key <= current:
            break
        if key is not None:
            places.append(at)
    return places


def _takes_prereleases(site: _Site, release: Release, *, stable: bool) -> bool:
    """Only where policy asks for them, or one is in use and this is of the same release.

    Who publishes nothing but pre-releases is followed through them: ``stable`` tells that there
    is a newer release that is none.
    """
    if site.wanted.prereleases:
        return True
    in_use = site.rules.is_prerelease(site.current)
    return in_use and (not stable or _numbers(site.current) == _numbers(release.version))


def _numbers(version: str) -> str:
    """The numbers that a version begins with, at least three: what its pre-releases have in common."""
    found = _NUMBERS.search(version)
    segments = found[1].split(".") if found else []
    return ".".join([*segments, *["0"] * (3 - len(segments))])


@dataclass(frozen=True, slots=True)
class _Limit:
    """The largest step that is wanted, counted from the version in use."""

    in_use: str
    largest: Bump


def _objection(site: _Site, release: Release, moment: _Moment, limit: _Limit) -> Skip | None:
    """The first reason why this site can't take this release, None when it can."""
    checks: tuple[Callable[[], Skip | None], ...] = (
        lambda: _above_latest(site, release),
        lambda: _withdrawn(release),
        lambda: _unwanted(site, release),
        lambda: _refused(site, release, moment),
        lambda: _outside(site, release),
        lambda: _too_large(site, release, limit),
        lambda: _needs_runtime(site, release),
        lambda: _too_young(site, release, moment.now),
    )
    return next((found for check in checks if (found := check()) is not None), None)


def _above_latest(site: _Site, release: Release) -> Skip | None:
    latest = site.rules.key(site.listing.latest) if site.listing.latest else None
    if latest is None or site.rules.key(site.current) > latest or site.rules.key(release.version) <= latest:
        return None
    return Skip(SkipReason.ABOVE_LATEST, f"the publisher calls {site.listing.latest} the latest")


def _withdrawn(release: Release) -> Skip | None:
    if release.yanked is None:
        return None
    said = f": {_shortened(release.yanked)}" if release.yanked else ""
    return Skip(SkipReason.WITHDRAWN, f"its publisher withdrew {release.version}{said}")


def _shortened(text: str) -> str:
    """A publisher's words on one line of at most 120 characters, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())
    return line if len(line) <= 120 else f"{line[:119]}…"


def _unwanted(site: _Site, release: Release) -> Skip | None:
    # A pre-release of a version that is not wanted is not wanted either.
    early = site.rules.is_prerelease(release.version)
    texts = (release.version, _numbers(release.version)) if early else (release.version,)
    for ignore in site.wanted.ignores:
        if not site.rules.valid(ignore.versions):
            detail = f"policy ignores {ignore.versions!r}, which can't be read here, so no version is taken"
            return Skip(SkipReason.IGNORED, detail)
        if any(site.rules.satisfies(text, ignore.versions) for text in texts):
            return Skip(SkipReason.IGNORED, ignore.reason or f"policy ignores {ignore.versions}")
    return None


def _refused(site: _Site, release: Release, moment: _Moment) -> Skip | None:
    """What history says: who does not want a version is not offered an older one in its place."""
    package, key = site.dependency.package, site.rules.key
    refusal = moment.history.refusal(package, release.version)
    if refusal is not None:
        return Skip(refusal.reason, refusal.detail)
    own, declined = key(release.version), moment.history.declined(package)
    above = (one for one in declined if own is not None and (its := key(one.version)) is not None and its > own)
    newer = next(above, None)
    return None if newer is None else Skip(newer.reason, f"{newer.version}: {newer.detail}")


def _outside(site: _Site, release: Release) -> Skip | None:
    if site.wanted.strategy is not Strategy.LOCK_ONLY:
        return None
    if site.rules.satisfies(release.version, site.dependency.constraint):
        return None
    return Skip(SkipReason.HELD, f"the strategy lock_only leaves {site.dependency.constraint} as it is")


def _too_large(site: _Site, release: Release, limit: _Limit) -> Skip | None:
    hold = site.wanted.major is Major.HOLD
    if limit.largest is Bump.MAJOR and not hold:
        return None
    if site.rules.bump(limit.in_use, release.version) is not Bump.MAJOR:
        return None
    return Skip(SkipReason.HELD, "policy holds back major releases" if hold else "major releases are proposed apart")


def _needs_runtime(site: _Site, release: Release) -> Skip | None:
    runtime = site.dependency.runtime
    if runtime is None:
        return None
    needed = dict(release.requires).get(runtime.name)
    rules = scheme(runtime.scheme)
    if not needed or not rules.valid(needed) or rules.satisfies(runtime.floor, needed):
        return None
    return Skip(SkipReason.NEEDS_RUNTIME, f"needs {runtime.name} {needed}; {_declared(runtime)}")


def _declared(runtime: Runtime) -> str:
    if "python_" in runtime.declared:
        return f"its marker says {runtime.declared}"
    return f"{runtime.path} declares {runtime.declared}"


def _too_young(site: _Site, release: Release, now: datetime) -> Skip | None:
    if release.since is None:
        return Skip(SkipReason.TOO_YOUNG, "its registry states no dates, and it was seen just now")
    age = now - release.since
    if age >= site.wanted.minimum_age:
        return None
    ready = release.since + site.wanted.minimum_age
    return Skip(SkipReason.TOO_YOUNG, f"published {release.since:%Y-%m-%d}; old enough on {ready:%Y-%m-%d}")


# What the release means for one site


@dataclass(frozen=True, slots=True)
class _Move:
    """A site's way to a release: the texts that its pins become."""

    release: Release
    changes: tuple[Change, ...]


def _settle(site: _Site, survey: _Survey) -> _Move | Skip:
    """How the site follows to the release it can take, or why it stays."""
    release = survey.target
    if release is None:
        return _rest(site, survey)
    dependency = site.dependency
    if _admitted(site, release) and site.wanted.strategy not in {Strategy.BUMP, Strategy.PIN}:
        return _lock_waits(dependency, release) if dependency.locked else _rest(site, survey)
    if dependency.lock is not None or dependency.statement.obstacle is not None:
        return _lock_waits(dependency, release)
    return _rewritten(site, release)


def _admitted(site: _Site, release: Release) -> bool:
    constraint = site.dependency.constraint
    return site.rules.exact(constraint) is None and site.rules.satisfies(release.version, constraint)


def _lock_waits(dependency: Dependency, release: Release) -> Skip:
    where = dependency.lock or dependency.path
    obstacle = dependency.statement.obstacle
    detail = obstacle.detail if obstacle and dependency.lock is None else f"{where} has to be refreshed with it"
    return Skip(SkipReason.LOCK_NOT_REFRESHED, detail, release)


_NO_LOSS = frozenset({SkipReason.ABOVE_LATEST, SkipReason.WITHDRAWN})
"""Objections to releases that nobody misses: what is older than them counts as the newest."""


def _rest(site: _Site, survey: _Survey) -> Skip:
    """Why there is nothing to do: the newest is in use or in range, or what is newer is held back."""
    for held in survey.held:
        missed = held.candidate is not None and not _admitted(site, held.candidate)
        if missed and held.reason not in _NO_LOSS:
            return held
    if not site.fixed:
        return Skip(SkipReason.IN_RANGE, f"{site.dependency.constraint} admits the newest release")
    used = _listed(site)
    withdrawn = _withdrawn(used) if used else None
    if withdrawn is not None:
        return replace(withdrawn, detail=f"{withdrawn.detail} (it is in use, and nothing newer stands)")
    return Skip(SkipReason.UP_TO_DATE, f"{site.current} is the newest release")


def _rewritten(site: _Site, release: Release) -> _Move | Skip:
    """The texts that state the release in the author's style."""
    dependency = site.dependency
    text = site.rules.rewrite(dependency.constraint, release.version, _strategy(site))
    if text is None or not dependency.pins:
        detail = f"{dependency.constraint!r} can't be rewritten safely for {release.version}"
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, detail, release)
    if text == dependency.constraint:
        return Skip(SkipReason.IN_RANGE, f"{text} admits the newest release")
    changes = tuple(_change(dependency, pin, text, release) for pin in dependency.pins)
    if any(change is None for change in changes):
        return Skip(SkipReason.BLOCKED_SITE, f"{release.version} can't be written in all the places it needs", release)
    return _Move(release, tuple(change for change in changes if change is not None))


def _strategy(site: _Site) -> Strategy:
    """What ``auto`` means: peers, and what a library asks of its users, widen; everything else replaces."""
    if site.wanted.strategy is not Strategy.AUTO:
        return site.wanted.strategy
    statement = site.dependency.statement
    published = site.dependency.role is Role.LIBRARY and _for_users(statement.context.group)
    return Strategy.WIDEN if statement.widens or published else Strategy.REPLACE


def _for_users(group: str) -> bool:
    """Whether the users of a library may install what this section lists."""
    return group in {"", "dependencies", "optionalDependencies"} or group.startswith("optional:")


def _change(dependency: Dependency, pin: Pin, constraint: str, release: Release) -> Change | None:
    """The change of one pin, None where the release can't be stated there."""
    if pin.part is Part.DIGEST:
        text = _digest_text(release.digest)
        return None if text is None or len(text) != len(pin.text) else Change(pin, text, release)
    before, after = dependency.statement.frame
    if (
        len(constraint) < len(before) + len(after)
        or not constraint.startswith(before)
        or not constraint.endswith(after)
    ):
        return None
    return Change(pin, constraint[len(before) : len(constraint) - len(after)], release)


def _digest_text(digest: str | None) -> str | None:
    """A digest as hexadecimal: subresource integrity (``sha512-BASE64``) is converted, hex stays."""
    if digest is None or not digest.startswith("sha512-"):
        return digest
    try:
        return base64.b64decode(digest.removeprefix("sha512-"), validate=True).hex()
    except binascii.Error:
        return None


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

_Moving = list[tuple[_Site, _Move]]


def _move(
    sites: Sequence[_Site], early: Sequence[tuple[Dependency, Skip]], moment: _Moment
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
    sites: Sequence[_Site], early: Sequence[tuple[Dependency, Skip]], moment: _Moment, largest: Bump
) -> tuple[Update | None, _Stayed]:
    """One update of every site that can take the newest release that any of them can take."""
    surveys = [(site, _survey(site, moment, largest)) for site in sites]
    settled = [(site, _settle(site, survey)) for site, survey in surveys]
    stayed = [*early, *((site.dependency, found) for site, found in settled if isinstance(found, Skip))]
    moving = [(site, found) for site, found in settled if isinstance(found, _Move)]
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


def _left(site: _Site, target: Release, moment: _Moment, largest: Bump) -> Skip:
    """Why this site can't go where the others go."""
    objection = _objection(site, target, moment, _Limit(site.in_use, largest))
    if objection is not None:
        return replace(objection, candidate=target)
    return Skip(SkipReason.BLOCKED_SITE, f"{target.version} can't be taken here", target)


def _not_taken(held: Iterable[Skip], target: Release, rules: Scheme) -> tuple[str, ...]:
    """The newest release above the target, and why it waits; nothing where the target is the newest."""
    above = [
        (rules.key(skip.candidate.version), skip.candidate.version, skip.detail)
        for skip in held
        if skip.candidate is not None and skip.reason not in _NO_LOSS
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


def _update(together: Sequence[tuple[_Site, _Move]], reasons: tuple[str, ...]) -> Update:
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


def _from(site: _Site, release: Release) -> str:
    """The version that the site moves away from: the one in use, or its floor where that is newer than the release."""
    used = site.in_use
    return used if site.rules.key(used) < site.rules.key(release.version) else site.current


def _newest_admitted(rules: Scheme, constraint: str, listing: Listing) -> str | None:
    standing = (release.version for release in listing.releases if release.yanked is None)
    return next((version for version in standing if rules.satisfies(version, constraint)), None)
