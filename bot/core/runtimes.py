"""Language runtimes: one decision for all places of a repository that state one. Pure.

A runtime is stated in files of its own (``.python-version``), in image tags, in the identifiers
of cloud functions, in floors of manifests. They move together, to the newest line that every one
of them can take (DESIGN law 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.core.model import (
    EVERY_VERSION,
    Bump,
    Caution,
    Change,
    Decision,
    Dependency,
    History,
    Line,
    Listing,
    Package,
    Part,
    Pin,
    Release,
    Role,
    Skip,
    SkipReason,
    Span,
    Strategy,
    Update,
)
from bot.core.resolve import applies
from bot.core.rules import Effective, Major
from bot.core.versions import docker, function_constant, scheme
from bot.core.wheels import serve

SUBJECT = "runtime:"
REGISTRY = "endoflife"
LAMBDA = Package(REGISTRY, "aws-lambda")
SETTLED = timedelta(days=180)
"""How old a line has to be before it is moved to by itself."""
SOON = timedelta(days=180)
"""How long before its end a line's end is pressing."""
MOST_NAMED = 10
"""So many libraries are named where several keep a runtime back."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What is known of a language runtime.

    ``product`` is what endoflife.date calls it; ``images`` are the official images that are
    nothing but this runtime on an operating system; ``function`` what AWS Lambda's identifiers of
    it begin with ("" for none); ``settles`` tells that only lines with long-term support count.
    ``keeps`` is how many numbers tell a line of something that keeps data (an engine of databases), 0
    for what keeps none: each line in use then moves by itself, and to another line only at its end.
    """

    name: str
    product: str
    images: tuple[str, ...] = ()
    function: str = ""
    settles: bool = False
    keeps: int = 0

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
        Runtime("rds-postgresql", "amazon-rds-postgresql", keeps=1),
        Runtime("rds-mysql", "amazon-rds-mysql", keeps=2),
        Runtime("rds-mariadb", "amazon-rds-mariadb", keeps=2),
    )
}
"""Every runtime that is looked after, by name."""


def named(subject: str) -> str:
    """The name of the runtime that a subject is, "" for one that is none (or none that is known)."""
    name = subject.removeprefix(SUBJECT).partition("@")[0]
    return name if name != subject and name in RUNTIMES else ""


OF_IMAGE = {image: one for one in RUNTIMES.values() for image in one.images}


def subject_of(dependency: Dependency) -> str:
    """What a place moves with: of what keeps data only those on the same line."""
    subject = dependency.subject
    runtime = RUNTIMES.get(named(subject))
    if runtime is None or not runtime.keeps:
        return subject
    return f"{subject}@{_dotted(_numbers_in(dependency.current or '')[: runtime.keeps])}"


def numbers(version: str) -> tuple[int, ...] | None:
    """The numbers of a plain version (``3.13.1``), None for anything else; at most four of nine digits."""
    parts = version.split(".")
    if not 1 <= len(parts) <= 4 or not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts):
        return None
    return tuple(map(int, parts))


# What a place can take


_RANGES = frozenset({"pep440", "poetry", "npm"})
"""The schemes in which manifests say what they run on."""


def runs(dependency: Dependency) -> bool:
    """Whether a place says what runs: one version, and no word of a library to its users."""
    statement = dependency.statement
    return not _promises(dependency) and scheme(statement.scheme).exact(statement.constraint) is not None


def _promises(dependency: Dependency) -> bool:
    return dependency.role is Role.LIBRARY and dependency.statement.scheme in _RANGES


_WORKS_WITH = frozenset({"terraform"})
"""Schemes whose ranges say what works, not what is used: they are left alone while they admit it."""


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
    def exact(self) -> bool:
        """Whether it says what runs, not from where on: floors follow, they never move by themselves."""
        return runs(self.dependency)

    @property
    def stated(self) -> tuple[int, ...]:
        """The numbers it states; empty where it states none that can be read."""
        rules = scheme(self.dependency.statement.scheme)
        text = rules.exact(self.dependency.constraint) or rules.floor(self.dependency.constraint) or ""
        at = docker.core(text) if rules.name == docker.scheme.name else Span(0, len(text))
        return _numbers_in(text[at.start : at.end]) if at else ()


