"""A scan in the forms people and programs read: JSON, Markdown, plain lines, and a terminal's table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.core.freshness import OBJECTIVE_DAYS, days_behind, within_objective
from bot.core.machine_images.asked import known_as
from bot.core.model import Bump, Dependency, Kind, Line, Package, Part, Release, Skip, SkipReason, Update
from bot.core.render import code, escape
from bot.core.rules import effective
from bot.core.runtimes import RUNTIMES, SOON, named
from bot.core.versions import scheme
from bot.upgrade import Scan

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

SCHEMA = 1
AT_REST = frozenset({SkipReason.UP_TO_DATE, SkipReason.IN_RANGE})
"""Reasons with which all is well: counted, and listed only when asked for."""


@dataclass(frozen=True)
class Site:
    """One dependency with what became of it: exactly one of ``update`` and ``skip``.

    ``package`` is what policy knows it as: of a machine image its family, once that is known.
    """

    dependency: Dependency
    package: Package
    pipeline: str
    update: Update | None
    skip: Skip | None
    behind: int
    line: Line | None = None
    days_left: int | None = None

    @property
    def pressing(self) -> bool:
        """Whether the line of releases that it is on has ended, or ends soon."""
        return self.days_left is not None and self.days_left <= SOON.days

    @property
    def life(self) -> str:
        """How long the line of releases that it is on gets security fixes; "" where nobody says."""
        if self.days_left is None:
            return ""
        days = _count(abs(self.days_left), "day")
        return f"{days} left" if self.days_left > 0 else f"ended {days} ago"

    @cached_property
    def where(self) -> str:
        """Path and line."""
        return f"{clean(self.dependency.path)}:{self.dependency.statement.line}"

    @property
    def name(self) -> str:
        """What people call it: a language runtime by its own name, whatever its places call it."""
        return clean(named(self.dependency.subject) or self.package.name)

    @property
    def now(self) -> str:
        """The locked version where there is one, else what the file states."""
        dependency = self.dependency
        said = dependency.current if dependency.locked else dependency.constraint
        floats = dependency.statement.obstacle is not None and not dependency.statement.pins
        return clean(said or dependency.current or ("not fixed" if floats else "any"))

    @property
    def bump(self) -> str:
        """How large the step is at this place: the update's own, where the place does not state one version."""
        if self.update is None:
            return ""
        name = named(self.update.subject)
        if self.update.kind is Kind.MACHINE_IMAGE or (name and RUNTIMES[name].keeps):
            return self.update.bump.value
        rules = scheme(self.dependency.statement.scheme)
        exact = rules.exact(self.dependency.constraint)
        version_moves = self.update.bump not in {Bump.PIN, Bump.DIGEST, Bump.IMAGE}
        bump = rules.bump(exact, self.update.version) if exact and version_moves else self.update.bump
        return bump.value

    @property
    def target(self) -> str:
        """What the place becomes."""
        if self.update is None:
            return ""
        own = [change for change in self.update.changes if change.pin in self.dependency.pins]
        texts = [change.text for change in own if change.pin.part in {Part.VERSION, Part.IMAGE_ID}]
        return clean(texts[0] if texts else self.update.version)


def clean(text: str) -> str:
    """Text of a repository or a registry made safe for a terminal: no control or invisible characters."""
    return "".join(c if c.isprintable() else "?" for c in text)


def sites(scan: Scan, now: datetime) -> tuple[Site, ...]:
    """Every dependency in order of path and line; a split major counts only where nothing smaller moves."""
    lines = {id(dependency): line for decision in scan.decisions for dependency, line in decision.lines}
    moves: dict[int, Update] = {}
    stays: dict[int, Skip] = {}
    packages: dict[int, Package] = {}
    for decision in scan.decisions:
        of = (*(d for update in decision.updates for d in update.dependencies), *(d for d, _ in decision.skips))
        packages.update((id(dependency), known_as(decision.subject, dependency)) for dependency in of)
        for update in decision.updates:
            for dependency in update.dependencies:
                moves.setdefault(id(dependency), update)
        stays.update((id(dependency), skip) for dependency, skip in decision.skips)
    found = (_site(scan, d, moves.get(id(d)), stays.get(id(d)), now) for d in scan.dependencies)
    named = (replace(site, package=packages.get(id(site.dependency), site.package)) for site in found)
    return tuple(_living(site, lines.get(id(site.dependency)), now) for site in named)


def _living(site: Site, line: Line | None, now: datetime) -> Site:
    """The place with how long its line of releases still lives: 0 days on the day of its last fixes."""
    if line is None:
        return site
    return replace(site, line=line, days_left=None if line.ends is None else (line.ends - now.date()).days)


