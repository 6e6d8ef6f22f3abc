"""Language runtimes: one decision for all places of a repository that state one. Pure.

A runtime is stated in files of its own (``.python-version``), in image tags, in the identifiers
of cloud functions, in floors of manifests. They move together, to the newest line that every one
of them can take (DESIGN law 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.model import (
    EVERY_VERSION,
    Bump,
    Change,
    Decision,
    Dependency,
    History,
    Line,
    Listing,
    Package,
    Part,
    Release,
    Role,
    Skip,
    SkipReason,
    Strategy,
    Update,
)
from bot.core.rules import Effective, Major
from bot.core.versions import scheme

SUBJECT = "runtime:"
REGISTRY = "endoflife"
LAMBDA = Package(REGISTRY, "aws-lambda")
SETTLED = timedelta(days=180)
"""How old a line has to be before it is moved to by itself."""
AHEAD = timedelta(days=180)
"""How long before a line's end the next one becomes urgent."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What is known of a language runtime.

    ``product`` is what endoflife.date calls it; ``images`` are the official images that are
    nothing but this runtime on an operating system; ``function`` what AWS Lambda's identifiers of
    it begin with ("" for none); ``settles`` tells that only lines with long-term support count.
    """

    name: str
    product: str
    images: tuple[str, ...] = ()
    function: str = ""
    settles: bool = False

    @property
    def subject(self) -> str:
        """What moves as one."""
        return SUBJECT + self.name

    @property
    def package(self) -> Package:
        """Where its lines are looked up."""
        return Package(REGISTRY, self.product)


RUNTIMES = {
    one.name: one
    for one in (
        Runtime("python", "python", ("docker.io/library/python",), "python"),
        Runtime("node", "nodejs", ("docker.io/library/node",), "nodejs", settles=True),
        Runtime("go", "go", ("docker.io/library/golang",)),
        Runtime("ruby", "ruby", ("docker.io/library/ruby",), "ruby"),
        Runtime("java", "eclipse-temurin", ("docker.io/library/eclipse-temurin",), "java", settles=True),
        Runtime("dotnet", "dotnet", (), "dotnet", settles=True),
        Runtime("php", "php", ("docker.io/library/php",)),
        Runtime("rust", "rust", ("docker.io/library/rust",)),
        Runtime("terraform", "terraform", ("docker.io/hashicorp/terraform",)),
        Runtime("opentofu", "opentofu"),
        Runtime("kubernetes", "kubernetes"),
    )
}
"""Every runtime that is looked after, by name."""


def named(subject: str) -> str:
    """The name of the runtime that a subject is, "" for one that is none (or none that is known)."""
    name = subject.removeprefix(SUBJECT)
    return name if name != subject and name in RUNTIMES else ""


OF_IMAGE = {image: one for one in RUNTIMES.values() for image in one.images}


def numbers(version: str) -> tuple[int, ...] | None:
    """The numbers of a plain version (``3.13.1``), None for anything else; at most four of nine digits."""
    parts = version.split(".")
    if not 1 <= len(parts) <= 4 or not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts):
        return None
    return tuple(map(int, parts))


# What a place can take


@dataclass(frozen=True, slots=True)
class Place:
    """A place that states the runtime; ``offers`` are the tags or identifiers there are, None where any will do."""

    dependency: Dependency
    wanted: Effective
    offers: Listing | None

    @property
    def where(self) -> str:
        """How people call it."""
        return f"{self.dependency.path}:{self.dependency.statement.line}"

    @property
    def stated(self) -> tuple[int, ...]:
        """The numbers it states; empty where it states none that can be read."""
        rules = scheme(self.dependency.statement.scheme)
        text = rules.exact(self.dependency.constraint) or rules.floor(self.dependency.constraint) or ""
        return _numbers_in(text)


def _numbers_in(text: str) -> tuple[int, ...]:
    key = scheme("runtime").key(text)
    found: tuple[int, ...] = key or ()
    return found


def text_for(place: Place, release: Release) -> str | Skip:
    """What the place would say, or why it can't say that.

    A range is a floor: an application's rises with its runtime, a library's never does by itself.
    """
    statement = place.dependency.statement
    rules, stated = scheme(statement.scheme), statement.constraint
    ranged = rules.exact(stated) is None
    if ranged and place.dependency.role is Role.LIBRARY:
        if rules.satisfies(release.version, stated):
            return stated
        detail = f"{place.where} promises {stated}, which leaves out {release.version}"
        return Skip(SkipReason.BLOCKED_SITE, detail, release)
    text = rules.rewrite(stated, release.version, Strategy.BUMP if ranged else Strategy.REPLACE)
    if text is None:
        return Skip(
            SkipReason.BLOCKED_SITE, f"{place.where}: {stated} can't be rewritten for {release.version}", release
        )
    if place.offers is not None and text != stated and text not in place.offers.versions:
        return Skip(SkipReason.BLOCKED_SITE, f"{place.where}: there is no {statement.package.name} {text}", release)
    return text


# Which line


def objection(release: Release, runtime: Runtime, wanted: Effective, now: datetime) -> Skip | None:
    """Why a line is not moved to by itself, None when it may be."""
    line, today = release.line, now.date()
    if line is None or line.begins is None:
        return Skip(SkipReason.TOO_YOUNG, "nobody says when it began", release)
    if line.ends is not None and line.ends <= today:
        return Skip(SkipReason.WITHDRAWN, f"{line.name} has had no security fixes since {line.ends}", release)
    if runtime.settles and (line.supported_from is None or line.supported_from > today):
        when = f" before {line.supported_from}" if line.supported_from else ""
        return Skip(SkipReason.HELD, f"{line.name} has no long-term support{when}", release)
    ready = line.begins + SETTLED
    if ready > today:
        return Skip(SkipReason.TOO_YOUNG, f"{line.name} began on {line.begins}; old enough on {ready}", release)
    if release.since is None or now - release.since < wanted.minimum_age:
        since = f"published {release.since:%Y-%m-%d}" if release.since else "its date is not known"
        return Skip(SkipReason.TOO_YOUNG, f"{release.version} is too young: {since}", release)
    return None


def _unwanted(release: Release, places: Sequence[Place], history: History, package: Package) -> Skip | None:
    """Why policy or history don't want a release in one of the places."""
    rules = scheme("runtime")
    for refusal in history.of(package):
        if refusal.version == EVERY_VERSION or rules.satisfies(release.version, refusal.version):
            return Skip(refusal.reason, refusal.detail, release)
    for place in places:
        for ignore in place.wanted.ignores:
            if scheme("pep440").satisfies(release.version, ignore.versions):
                return Skip(SkipReason.IGNORED, ignore.reason or f"policy ignores {ignore.versions}", release)
        step = rules.bump(".".join(map(str, place.stated)), release.version)
        if place.wanted.major is Major.HOLD and step is Bump.MAJOR:
            return Skip(SkipReason.HELD, "policy holds back major releases", release)
    return None