def _numbers_in(text: str) -> tuple[int, ...]:
    key = scheme("runtime").key(text)
    found: tuple[int, ...] = key or ()
    return found


def _dotted(numbers: Sequence[int]) -> str:
    return ".".join(map(str, numbers))


def text_for(place: Place, release: Release, told: str, today: date) -> str | Skip:
    """What the place would say, or why it can't say that; ``told`` is the release as precisely as others state it.

    A range is a floor: an application's rises with its runtime, a library's never does by itself.
    """
    statement = place.dependency.statement
    rules, stated = scheme(statement.scheme), statement.constraint
    if statement.scheme in _WORKS_WITH and not place.exact and rules.satisfies(release.version, stated):
        return stated
    stays = _stays(place, release)
    if stays is not None:
        return stated if rules.satisfies(release.version, stated) else stays
    text = _rewritten(place, release, told)
    if text is None or (place.exact and not place.stated):
        detail = f"{place.where}: {stated} can't be rewritten for {release.version}"
        return Skip(SkipReason.BLOCKED_SITE, detail, release)
    missing = _missing(place, text, today) if text != stated else ""
    return Skip(SkipReason.BLOCKED_SITE, f"{place.where}: {missing}", release) if missing else text


def _stays(place: Place, release: Release) -> Skip | None:
    """Why the place keeps its text, None for one that moves: what it leaves out can't be taken.

    A lock file records the range that it was made for, so that it would have to move with it.
    """
    dependency, stated = place.dependency, place.dependency.constraint
    if _promises(dependency):
        detail = f"{place.where} promises {stated}, which leaves out {release.version}"
        return Skip(SkipReason.BLOCKED_SITE, detail, release)
    if dependency.lock is not None:
        detail = (
            f"{place.where}: {stated} leaves out {release.version}, and {dependency.lock} has to be refreshed with it"
        )
        return Skip(SkipReason.LOCK_NOT_REFRESHED, detail, release)
    if not dependency.pins:
        detail = f"{place.where}: {stated} leaves out {release.version} and can't be edited where it stands"
        return Skip(SkipReason.BLOCKED_SITE, detail, release)
    return None


def _rewritten(place: Place, release: Release, told: str) -> str | None:
    """The text for a release; a floor rises no higher than to what the others say: their newest may be older."""
    statement = place.dependency.statement
    rules, stated = scheme(statement.scheme), statement.constraint
    if place.exact:
        return rules.rewrite(stated, release.version, Strategy.REPLACE)
    if statement.scheme in _RANGES:
        text = rules.rewrite(stated, ".".join([*told.split("."), "0", "0"][:3]), Strategy.BUMP)
        if text is not None and rules.satisfies(release.version, text):
            return text
    return rules.rewrite(stated, release.version, Strategy.BUMP)


def _missing(place: Place, text: str, today: date) -> str:
    """What is not there that the place would need: a tag or identifier that is not at its end; "" for nothing.

    An identifier has an end of its own (AWS Lambda deprecates it), which need not be the runtime's.
    """
    if place.offers is None:
        return ""
    offered, name = _offered(place, text), place.dependency.package.name
    if offered is None or offered.yanked is not None:
        return f"there is no {name} {text}{place.offers.notice and f' ({place.offers.notice})'}"
    line = offered.line
    if line is not None and line.ends is not None and line.ends <= today:
        return f"{name} {_when(line, today)}"
    return ""


def _offered(place: Place, text: str) -> Release | None:
    """The tag or identifier as its registry has it, None where there is none."""
    versions = place.offers.versions if place.offers else ()
    constant = place.dependency.statement.scheme == function_constant.scheme.name
    name = function_constant.identifier(text) if constant else text
    return place.offers.releases[versions.index(name)] if place.offers and name in versions else None


def _fits(pin: Pin, digest: str | None) -> bool:
    """Whether a digest can stand where another one stands: it is of the same algorithm."""
    algorithm, _, _ = pin.text.partition(":")
    return digest is not None and len(digest) == len(pin.text) and digest.startswith(f"{algorithm}:")


# Which line


