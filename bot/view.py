"""What the commands print: rich tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import difflib
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import policy_file, report
from bot.config import ConfigError, Settings, unknown_variables
from bot.core.errors import ExpectedError
from bot.core.rules import effective
from bot.report import Site, clean
from bot.store import ProposalRecord
from bot.upgrade import Scan

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bot.doctor import Finding
    from bot.fleet import Paid, Survey
    from bot.fleets import FleetPass
    from bot.visiting import Pass


def say(line: str = "") -> None:
    """Print a line; what the terminal can't show is replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding))  # noqa: T201 - the command line's own words


def _show(renderables: Iterable[RenderableType]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for one in renderables:
        console.print(one)


def print_scan(scan: Scan, form: str, *, everything: bool) -> None:
    """Print a scan as ``table``, ``json`` or ``markdown``."""
    now = datetime.now(UTC)
    if form == "json":
        say(json.dumps(report.as_json(scan, now), indent=2))
    elif form == "markdown":
        say(report.as_markdown(scan, now, everything=everything).rstrip("\n"))
    elif sys.stdout.isatty():
        _show(report.as_renderables(scan, now, everything=everything))
    else:
        for line in report.as_lines(scan, now, everything=everything):
            say(line)


# By ``proposing.State``, in the order of the totals.
_MARKS = {
    "created": "+",
    "moved": "~",
    "unchanged": "=",
    "left alone": "!",
    "waiting": ".",
    "landed": "-",
    "superseded": "-",
}


def print_run(done: Pass) -> None:
    """Print what a run did: a line for each branch, the diffs of a dry run, and the totals."""
    say(report.headline(done.scan, report.sites(done.scan, datetime.now(UTC))))
    for warning in done.scan.warnings:
        say(f"! {clean(warning)}")
    for outcome in done.outcomes:
        detail = f" ({clean(outcome.detail)})" if outcome.detail else ""
        say(
            f"{_MARKS[outcome.state.value]} {outcome.state.value:<10}  {outcome.branch}  {clean(outcome.title)}{detail}"
        )
    for note in done.notes:
        say(f"! {clean(note)}")
    for branch, diff in done.diffs:
        say()
        say(f"# {branch}")
        for line in diff.rstrip("\n").split("\n"):
            say(_diff_line(line))
    for skipped in done.scan.skipped:
        say(f"! not read    {clean(skipped.path)}  {skipped.reason.value}: {clean(skipped.detail)}")
    say(_totals(done))


class FleetPrinter:
    """Prints a pass over fleets as it goes: implements ``fleets.Watcher``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def surveyed(self, account: str, survey: Survey) -> None:
        """One line for a fleet."""
        out = Counter(left.value for left in survey.left_out.values())
        left = (
            f", {len(survey.left_out):,} left out ({', '.join(f'{n:,} {why}' for why, n in out.items())})"
            if out
            else ""
        )
        found = f"{len(survey.due):,} to visit, {survey.unchanged:,} as before"
        self.said(f"{account}: {_many(survey.listed)}: {found}{left}")

    def visited(self, paid: Paid) -> None:
        """One line for a visit, and one for each thing that people should know of it."""
        if isinstance(paid.result, Exception):
            self.said(f"! {paid.due.repository}: {_trouble(paid.result)}")
            return
        done = paid.result
        self.said(f"{paid.due.repository} ({paid.due.why}): {_totals(done)}")
        for words in (*done.scan.warnings, *done.notes):
            self.said(f"! {paid.due.repository}: {clean(words)}")

    def said(self, words: str) -> None:
        """A line; visits run beside each other."""
        with self._lock:
            say(words)


def _trouble(error: Exception) -> str:
    """What went wrong; of what nobody expected no more than its kind, for its words say little without the report."""
    if isinstance(error, ExpectedError):
        return clean(str(error))
    return f"something unexpected went wrong ({type(error).__name__})"


def _many(repositories: int) -> str:
    return "1 repository" if repositories == 1 else f"{repositories:,} repositories"


def print_fleets(passes: Iterable[FleetPass]) -> None:
    """Print what is left to say of a pass over fleets once it is over."""
    none = True
    for one in passes:
        none = False
        if one.trouble is not None:
            say(f"! {one.account}: {_trouble(one.trouble)}")
        if one.note:
            say(f"{one.account}: {one.note}")
        if one.waiting:
            waits = "waits" if len(one.waiting) == 1 else "wait"
            say(f"{one.account}: {_many(len(one.waiting))} {waits} for the next run: GitHub's limit leaves no room")
    if none:
        say("The App is not installed anywhere yet. Install it from its page on GitHub, then run this again.")


def _diff_line(line: str) -> str:
    """A line of a diff made safe for a terminal; tabs and the end of a CRLF line stay."""
    ending = "\r" if line.endswith("\r") else ""
    return "\t".join(clean(part) for part in line.removesuffix(ending).split("\t")) + ending


def _totals(done: Pass) -> str:
    if done.observed:
        waiting = len(done.scan.plans)
        return f'Policy only observes here (mode = "observe"): {waiting} to be made, nothing was written.'
    counts = Counter(outcome.state.value for outcome in done.outcomes)
    told = [f"{counts[state]} {state}" for state in _MARKS if counts[state]]
    if not told:
        return "Nothing to do: everything is as new as it may be."
    said = f"{', '.join(told)}."
    return f"{said} Dry run: nothing was written." if done.dry else said


# explain


def print_explanation(scan: Scan, wanted: str) -> bool:
    """Print all there is to say about the dependencies called ``wanted``; false where there is none."""
    found = report.sites(scan, datetime.now(UTC))
    meant = [site for site in found if _called(site, wanted)]
    for site in meant:
        for line in _explanation(scan, site):
            say(line)
    if not meant:
        _nothing_called(scan, found, wanted)
    return bool(meant)


def _called(site: Site, wanted: str) -> bool:
    pattern = wanted.lower()
    packages = (site.package, site.dependency.package)
    names = (site.name.lower(), *(text.lower() for package in packages for text in (package.name, str(package))))
    normal = re.sub(r"[-_.]+", "-", pattern)  # PEP 503: what the manifest may spell in another way
    return any(fnmatchcase(name, pattern) or name == normal for name in names)


def _nothing_called(scan: Scan, found: Sequence[Site], wanted: str) -> None:
    near = difflib.get_close_matches(wanted.lower(), sorted({site.name for site in found}), n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    say(f"Nothing here is called {clean(wanted)}.{hint}")
    for skipped in scan.skipped:
        say(f"  {clean(skipped.path)} was not read ({skipped.reason.value}: {clean(skipped.detail)})")


def _explanation(scan: Scan, site: Site) -> Iterable[str]:
    dependency = site.dependency
    wanted = effective(scan.policy, dependency)
    yield f"{site.name} ({dependency.kind.value} from {dependency.package.registry})"
    group = f" in {clean(dependency.statement.context.group)}" if dependency.statement.context.group else ""
    yield f"  stated    {site.where}{group}: {clean(dependency.constraint) or 'no version'}"
    source = f" (from {clean(dependency.lock or '')})" if dependency.locked else ""
    yield f"  in use    {clean(dependency.current or 'not known')}{source}"
    if dependency.runtime:
        runtime = dependency.runtime
        yield f"  runtime   {runtime.name} {clean(runtime.declared)} (from {clean(runtime.path)})"
    age = f"releases younger than {_days(wanted.minimum_age.days)} wait"
    yield f"  policy    {wanted.pipeline} pipeline, {wanted.strategy.value} strategy, {age}"
    yield from _verdict(site)
    yield ""


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _verdict(site: Site) -> Iterable[str]:
    if site.update:
        update = site.update
        since = f", published {update.release.since:%Y-%m-%d}" if update.release.since else ""
        yield f"  update    to {clean(update.version)} ({update.bump.value}{since}); {_days(site.behind)} behind"
        yield f"  becomes   {site.target}"
        yield from (f"  note      {clean(reason)}" for reason in update.reasons)
    elif site.skip:
        yield f"  stays     {site.skip.reason.value}: {clean(site.skip.detail)}"
        if site.skip.candidate:
            yield f"  newest    {clean(site.skip.candidate.version)}"


# status, doctor, config


_BREAK = "\u200b"
"""What ``render.escape`` breaks mentions and links with: invisible, and part of the text."""


def print_status(records: Sequence[ProposalRecord]) -> None:
    """Print what was proposed, newest last."""
    if not records:
        say("Nothing has been proposed yet. Start with: freshline run")
        return
    for record in records:
        when = f"{record.updated_at:%Y-%m-%d %H:%M}"
        where = f"{clean(record.repository)}{f'#{record.number}' if record.number else ''}"
        say(f"{when}  {record.status.value:<10}  {where}  {record.branch}  {clean(record.title)}")


def print_proposal(records: Sequence[ProposalRecord], branch: str) -> bool:
    """Print the title and text of the newest proposal on a branch; false where there is none."""
    named = [record for record in records if record.branch == branch]
    if not named:
        say(f"Nothing was proposed on {clean(branch)}. See: freshline status")
        return False
    say(clean(named[-1].title))
    say()
    for line in named[-1].body.splitlines():
        say(_BREAK.join(clean(part) for part in line.split(_BREAK)))
    return True


def print_findings(findings: Iterable[Finding]) -> bool:
    """Print what the doctor found; true when nothing is wrong."""
    well = True
    for finding in findings:
        well = well and finding.well
        say(f"{'ok     ' if finding.well else 'PROBLEM'}  {finding.what:<18}  {clean(finding.detail)}")
    say("All is well." if well else "Something needs a hand: see PROBLEM above.")
    return well


def print_config_check(settings: Settings, policy: Path | None) -> None:
    """Say that the configuration is sound (reading it would have failed otherwise), and check a policy file.

    Raises ``PolicyError`` and ``ConfigError``.
    """
    say(f"{clean(str(settings.path or 'no configuration file, so the defaults'))}: sound")
    for name in unknown_variables(settings.environ):
        say(f"{clean(name)} in the environment means nothing to Freshline: is it misspelt?")
    if policy is None:
        return
    try:
        raw = policy.read_bytes()
    except OSError as error:
        raise ConfigError(f"{policy}: can't be read ({type(error).__name__}); name a policy file") from None
    policy_file.parse(raw, str(policy))
    say(f"{clean(str(policy))}: sound")


def print_config(settings: Settings) -> None:
    """Print the configuration in force as TOML."""
    import tomlkit

    said = {**settings.config.model_dump(mode="json"), "store": {"url": masked(settings.store_url)}}
    for one in said["registries"].values():
        one["url"] = masked(one["url"])
    said["policy"] = policy_file.plain(settings.policy)
    document = tomlkit.document()
    document.add(tomlkit.comment(f"read from {clean(str(settings.path or 'the defaults'))} and the environment"))
    document.update(_filled(said))
    say(tomlkit.dumps(document).rstrip("\n"))


def masked(url: str) -> str:
    """The address with its user information hidden, and with it whatever stands in its query."""
    address, mark, query = url.partition("?")
    if "@" in query:  # a password may hold anything
        address, mark, query = url, "", ""
    head, at, tail = address.rpartition("@")
    scheme, separator, _ = head.partition("://")
    start = f"{scheme}{separator}" if separator else ""
    shown = f"{start}***{at}{tail}" if at else address
    return f"{shown}?***" if mark else shown


def _filled(value: Any) -> Any:
    """The value without what is None: TOML has no such thing."""
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items() if inner is not None}
    return value