# All places


_Texts = dict[int, str]
"""What each place (by ``id`` of its dependency) would say."""


def decide(places: Sequence[Place], lines: Listing, history: History, now: datetime) -> Decision:
    """Move every place to the newest line that all of them can take; ``lines`` are the runtime's own releases."""
    subject = places[0].dependency.subject
    runtime = RUNTIMES[subject.removeprefix(SUBJECT)]
    held: list[Skip] = []
    for release in lines.releases:
        if all(_above(place.stated, release) for place in places):
            break
        found = _taken(release, runtime, places, history, now)
        if isinstance(found, Skip):
            held.append(found)
            continue
        moving = [place for place in places if found[id(place.dependency)] != place.dependency.constraint]
        stays = [(place.dependency, _at_rest(place, release)) for place in places if place not in moving]
        if not moving:
            return Decision(subject, (), tuple((d, _rest(skip, held)) for d, skip in stays))
        return Decision(subject, (_update(moving, found, release, lines, held),), tuple(stays))
    rest = [(place.dependency, _rest(_at_rest(place, None), held)) for place in places]
    return Decision(subject, (), tuple(rest))


def _taken(
    release: Release, runtime: Runtime, places: Sequence[Place], history: History, now: datetime
) -> _Texts | Skip:
    """What every place would say of a release, or the first reason why it is not taken."""
    lower = [place for place in places if not _above(place.stated, release)]
    against = objection(release, runtime, lower[0].wanted, now) or _unwanted(release, lower, history, runtime.package)
    if against is not None:
        return against
    texts: _Texts = {id(place.dependency): place.dependency.constraint for place in places}
    for place in lower:
        text = text_for(place, release)
        if isinstance(text, Skip):
            return text
        texts[id(place.dependency)] = text
    return texts