def objection(release: Release, runtime: Runtime, now: datetime, *, entering: bool) -> Skip | None:
    """Why a release is not moved to by itself, None when it may be.

    ``entering`` tells that some place is not on its line yet: a line has to be settled to be
    entered, while who is on it already takes its fixes.
    """
    line, today = release.line, now.date()
    if line is None or line.begins is None:
        return Skip(SkipReason.TOO_YOUNG, "nobody says when it began", release)
    if line.ends is not None and line.ends <= today:
        return Skip(SkipReason.WITHDRAWN, f"{line.name} has had no security fixes since {line.ends}", release)
    if release.yanked is not None:
        return Skip(SkipReason.WITHDRAWN, f"{line.name} is not to be used: {release.yanked or 'withdrawn'}", release)
    if not entering:
        return None
    if runtime.settles and (line.supported_from is None or line.supported_from > today):
        when = f" before {line.supported_from}" if line.supported_from else ""
        return Skip(SkipReason.HELD, f"{line.name} has no long-term support{when}", release)
    ready = line.begins + SETTLED
    if ready > today:
        return Skip(SkipReason.TOO_YOUNG, f"{line.name} began on {line.begins}; old enough on {ready}", release)
    return None


def _too_young(release: Release, places: Sequence[Place], now: datetime) -> Skip | None:
    """Whether the release itself is too young for the most careful of the places."""
    if release.since is not None and now - release.since >= max(place.wanted.minimum_age for place in places):
        return None
    since = f"published {release.since:%Y-%m-%d}" if release.since else "its date is not known"
    return Skip(SkipReason.TOO_YOUNG, f"{release.version} is too young: {since}", release)


def _told(release: Release, exact: Sequence[Place]) -> Release:
    """The release as precisely as the places state it.

    Where they all state no more than its line, it is the line, and as old as that: whichever is
    its newest release is taken by every install anyway. A digest fixes one release.
    """
    precision = max(len(place.stated) for place in exact)
    told = replace(release, version=_dotted(_numbers_in(release.version)[:precision]))
    line = release.line
    fixed = any(pin.part is Part.DIGEST for place in exact for pin in place.dependency.pins)
    if fixed or line is None or line.begins is None or precision > len(_numbers_in(line.name)):
        return told
    return replace(told, published=datetime.combine(line.begins, time(), UTC))


def _refused(release: Release, history: History, package: Package, keeps: int) -> Skip | None:
    """What history says: who does not want a version is not offered an older one in its place."""
    rules = scheme("runtime")
    for refusal in history.of(package):
        if refusal.version == EVERY_VERSION or rules.satisfies(release.version, refusal.version):
            return Skip(refusal.reason, refusal.detail, release)
    own, declined = _numbers_in(release.version), history.declined(package)
    # Of what keeps data, each line in use is a matter of its own.
    same = (one for one in declined if _numbers_in(one.version)[:keeps] == own[:keeps])
    newer = next((one for one in same if _numbers_in(one.version) > own), None)
    return None if newer is None else Skip(newer.reason, f"{newer.version}: {newer.detail}", release)


def _unwanted(release: Release, places: Sequence[Place]) -> Skip | None:
    """Why policy does not want a release in one of the places."""
    rules = scheme("pep440")
    for place in places:
        for ignore in place.wanted.ignores:
            if not rules.valid(ignore.versions):
                detail = f"policy ignores {ignore.versions!r}, which can't be read here, so no version is taken"
                return Skip(SkipReason.IGNORED, detail, release)
            if rules.satisfies(release.version, ignore.versions):
                return Skip(SkipReason.IGNORED, ignore.reason or f"policy ignores {ignore.versions}", release)
        step = scheme("runtime").bump(_dotted(place.stated), release.version)
        if place.exact and place.wanted.major is Major.HOLD and step is Bump.MAJOR:
            return Skip(SkipReason.HELD, "policy holds back major releases", release)
    return None


@dataclass(frozen=True, slots=True)
class Needed:
    """One version of a library that is in use for certain: a dependency's, or one that a lock file brings in.

    ``wheels`` are those of ``Release``; ``requires`` the Pythons that it asks for, "" for any. One
    of the ``markers`` has to be true where it is installed at all; none where nothing limits it.
    """

    name: str
    version: str
    wheels: tuple[str, ...]
    requires: str = ""
    markers: tuple[str, ...] = ()