def _site(scan: Scan, dependency: Dependency, update: Update | None, skip: Skip | None, now: datetime) -> Site:
    wanted = effective(scan.policy, dependency)
    release = update.release if update else _allowed(skip)
    behind = days_behind(release, wanted.minimum_age, now)
    pipeline = update.pipeline if update else wanted.pipeline
    return Site(dependency, dependency.package, pipeline, update, None if update else skip, behind)


_OWN_LIMITS = frozenset(
    {
        SkipReason.LOCK_NOT_REFRESHED,
        SkipReason.UNSUPPORTED_CONSTRAINT,
        SkipReason.BLOCKED_SITE,
        SkipReason.NOT_PROVED,
    }
)
"""Reasons that lie in the bot or the repository, not in the release: it may be taken, and counts as missed."""


def _allowed(skip: Skip | None) -> Release | None:
    """The release that this skip holds back although it may be taken: what counts for freshness."""
    return skip.candidate if skip and skip.reason in _OWN_LIMITS else None


# JSON: the interface of DESIGN.md section 7


def as_json(scan: Scan, now: datetime) -> dict[str, Any]:
    """The scan as the documented JSON object, schema 1; ``warnings`` stands in it where there are some."""
    found = sites(scan, now)
    warnings = {"warnings": list(scan.warnings)} if scan.warnings else {}
    return {
        "schema": SCHEMA,
        "repository": scan.repository,
        "commit": scan.commit,
        "dependencies": [_json_site(site) for site in found],
        "skipped_files": [{"path": s.path, "reason": s.reason.value, "detail": s.detail} for s in scan.skipped],
        "freshness": {
            "objective_days": OBJECTIVE_DAYS,
            "within_objective": round(within_objective(site.behind for site in found), 4),
        },
        **warnings,
        "timings": dict(scan.timings),
    }


def _json_site(site: Site) -> dict[str, Any]:
    dependency = site.dependency
    return {
        "ecosystem": dependency.ecosystem,
        "path": dependency.path,
        "line": dependency.statement.line,
        "name": site.package.name,
        "kind": dependency.kind.value,
        "registry": dependency.package.registry,
        "constraint": dependency.constraint,
        "current": dependency.current,
        "pipeline": site.pipeline,
        "update": _json_update(site, site.update) if site.update else None,
        "skip": _json_skip(site.skip) if site.skip else None,
        "support": _json_support(site.line, site.days_left) if site.line else None,
    }


def _json_support(line: Line, days_left: int | None) -> dict[str, Any]:
    return {
        "line": line.name,
        "ends": line.ends.isoformat() if line.ends else None,
        "days_left": days_left,
        "overdue": days_left is not None and days_left <= 0,
        "blocked": line.blocked.isoformat() if line.blocked else None,
    }


def _json_update(site: Site, update: Update) -> dict[str, Any]:
    published = update.release.published
    return {
        "version": update.version,
        "becomes": site.target,
        "bump": site.bump,
        "published": published.strftime("%Y-%m-%dT%H:%M:%SZ") if published else None,
        "days_behind": site.behind,
        "reasons": list(update.reasons),
        "cautions": [caution.text for caution in update.cautions],
        "by_hand": update.by_hand,
    }


def _json_skip(skip: Skip) -> dict[str, Any]:
    candidate = skip.candidate.version if skip.candidate else None
    return {"reason": skip.reason.value, "detail": skip.detail, "candidate": candidate}


# Words shared by the other forms


