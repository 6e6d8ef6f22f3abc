"""One place that states a package: the newest release that it can take, and how it would say so. Pure.

A place is *surveyed* for the newest release that nothing speaks against; then it says what it
would become, or why it stays.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.model import (
    Answer,
    Bump,
    Change,
    Dependency,
    History,
    Listing,
    Locked,
    Part,
    Pin,
    Release,
    Role,
    Runtime,
    Skip,
    SkipReason,
    Strategy,
    Unavailable,
)
from bot.core.rules import Effective, Major
from bot.core.versions import scheme
from bot.core.versions.base import Scheme

_NUMBERS = re.compile(r"(?:[0-9]+!)?([0-9]+(?:\.[0-9]+)*)")


@dataclass(frozen=True, slots=True)
class PackageSite:
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
        return newest_admitted(self.rules, self.dependency.constraint, self.listing) or self.current


@dataclass(frozen=True, slots=True)
class Survey:
    """The newest release a site can take (None: nothing newer), and newer ones it can't, newest first."""

    target: Release | None
    held: tuple[Skip, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What decisions depend on beside the site; ``locked`` is what lock files bring in."""

    history: History
    now: datetime
    locked: Sequence[Locked] = ()


# What is settled before any release is looked at


def admit(dependency: Dependency, answer: Answer, wanted: Effective) -> PackageSite | Skip:
    """The site, if its releases are worth looking at."""
    early = stays_anyway(dependency, wanted)
    if early is not None:
        return early
    if not isinstance(answer, Listing):
        return unlisted(answer)
    if not answer.releases:
        return Skip(SkipReason.WITHDRAWN, answer.notice or f"{answer.package.name} has no releases")
    return _known(dependency, answer, wanted)


def unlisted(answer: Answer) -> Skip:
    """Why there are no releases to choose from."""
    if isinstance(answer, Unavailable):
        return Skip(answer.reason, answer.detail)
    return Skip(SkipReason.NOT_FOUND, "its registry told of something else than releases")


def stays_anyway(dependency: Dependency, wanted: Effective) -> Skip | None:
    """Why the site stays whatever the registry says."""
    statement = dependency.statement
    if statement.ignored is not None:
        return Skip(SkipReason.IGNORED, statement.ignored)
    whole = next((ignore for ignore in wanted.ignores if not ignore.versions), None)
    if whole is not None:
        return Skip(SkipReason.IGNORED, whole.reason or "ignored by policy")
    obstacle = statement.obstacle
    if obstacle is not None and not moves_with_its_lock(dependency):
        return Skip(obstacle.reason, obstacle.detail)
    if statement.constraint and not scheme(statement.scheme).valid(statement.constraint):
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, f"{statement.constraint!r} is not a constraint we can read")
    if dependency.current is None and not dependency.constraint:
        return Skip(SkipReason.UNPINNED, "no version is stated: every install takes the newest")
    return None


def moves_with_its_lock(dependency: Dependency) -> bool:
    """Whether the obstacle stands only in the way of the manifest, while the locked version can move."""
    obstacle = dependency.statement.obstacle
    if obstacle is None or obstacle.reason is SkipReason.LOCK_NOT_REFRESHED:
        return True
    return obstacle.reason is SkipReason.FLOATING and dependency.locked


def _known(dependency: Dependency, listing: Listing, wanted: Effective) -> PackageSite | Skip:
    """The site, if the version in use is one that the registry lists.

    A pinned version that the registry does not know means that the package comes from somewhere
    else; moving it could put a stranger's package of the same name in its place.
    """
    rules = scheme(dependency.statement.scheme)
    current = dependency.current or newest_admitted(rules, dependency.constraint, listing)
    key = rules.key(current) if current else None
    if current is None:
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, f"{dependency.constraint} admits no release that is listed")
    if key is None:
        return Skip(SkipReason.UNSUPPORTED_CONSTRAINT, f"{current!r} is not a version")
    site = PackageSite(dependency, listing, rules, wanted, current)
    if site.fixed and not listing.partial and _listed(site) is None:
        source = f" of {dependency.lock}" if dependency.locked else ""
        where = f"{dependency.package.registry} does not list {dependency.package.name} {current}{source}"
        return Skip(SkipReason.NOT_FOUND, f"{where}: it may come from another index")
    return site


def _listed(site: PackageSite) -> Release | None:
    """The release in use, None where the registry does not list it."""
    return release_of(site.listing, site.current, site.rules)


def release_of(listing: Listing, wanted: str, rules: Scheme) -> Release | None:
    """The release of a version, however it is spelt; None where the registry does not list it."""
    versions, key = listing.versions, rules.key(wanted)
    if wanted in versions:
        return listing.releases[versions.index(wanted)]
    same = (n for n, version in enumerate(versions) if rules.key(version) == key)
    at = next(same, None)
    return None if at is None else listing.releases[at]


# One site: the newest release it can take


def newest_for(site: PackageSite, moment: Moment, largest: Bump) -> Survey:
    """Walk the releases from the newest down to the one in use; the first without an objection is taken."""
    held: list[Skip] = []
    newer, versions = _newer(site), site.listing.versions
    stable = any(not site.rules.is_prerelease(versions[at]) for at in newer)
    in_use = site.in_use
    for release in (site.listing.releases[at] for at in newer):
        if site.rules.is_prerelease(release.version) and not _takes_prereleases(site, release, stable=stable):
            continue
        objection = against(site, release, moment, Limit(in_use, largest))
        if objection is None:
            return Survey(release, tuple(held))
        held.append(replace(objection, candidate=release))
    return Survey(None, tuple(held))


def _newer(site: PackageSite) -> list[int]:
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


def _takes_prereleases(site: PackageSite, release: Release, *, stable: bool) -> bool:
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
class Limit:
    """The largest step that is wanted, counted from the version in use."""

    in_use: str
    largest: Bump


def against(site: PackageSite, release: Release, moment: Moment, limit: Limit) -> Skip | None:
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


def _above_latest(site: PackageSite, release: Release) -> Skip | None:
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


def _unwanted(site: PackageSite, release: Release) -> Skip | None:
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


def _refused(site: PackageSite, release: Release, moment: Moment) -> Skip | None:
    """What history says: who does not want a version is not offered an older one in its place."""
    package, key = site.dependency.package, site.rules.key
    refusal = moment.history.refusal(package, release.version)
    if refusal is not None:
        return Skip(refusal.reason, refusal.detail)
    own, declined = key(release.version), moment.history.declined(package)
    above = (one for one in declined if own is not None and (its := key(one.version)) is not None and its > own)
    newer = next(above, None)
    return None if newer is None else Skip(newer.reason, f"{newer.version}: {newer.detail}")


def _outside(site: PackageSite, release: Release) -> Skip | None:
    if site.wanted.strategy is not Strategy.LOCK_ONLY:
        return None
    if site.rules.satisfies(release.version, site.dependency.constraint):
        return None
    return Skip(SkipReason.HELD, f"the strategy lock_only leaves {site.dependency.constraint} as it is")


def _too_large(site: PackageSite, release: Release, limit: Limit) -> Skip | None:
    hold = site.wanted.major is Major.HOLD
    if limit.largest is Bump.MAJOR and not hold:
        return None
    if site.rules.bump(limit.in_use, release.version) is not Bump.MAJOR:
        return None
    return Skip(SkipReason.HELD, "policy holds back major releases" if hold else "major releases are proposed apart")


def _needs_runtime(site: PackageSite, release: Release) -> Skip | None:
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


def _too_young(site: PackageSite, release: Release, now: datetime) -> Skip | None:
    if release.since is None:
        return Skip(SkipReason.TOO_YOUNG, "its registry states no dates, and it was seen just now")
    age = now - release.since
    if age >= site.wanted.minimum_age:
        return None
    ready = release.since + site.wanted.minimum_age
    return Skip(SkipReason.TOO_YOUNG, f"published {release.since:%Y-%m-%d}; old enough on {ready:%Y-%m-%d}")


# What the release means for one site


@dataclass(frozen=True, slots=True)
class Move:
    """A site's way to a release: the texts that its pins become."""

    release: Release
    changes: tuple[Change, ...]


def way_to(site: PackageSite, survey: Survey) -> Move | Skip:
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


def _admitted(site: PackageSite, release: Release) -> bool:
    constraint = site.dependency.constraint
    return site.rules.exact(constraint) is None and site.rules.satisfies(release.version, constraint)


def _lock_waits(dependency: Dependency, release: Release) -> Skip:
    where = dependency.lock or dependency.path
    obstacle = dependency.statement.obstacle
    detail = obstacle.detail if obstacle and dependency.lock is None else f"{where} has to be refreshed with it"
    return Skip(SkipReason.LOCK_NOT_REFRESHED, detail, release)


NO_LOSS = frozenset({SkipReason.ABOVE_LATEST, SkipReason.WITHDRAWN})
"""Objections to releases that nobody misses: what is older than them counts as the newest."""


def _rest(site: PackageSite, survey: Survey) -> Skip:
    """Why there is nothing to do: the newest is in use or in range, or what is newer is held back."""
    for held in survey.held:
        missed = held.candidate is not None and not _admitted(site, held.candidate)
        if missed and held.reason not in NO_LOSS:
            return held
    if not site.fixed:
        return Skip(SkipReason.IN_RANGE, f"{site.dependency.constraint} admits the newest release")
    used = _listed(site)
    withdrawn = _withdrawn(used) if used else None
    if withdrawn is not None:
        return replace(withdrawn, detail=f"{withdrawn.detail} (it is in use, and nothing newer stands)")
    return Skip(SkipReason.UP_TO_DATE, f"{site.current} is the newest release")


def _rewritten(site: PackageSite, release: Release) -> Move | Skip:
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
    return Move(release, tuple(change for change in changes if change is not None))


def _strategy(site: PackageSite) -> Strategy:
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


def newest_admitted(rules: Scheme, constraint: str, listing: Listing) -> str | None:
    """The newest version that a constraint admits, of those that stand."""
    standing = (release.version for release in listing.releases if release.yanked is None)
    return next((version for version in standing if rules.satisfies(version, constraint)), None)