def _uninstallable(release: Release, runtime: Runtime, needed: Iterable[Needed]) -> Skip | None:
    """What in use can't be installed on the line of a release: it has compiled wheels, but none for that."""
    line = _numbers_in(release.version)[:2]
    if runtime.name != "python" or len(line) != 2:
        return None
    python, missing = _dotted(line), set()
    for one in needed:
        # As late a release as there may be: who asks for `<3.13` admits no 3.13 at all.
        admitted = not scheme("pep440").valid(one.requires) or scheme("pep440").satisfies(f"{python}.99", one.requires)
        if not (admitted and serve(one.wheels, (line[0], line[1]))) and _installed(one, python):
            missing.add(f"{one.name} {one.version}")
    if not missing:
        return None
    named_ = sorted(missing)[:MOST_NAMED]
    more = f" and {len(missing) - len(named_)} more" if len(missing) > len(named_) else ""
    words = "has no wheel for" if len(missing) == 1 else "have no wheel for"
    return Skip(SkipReason.NEEDS_WHEELS, f"{', '.join(named_)}{more} {words} Python {python}", release)


def _installed(needed: Needed, python: str) -> bool:
    """Whether a library's markers let it be installed on a Python at all."""
    return not needed.markers or any(applies(marker, python) for marker in needed.markers)


# All places


_Texts = dict[int, str]
"""What each place (by ``id`` of its dependency) would say."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """What decisions depend on beside the places."""

    lines: Listing
    history: History
    now: datetime
    needed: Sequence[Needed]


def decide(
    places: Sequence[Place], lines: Listing, history: History, now: datetime, needed: Sequence[Needed] = ()
) -> Decision:
    """Move every place to the newest line that all of them can take; ``lines`` are the runtime's own releases.

    No place goes back: one that is further than a release already keeps the others from it. What is
    ``needed`` keeps them from lines that it can't be installed on.
    """
    subject, moment = places[0].dependency.subject, _Moment(lines, history, now, needed)
    held: list[Skip] = []
    missing: tuple[tuple[Package, str], ...] = ()
    # Where a release's own numbers can't be read (Java's 8u502-b07), no place could say them.
    for release in (one for one in lines.releases if _numbers_in(one.version)):
        further = next((place for place in places if _above(place.stated, release)), None)
        if further is not None:
            held += _further(further, release, places)
            break
        found = _taken(release, places, moment)
        if not isinstance(found, Skip) and (unfixed := _unfixed(places, found)):
            missing = missing or _unasked(unfixed)
            found = _nobody_says(unfixed, release)
        if isinstance(found, Skip):
            held.append(found)
            continue
        moving = [place for place in places if found[id(place.dependency)] != place.dependency.constraint]
        if not moving:
            break
        stays = tuple((place.dependency, at_rest(place)) for place in places if place not in moving)
        return Decision(subject, (_update(moving, found, release, moment, held),), stays, missing)
    return Decision(subject, (), tuple((place.dependency, _rest(place, held)) for place in places), missing)


def _taken(release: Release, places: Sequence[Place], moment: _Moment) -> _Texts | Skip:
    """What every place would say of a release, or the first reason why it is not taken."""
    exact = [place for place in places if place.exact]
    told = _told(release, exact).version if exact else release.version
    said = {id(place.dependency): text_for(place, release, told, moment.now.date()) for place in places}
    stated = {id(place.dependency): place.dependency.constraint for place in places}
    behind = [place for place in places if place.exact and said[id(place.dependency)] != place.dependency.constraint]
    if not behind:
        return stated
    runtime = RUNTIMES[named(places[0].dependency.subject)]
    entering = any(not _on(place, release) for place in behind)
    against = (
        objection(release, runtime, moment.now, entering=entering)
        or (_too_early(release, behind, moment) if entering and runtime.keeps else None)
        or _too_young(_told(release, behind), places, moment.now)
        or _refused(release, moment.history, runtime.package, runtime.keeps)
        or _unwanted(release, places)
        or (_uninstallable(release, runtime, moment.needed) if entering else None)
        or next((text for text in said.values() if isinstance(text, Skip)), None)
    )
    return against or stated | {at: text for at, text in said.items() if isinstance(text, str)}


def _too_early(release: Release, places: Sequence[Place], moment: _Moment) -> Skip | None:
    """That what keeps data stays on its line until that comes near its end."""
    today = moment.now.date()
    lines = (line_of(place.stated, moment.lines) for place in places)
    if any(line is None or pressing(line, today) for line in lines):
        return None
    name = release.line.name if release.line else release.version
    return Skip(SkipReason.HELD, f"{name} is another line, which is proposed when the one in use ends", release)


def _unfixed(places: Sequence[Place], texts: _Texts) -> list[tuple[Place, Release]]:
    """The places that would move and whose new digest is not known, or can't be written, each with its tag."""
    moving = (place for place in places if texts[id(place.dependency)] != place.dependency.constraint)
    offered = ((place, _offered(place, texts[id(place.dependency)])) for place in moving)
    return [(place, tag) for place, tag in offered if tag is not None and _undigested(place, tag)]