def headline(scan: Scan, found: Sequence[Site]) -> str:
    """What was scanned, and how much it held."""
    files = len({site.dependency.path for site in found})
    at = f" at {scan.commit[:10]} ({clean(scan.branch)})" if scan.commit else ""
    return (
        f"{clean(scan.repository)}{at}: {_count(len(found), 'dependency', 'dependencies')} in {_count(files, 'file')}"
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def summary(scan: Scan, found: Sequence[Site]) -> str:
    """The totals in one line."""
    updates = sum(site.update is not None for site in found)
    rest = sum(site.skip is not None and site.skip.reason in AT_REST for site in found)
    parts = [f"{updates} behind", f"{rest} up to date or in range", f"{len(found) - updates - rest} left alone"]
    if scan.skipped:
        parts.append(f"{_count(len(scan.skipped), 'file')} not read")
    share = within_objective(site.behind for site in found)
    return f"{', '.join(parts)}; {share:.0%} within {OBJECTIVE_DAYS} days of the newest they may take"


def _moving(found: Iterable[Site]) -> list[Site]:
    return [site for site in found if site.update]


def _staying(found: Iterable[Site], *, everything: bool) -> list[tuple[Site, Skip]]:
    return [(s, s.skip) for s in found if s.skip and (everything or s.pressing or s.skip.reason not in AT_REST)]


def _why(site: Site, skip: Skip) -> str:
    return "; ".join(filter(None, (skip.detail, site.life)))


def _change(site: Site) -> str:
    return ", ".join(filter(None, (site.bump, site.life)))


def _candidate(skip: Skip) -> str:
    return clean(skip.candidate.version) if skip.candidate else ""


def _behind(days: int) -> str:
    return _count(days, "day")


# Plain lines, for pipes and logs


def as_lines(scan: Scan, now: datetime, *, everything: bool) -> Iterable[str]:
    """One line a dependency, tab-separated: state, package, from, to or candidate, why, where."""
    found = sites(scan, now)
    yield headline(scan, found)
    yield from (f"warning\t{clean(warning)}" for warning in scan.warnings)
    for site in found:
        if site.update:
            words = f"{_change(site)}, {_behind(site.behind)} behind"
            yield "\t".join(("update", site.name, site.now, site.target, words, site.where))
        elif site.skip and (everything or site.pressing or site.skip.reason not in AT_REST):
            candidate, why = _candidate(site.skip) or "-", f"{site.skip.reason.value}: {clean(_why(site, site.skip))}"
            yield "\t".join(("skip", site.name, site.now, candidate, why, site.where))
    yield from (f"not read\t{clean(s.path)}\t{s.reason.value}: {clean(s.detail)}" for s in scan.skipped)
    yield summary(scan, found)


# Markdown


def as_markdown(scan: Scan, now: datetime, *, everything: bool) -> str:
    """The scan as GitHub Markdown."""
    found = sites(scan, now)
    parts = [f"**{escape(headline(scan, found))}**", *(f"> {escape(warning)}" for warning in scan.warnings)]
    if behind := _moving(found):
        rows = [
            (code(s.name), code(s.now), code(s.target), _change(s), _behind(s.behind), code(s.where)) for s in behind
        ]
        parts.append(_markdown_table(("package", "from", "to", "change", "behind", "where"), rows))
    if stays := _staying(found, everything=everything):
        rest = [
            (code(s.name), code(s.now), f"{code(skip.reason.value)}: {escape(_why(s, skip))}", code(s.where))
            for s, skip in stays
        ]
        parts.append(_markdown_table(("package", "now", "why it stays", "where"), rest))
    if scan.skipped:
        files = [(code(s.path), code(s.reason.value), escape(s.detail)) for s in scan.skipped]
        parts.append(_markdown_table(("file not read", "reason", "detail"), files))
    parts.append(escape(summary(scan, found)))
    return "\n\n".join(parts) + "\n"


def _markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


# A terminal


def as_renderables(scan: Scan, now: datetime, *, everything: bool) -> Iterable[RenderableType]:
    """What a terminal shows: tables of what is behind, what stays and what was not read, then the totals."""
    from rich.text import Text  # noqa: PLC0415 - rich is loaded only where there is a terminal

    found = sites(scan, now)
    yield Text(headline(scan, found), style="bold")
    yield from (Text(clean(warning), style="yellow") for warning in scan.warnings)
    if behind := _moving(found):
        yield _behind_table(behind)
    if stays := _staying(found, everything=everything):
        yield _stays_table(stays)
    if scan.skipped:
        rows = [(Text(clean(s.path)), Text(s.reason.value, "yellow"), Text(clean(s.detail))) for s in scan.skipped]
        yield _table(("not read", "reason", "detail"), rows)
    yield Text(summary(scan, found), style="bold")


_BUMP_STYLE = {"patch": "green", "minor": "cyan", "calendar": "cyan", "major": "magenta"}


def _life_style(site: Site) -> str:
    return "red" if site.pressing else "dim"


def _behind_table(behind: Sequence[Site]) -> Table:
    from rich.text import Text  # noqa: PLC0415 - as above

    rows = []
    for site in behind:
        life = f", {site.life}" if site.life else ""
        change = Text.assemble((site.bump, _BUMP_STYLE.get(site.bump, "")), (life, _life_style(site)))
        late = Text(_behind(site.behind), "yellow" if site.behind > OBJECTIVE_DAYS else "")
        rows.append((Text(site.name, "bold"), Text(site.now), Text(site.target), change, late, Text(site.where, "dim")))
    return _table(("behind", "from", "to", "change", "for", "where"), rows)


def _stays_table(stays: Sequence[tuple[Site, Skip]]) -> Table:
    from rich.text import Text  # noqa: PLC0415 - as above

    rows = []
    for site, skip in stays:
        life = f"; {site.life}" if site.life else ""
        why = Text.assemble((skip.reason.value, "yellow"), "  ", clean(skip.detail), (life, _life_style(site)))
        candidate = _candidate(skip)
        rows.append((Text(site.name, "bold"), Text(site.now), Text(candidate), why, Text(site.where, "dim")))
    return _table(("left alone", "now", "newest", "why", "where"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[RenderableType]]) -> Table:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