def _above(stated: tuple[int, ...], release: Release) -> bool:
    """Whether a place is further than a release already, to the precision that it states."""
    own = _numbers_in(release.version)
    return bool(stated) and stated > own[: len(stated)]


def _at_rest(place: Place, release: Release | None) -> Skip:
    version = f" ({release.version})" if release else ""
    return Skip(SkipReason.UP_TO_DATE, f"{place.dependency.constraint} is the newest line that may be taken{version}")


def _rest(skip: Skip, held: Sequence[Skip]) -> Skip:
    """Why there is nothing to do: the newest thing that is held back, where that is more than old age."""
    return next((one for one in held if one.reason is not SkipReason.WITHDRAWN), skip)


def _update(moving: Sequence[Place], texts: _Texts, release: Release, lines: Listing, held: Sequence[Skip]) -> Update:
    first = min(moving, key=lambda place: place.stated)
    precision = max(len(place.stated) for place in moving)
    version = ".".join(map(str, _numbers_in(release.version)[:precision]))
    told = replace(release, version=version)
    before = ".".join(map(str, first.stated))
    changes = tuple(change for place in moving for change in _changes(place, texts[id(place.dependency)], told))
    return Update(
        subject=first.dependency.subject,
        package=RUNTIMES[first.dependency.subject.removeprefix(SUBJECT)].package,
        kind=first.dependency.kind,
        from_version=before,
        version=version,
        release=told,
        dependencies=tuple(place.dependency for place in moving),
        changes=changes,
        bump=scheme("runtime").bump(before, version),
        pipeline=first.wanted.pipeline,
        group=first.wanted.group,
        track="",
        reasons=(*_ends(moving, lines), *_drift(moving), *_waiting(held)),
    )


def _changes(place: Place, text: str, release: Release) -> list[Change]:
    before, after = place.dependency.statement.frame
    inner = text[len(before) : len(text) - len(after)]
    return [Change(pin, inner, release) for pin in place.dependency.pins if pin.part is Part.VERSION]


def line_of(stated: tuple[int, ...], lines: Listing) -> Line | None:
    """The line that a stated version belongs to, None for one that nobody lists."""
    known = (release.line for release in lines.releases if release.line is not None)
    return next((line for line in known if _numbers_in(line.name) == stated[: len(_numbers_in(line.name))]), None)


def _ends(places: Iterable[Place], lines: Listing) -> list[str]:
    """When the lines in use end, oldest first."""
    found = {line.name: line.ends for place in places if (line := line_of(place.stated, lines)) and line.ends}
    return [
        f"{name} gets no security fixes after {ends}" for name, ends in sorted(found.items(), key=lambda one: one[1])
    ]


def _drift(places: Sequence[Place]) -> list[str]:
    """That places disagree today, where they do."""
    stated = {place.where: ".".join(map(str, place.stated)) for place in places}
    shortest = min(len(place.stated) for place in places)
    if len({place.stated[:shortest] for place in places}) == 1:
        return []
    return ["places disagree today: " + ", ".join(f"{where} says {version}" for where, version in stated.items())]


def _waiting(held: Sequence[Skip]) -> list[str]:
    newest = next((one for one in held if one.candidate is not None and one.reason is not SkipReason.WITHDRAWN), None)
    return [f"{newest.candidate.version} waits: {newest.detail}"] if newest and newest.candidate else []