def _undigested(place: Place, tag: Release) -> bool:
    return any(pin.part is Part.DIGEST and not _fits(pin, tag.digest) for pin in place.dependency.pins)


def _unasked(unfixed: Sequence[tuple[Place, Release]]) -> tuple[tuple[Package, str], ...]:
    """The tags whose digests are worth asking for: none, where one of them is of no use already."""
    if any(tag.digest is not None for _, tag in unfixed):
        return ()
    return tuple(dict.fromkeys((place.dependency.package, tag.version) for place, tag in unfixed))


def _nobody_says(unfixed: Sequence[tuple[Place, Release]], release: Release) -> Skip:
    place, tag = next((one for one in unfixed if one[1].digest is not None), unfixed[0])
    detail = f"{place.where}: nobody says which digest {place.dependency.package.name} {tag.version} has"
    return Skip(SkipReason.BLOCKED_SITE, detail, release)


def _on(place: Place, release: Release) -> bool:
    """Whether a place is on the line of a release already."""
    line = _numbers_in(release.line.name) if release.line else ()
    return bool(line) and place.stated[: len(line)] == line


def _above(stated: tuple[int, ...], release: Release) -> bool:
    """Whether a place is further than a release already, to the precision that it states."""
    return stated > _numbers_in(release.version)[: len(stated)]


def _further(further: Place, release: Release, places: Sequence[Place]) -> list[Skip]:
    """That one place is further than the others could go, where they are behind."""
    if all(_reached(place, release) for place in places):
        return []
    stated = further.dependency.constraint
    return [Skip(SkipReason.BLOCKED_SITE, f"{further.where} says {stated}, and no place goes back", release)]


def _reached(place: Place, release: Release) -> bool:
    """Whether a release is nothing newer for a place."""
    if not place.exact:
        rules = scheme(place.dependency.statement.scheme)
        return rules.satisfies(release.version, place.dependency.constraint) or _above(place.stated, release)
    return bool(place.stated) and place.stated >= _numbers_in(release.version)[: len(place.stated)]


def at_rest(place: Place) -> Skip:
    """Why a place stays where nothing newer may be taken."""
    stated = place.dependency.constraint
    if not place.exact:
        return Skip(SkipReason.IN_RANGE, f"{stated} is a floor: it rises only with what runs")
    return Skip(SkipReason.UP_TO_DATE, f"{stated} is the newest that may be taken")


def _rest(place: Place, held: Sequence[Skip]) -> Skip:
    """Why there is nothing to do: the newest thing that is held back, where that is more than old age."""
    missed = (one for one in held if one.reason is not SkipReason.WITHDRAWN and one.candidate is not None)
    return next((one for one in missed if one.candidate and not _reached(place, one.candidate)), at_rest(place))


def _update(moving: Sequence[Place], texts: _Texts, release: Release, moment: _Moment, held: Sequence[Skip]) -> Update:
    exact = [place for place in moving if place.exact]
    first = min(exact, key=lambda place: place.stated)
    told = _told(release, exact)
    before = _dotted(first.stated)
    changes = tuple(change for place in moving for change in _changes(place, texts[id(place.dependency)], told))
    bump = _step(first, told)
    return Update(
        subject=first.dependency.subject,
        package=RUNTIMES[named(first.dependency.subject)].package,
        kind=first.dependency.kind,
        from_version=before,
        version=told.version,
        release=told,
        dependencies=tuple(place.dependency for place in moving),
        changes=changes,
        bump=bump,
        pipeline=first.wanted.pipeline,
        group=first.wanted.group,
        track="",
        reasons=(*_ends(exact, moment), *_drift(exact), *_waiting(held)),
        cautions=cautions_of((place.dependency for place in moving), bump),
    )


