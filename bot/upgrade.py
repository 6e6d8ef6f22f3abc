"""The pass over one repository: read, extract, resolve, look up, decide, edit, propose."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import extraction, policy_file
from bot.core import edits as editing
from bot.core import render
from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Answer,
    Decision,
    Dependency,
    Edit,
    FileFacts,
    History,
    Package,
    ParseError,
    Skip,
    SkippedFile,
    SkipReason,
    Update,
)
from bot.core.policy import decide_all, group, to_look_up
from bot.core.resolve import resolve
from bot.core.rules import Policy, combine
from bot.forge.base import Forge, Snapshot

LookUp = Callable[[Iterable[Package]], Mapping[Package, Answer]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a pass works with: built once, in ``app.py``."""

    ecosystems: tuple[Ecosystem, ...]
    facts: extraction.FactsCache
    look_up: LookUp
    history: History
    policy: Policy
    max_file: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One proposal to be: the updates that share a branch, their edits, and the files they give."""

    updates: tuple[Update, ...]
    edits: tuple[Edit, ...]
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def branch(self) -> str:
        """The branch that it lives on."""
        return render.branch_name(self.updates)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a pass found: every decision, each update with its proved edits, and what could not be read."""

    repository: str
    commit: str | None
    branch: str
    dependencies: tuple[Dependency, ...]
    decisions: tuple[Decision, ...]
    plans: tuple[Plan, ...]
    skipped: tuple[SkippedFile, ...]
    warnings: tuple[str, ...]
    policy: Policy
    timings: Mapping[str, float]


def scan(forge: Forge, tools: Tools, now: datetime) -> Scan:
    """Decide about everything in the repository; writes nothing to it. Raises ``ForgeError``."""
    clock = _Clock()
    snapshot = forge.snapshot()
    policy, warnings = _policy(snapshot, tools.policy)
    limits = extraction.Limits(tools.max_file, policy.exclude or ())
    reading = extraction.read(snapshot, tools.ecosystems, tools.facts, limits)
    dependencies = resolve(extraction.complete(reading.files, tools.ecosystems))
    clock.lap("extract")
    answers = tools.look_up(to_look_up(dependencies, policy))
    clock.lap("look_up")
    decided = decide_all(dependencies, answers, policy, tools.history, now)
    plans, unproved = _plan(snapshot, decided, reading.files, tools.ecosystems)
    clock.lap("decide")
    return Scan(
        repository=forge.repository,
        commit=snapshot.commit,
        branch=snapshot.branch,
        dependencies=dependencies,
        decisions=tuple(_without(decision, unproved) for decision in decided),
        plans=plans,
        skipped=reading.skipped,
        warnings=warnings,
        policy=policy,
        timings=clock.laps,
    )


class _Clock:
    """Seconds that each step took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 4)
        self._last = now


def _policy(snapshot: Snapshot, operator: Policy) -> tuple[Policy, tuple[str, ...]]:
    """The operator's policy tightened by the repository's; an unusable file is said and left out."""
    raw = snapshot.read_many([policy_file.PATH], policy_file.MAX_BYTES).get(policy_file.PATH)
    if raw is None:
        linked = any(entry.path == policy_file.PATH for entry in snapshot.entries())
        words = f"{policy_file.PATH}: a symbolic link is not followed, so it was not used; make it a file"
        return operator, (words,) if linked else ()
    if not isinstance(raw, bytes):
        return operator, (f"{policy_file.PATH}: larger than {policy_file.MAX_BYTES // 1024} KiB, so it was not used",)
    try:
        return combine(operator, policy_file.parse(raw)), ()
    except policy_file.PolicyError as error:
        return operator, (f"{error} (until then the operator's policy alone is used)",)


# Edit and prove


_Unproved = Mapping[int, str]
"""Why an update could not be carried out, by ``id`` of the update."""


def _plan(
    snapshot: Snapshot, decided: Sequence[Decision], files: Sequence[FileFacts], ecosystems: Sequence[Ecosystem]
) -> tuple[tuple[Plan, ...], _Unproved]:
    """The plans whose edits are proved, and the updates whose edits are not."""
    updates = [update for decision in decided for update in decision.updates]
    paths = {change.pin.path for update in updates for change in update.changes}
    contents = snapshot.read_many(paths)
    facts: dict[str, list[FileFacts]] = defaultdict(list)
    for one in files:
        facts[one.path].append(one)
    editor = _Editor(contents, facts, {ecosystem.name: ecosystem for ecosystem in ecosystems})
    plans: list[Plan] = []
    unproved: dict[int, str] = {}
    for members in group(updates):
        try:
            plans.append(editor.plan(members))
        except (editing.EditConflictError, _NotProvedError) as error:
            unproved.update((id(update), str(error)) for update in members)
    return tuple(plans), unproved


class _NotProvedError(Exception):
    """An edit that does not read back as it should."""


@dataclass(frozen=True, slots=True)
class _Editor:
    """Makes edits and proves them, file by file."""

    contents: Mapping[str, object]
    facts: Mapping[str, Sequence[FileFacts]]
    ecosystems: Mapping[str, Ecosystem]

    def plan(self, updates: tuple[Update, ...]) -> Plan:
        """The plan of these updates; raises ``EditConflictError`` and ``_NotProvedError``."""
        edits = editing.edits_of(change for update in updates for change in update.changes)
        by_path: dict[str, list[Edit]] = defaultdict(list)
        for edit in edits:
            by_path[edit.path].append(edit)
        files = {path: self._edited(path, own).encode() for path, own in by_path.items()}
        return Plan(updates, edits, files)

    def _edited(self, path: str, edits: Sequence[Edit]) -> str:
        content = self.contents.get(path)
        if not isinstance(content, bytes):
            raise _NotProvedError(f"{path} can't be read again")
        text = editing.splice(content.decode(), edits)
        known = {pin.span for facts in self.facts.get(path, ()) for s in facts.statements for pin in s.pins}
        if any(edit.span not in known for edit in edits):
            raise _NotProvedError(f"{path}: an edit is at no place that states a version")
        for before in self.facts.get(path, ()):
            self._prove(before, text, edits)
        return text

    def _prove(self, before: FileFacts, text: str, edits: Sequence[Edit]) -> None:
        """Every ecosystem that reads the file must find what it found before, but for its own pins."""
        pinned = {pin.span for statement in before.statements for pin in statement.pins}
        try:
            after = self.ecosystems[before.ecosystem].extract(before.path, text)
        except ParseError as error:
            raise _NotProvedError(f"{before.path} can't be read after the edit: {error}") from None
        problem = editing.prove(before, after, [edit for edit in edits if edit.span in pinned])
        if problem:
            raise _NotProvedError(problem)


def _without(decision: Decision, unproved: _Unproved) -> Decision:
    """The decision with every update that could not be proved turned into skips (DESIGN law 2)."""
    failed = [update for update in decision.updates if id(update) in unproved]
    if not failed:
        return decision
    skips = [
        (dependency, Skip(SkipReason.NOT_PROVED, unproved[id(update)], update.release))
        for update in failed
        for dependency in update.dependencies
    ]
    kept = tuple(update for update in decision.updates if id(update) not in unproved)
    return replace(decision, updates=kept, skips=(*decision.skips, *skips))