def _step(first: Place, told: Release) -> Bump:
    """How large a step is: of what keeps data, another line is always a large one."""
    keeps = RUNTIMES[named(first.dependency.subject)].keeps
    if keeps and first.stated[:keeps] != _numbers_in(told.version)[:keeps]:
        return Bump.MAJOR
    return scheme("runtime").bump(_dotted(first.stated), told.version)


def cautions_of(dependencies: Iterable[Dependency], bump: Bump) -> tuple[Caution, ...]:
    """What is to be said of a step of these places, each thing once."""
    said = dict.fromkeys(one for dependency in dependencies for one in dependency.statement.cautions)
    return tuple(one for one in said if bump is Bump.MAJOR or not one.majors)


def _changes(place: Place, text: str, release: Release) -> list[Change]:
    before, after = place.dependency.statement.frame
    inner = text[len(before) : len(text) - len(after)]
    offered = _offered(place, text)
    digest = offered.digest if offered else None
    return [
        Change(pin, inner if pin.part is Part.VERSION else digest or pin.text, release)
        for pin in place.dependency.pins
        if pin.part in {Part.VERSION, Part.DIGEST}
    ]


def line_in_use(place: Place, lines: Listing) -> Line | None:
    """The line that a place is on, None for a floor; a cloud's own identifier ends when the cloud says."""
    if not place.exact:
        return None
    offered = _offered(place, place.dependency.constraint)
    return (offered.line if offered else None) or line_of(place.stated, lines)


def with_lines(decision: Decision, places: Iterable[Place], lines: Listing, now: datetime) -> Decision:
    """The decision with the lines in use, and said of each place that stays when its line has ended, or soon will."""
    found = {id(place.dependency): (place.dependency, line) for place in places if (line := line_in_use(place, lines))}
    skips = tuple(
        (at, replace(skip, detail=f"{skip.detail}; {said}"))
        if id(at) in found and (said := _ending(found[id(at)][1], now.date()))
        else (at, skip)
        for at, skip in decision.skips
    )
    return replace(decision, skips=skips, lines=tuple(found.values()))


def pressing(line: Line, today: date) -> bool:
    """Whether a line has ended or ends soon."""
    return line.ends is not None and line.ends <= today + SOON


def _ending(line: Line, today: date) -> str:
    """When a line that has ended or ends soon does; "" for any other. Without a count of days, which changes daily."""
    return _when(line, today) if pressing(line, today) else ""


def _when(line: Line, today: date) -> str:
    passed = line.ends is not None and line.ends <= today
    words = f"has had no security fixes since {line.ends}" if passed else f"gets no security fixes after {line.ends}"
    blocked = f" (what runs on it can't be changed from {line.blocked} on)" if line.blocked else ""
    return f"{line.name} {words}{blocked}"


def line_of(stated: tuple[int, ...], lines: Listing) -> Line | None:
    """The line that a stated version belongs to, None for one that nobody lists."""
    known = (release.line for release in lines.releases if release.line is not None)
    return next((line for line in known if (own := _numbers_in(line.name)) and stated[: len(own)] == own), None)


def _ends(places: Iterable[Place], moment: _Moment) -> list[str]:
    """When the lines in use end, soonest first."""
    lines = (line_in_use(place, moment.lines) for place in places)
    ends = {line.name: (line.ends, line) for line in lines if line is not None and line.ends is not None}
    soonest = sorted(ends.items(), key=lambda one: (one[1][0], one[0]))
    return [_when(line, moment.now.date()) for _, (_, line) in soonest]


def _drift(places: Sequence[Place]) -> list[str]:
    """That places disagree today, where they do."""
    shortest = min(len(place.stated) for place in places)
    if len({place.stated[:shortest] for place in places}) == 1:
        return []
    stated = (f"{place.where} says {_dotted(place.stated)}" for place in places)
    return [f"places disagree today: {', '.join(stated)}"]


def _waiting(held: Sequence[Skip]) -> list[str]:
    newest = next((one for one in held if one.candidate is not None and one.reason is not SkipReason.WITHDRAWN), None)
    return [f"{newest.candidate.version} waits: {newest.detail}"] if newest and newest.candidate else []
