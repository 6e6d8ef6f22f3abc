"""The pass over one repository: read, extract, resolve, look up, decide, edit, propose."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import extraction, policy_file
from bot.core import digests as fixing
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
    Locked,
    Package,
    ParseError,
    Skip,
    SkippedFile,
    SkipReason,
    Unavailable,
    Update,
)
from bot.core.policy import decide_all, group, to_look_up
from bot.core.resolve import compiled, resolve
from bot.core.rules import Policy, combine
from bot.forge.base import Forge, Snapshot, blob_id
from bot.store.codec import FINGERPRINT

PARAMETERS = "parameters"
"""The ecosystem of which policy says which files it reads."""

LookUp = Callable[[Iterable[Package]], Mapping[Package, Answer]]
TellDigests = Callable[[Sequence[fixing.Tag]], Mapping[fixing.Tag, str | Unavailable]]

ROUNDS = 3
"""So often decisions are made anew with the digests that they lacked: each time an older version may be the next."""


def nobody(_tags: Sequence[fixing.Tag]) -> Mapping[fixing.Tag, str | Unavailable]:
    """Tells no digest."""
    return {}


@dataclass(frozen=True, slots=True)
class Tools:
    """What a pass works with: built once, in ``app.py``.

    ``policy`` is the operator's; ``house`` the text of the organisation's, None where there is none;
    ``prefix`` what the names of branches begin with; ``granted`` what the forge lets the bot do;
    ``digests`` says what tags stand for.
    """

    ecosystems: tuple[Ecosystem, ...]
    facts: extraction.FactsCache
    look_up: LookUp
    history: History
    policy: Policy
    max_file: int
    house: bytes | None = None
    prefix: str = render.BRANCH_PREFIX
    granted: tuple[tuple[str, str], ...] = ()
    digests: TellDigests = nobody


@dataclass(frozen=True, slots=True)
class Plan:
    """One proposal to be: the updates that share a branch, their edits, and the files they give.

    ``sources`` are the blob ids of those files before and after, empty where there is no git.
    """

    updates: tuple[Update, ...]
    edits: tuple[Edit, ...]
    files: Mapping[str, bytes] = field(repr=False)
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    prefix: str = render.BRANCH_PREFIX

    @property
    def branch(self) -> str:
        """The branch that it lives on."""
        return render.branch_name(self.updates, self.prefix)


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of a repository at a commit; ``house`` and ``own`` are the texts of its policies.

    A text is None where it could not be read as one: then the repository has to be read again.
    """

    commit: str | None
    branch: str
    house: str | None
    own: str | None
    reading: extraction.Reading

    @property
    def complete(self) -> bool:
        """Whether decisions can be made from it without asking the forge again."""
        return self.commit is not None and self.house is not None and self.own is not None


@dataclass(frozen=True, slots=True)
class Scan:
    """What a pass found: every decision, each update with its proved edits, and what could not be read.

    ``fingerprint`` is the same for as long as the same is decided for the same reasons.
    """

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
    known: Known | None = None
    fingerprint: str = ""
    prefix: str = render.BRANCH_PREFIX


def scan(forge: Forge, tools: Tools, now: datetime) -> Scan:
    """Decide about everything in the repository; writes nothing to it. Raises ``ForgeError``."""
    clock = _Clock()
    snapshot = forge.snapshot()
    own, unread = _own_policy(snapshot)
    policy, warnings = policy_of(tools, own)
    warnings = (*unread, *warnings)
    limits = extraction.Limits(tools.max_file, policy.exclude or ())
    reading = extraction.read(snapshot, _reading(tools, policy), tools.facts, limits)
    known = Known(snapshot.commit, snapshot.branch, _text(tools.house), None if unread else _text(own), reading)
    grounds = _grounds(reading, policy, tools)
    clock.lap("extract")
    answers = tools.look_up(grounds.packages)
    clock.lap("look_up")
    (decided,) = settle([grounds], answers, tools.digests, now)
    plans, unproved = _plan(snapshot, decided, reading.files, tools)
    clock.lap("decide")
    return Scan(
        repository=forge.repository,
        commit=snapshot.commit,
        branch=snapshot.branch,
        dependencies=grounds.dependencies,
        decisions=tuple(_without(decision, unproved) for decision in decided),
        plans=plans,
        skipped=reading.skipped,
        warnings=warnings,
        policy=policy,
        timings=clock.laps,
        known=known,
        fingerprint=fingerprint(decided, policy),
        prefix=tools.prefix,
    )


def _reading(tools: Tools, policy: Policy) -> tuple[Ecosystem, ...]:
    """The ecosystems; parameter files are also those that policy names."""
    return tuple(
        replace(one, patterns=(*one.patterns, *policy.parameter_files)) if one.name == PARAMETERS else one
        for one in tools.ecosystems
    )


def policy_in_force(forge: Forge, tools: Tools) -> Policy:
    """The policy that a scan of the base would work with; raises ``ForgeError``."""
    own, _ = _own_policy(forge.snapshot())
    return policy_of(tools, own)[0]


def readers(tools: Tools) -> str:
    """A digest of what decides what is read and done, but for the repository's own policy and its organisation's."""
    kinds = sorted((one.name, one.version) for one in tools.ecosystems)
    return hashlib.sha256(
        repr(
            (FINGERPRINT, kinds, tools.max_file, tools.policy.exclude, tools.policy.parameter_files, tools.granted)
        ).encode()
    ).hexdigest()


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the decisions about a repository depend on, but for what the registries say.

    ``locked`` are the packages of its lock files that not every Python can install.
    """

    dependencies: tuple[Dependency, ...]
    policy: Policy
    history: History
    locked: tuple[Locked, ...] = ()

    @property
    def packages(self) -> Iterable[Package]:
        """What is to be looked up."""
        return to_look_up(self.dependencies, self.policy)

    def decide(self, answers: Mapping[Package, Answer], now: datetime) -> tuple[Decision, ...]:
        """What is decided, given the answers."""
        return decide_all(self.dependencies, answers, self.policy, self.history, now, locked=self.locked)


def _grounds(reading: extraction.Reading, policy: Policy, tools: Tools) -> Grounds:
    files = extraction.complete(reading.files, tools.ecosystems)
    return Grounds(resolve(files), policy, tools.history, compiled(files))


def settle(
    cases: Sequence[Grounds], answers: Mapping[Package, Answer], digests: TellDigests, now: datetime
) -> list[tuple[Decision, ...]]:
    """What is decided of each repository, with the digests asked for that its decisions lack.

    ``answers`` hold the ``packages`` of all; who decides for many at once decides as who does for one.
    """
    decided = [case.decide(answers, now) for case in cases]
    known = [answers] * len(cases)
    for _ in range(ROUNDS):
        lacking = {at: tags for at, one in enumerate(decided) if (tags := fixing.wanted(one))}
        if not lacking:
            break
        said = digests(tuple(dict.fromkeys(tag for tags in lacking.values() for tag in tags)))
        for at, tags in lacking.items():
            known[at] = fixing.told(known[at], tags, said)
            # All of it anew: what becomes of a runtime depends on what is installed on it.
            decided[at] = cases[at].decide(known[at], now)
    return decided


def foresee(known: Known, tools: Tools) -> Grounds:
    """What a scan would begin with, without asking the forge; for what is ``complete``."""
    policy, _ = policy_of(tools, (known.own or "").encode() or None)
    return _grounds(known.reading, policy, tools)


def fingerprint(decided: Iterable[Decision], policy: Policy) -> str:
    """A digest of what was decided and why, and of the policy in force."""
    digest = hashlib.sha256(repr(policy).encode("utf-8", "backslashreplace"))
    for decision in decided:
        moves = [
            (u.track, u.group, u.pipeline, [(c.pin.path, c.pin.span, c.text) for c in u.changes])
            for u in decision.updates
        ]
        stays = [
            (d.path, d.statement.line, s.reason, s.detail, s.candidate and s.candidate.version)
            for d, s in decision.skips
        ]
        digest.update(repr((decision.subject, moves, stays)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


class _Clock:
    """Seconds that each step took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 4)
        self._last = now


def policy_of(tools: Tools, own: bytes | None) -> tuple[Policy, tuple[str, ...]]:
    """The operator's policy tightened by the organisation's and the repository's.

    A text that can't be used is said and left out.
    """
    policy, warnings = tools.policy, []
    for raw, path in ((tools.house, f".github/{policy_file.PATH}"), (own, policy_file.PATH)):
        if raw is None:
            continue
        try:
            policy = combine(policy, policy_file.parse(raw, path))
        except policy_file.PolicyError as error:
            warnings.append(f"{error} (until then it is left out)")
    return policy, tuple(warnings)


def _own_policy(snapshot: Snapshot) -> tuple[bytes | None, tuple[str, ...]]:
    """The text of the repository's policy file, None where there is none, and why it could not be read."""
    raw = snapshot.read_many([policy_file.PATH], policy_file.MAX_BYTES).get(policy_file.PATH)
    if raw is None:
        linked = any(entry.path == policy_file.PATH for entry in snapshot.entries())
        words = f"{policy_file.PATH}: a symbolic link is not followed, so it was not used; make it a file"
        return None, (words,) if linked else ()
    if not isinstance(raw, bytes):
        return None, (f"{policy_file.PATH}: larger than {policy_file.MAX_BYTES // 1024} KiB, so it was not used",)
    return raw, ()


def _text(raw: bytes | None) -> str | None:
    try:
        return (raw or b"").decode()
    except UnicodeDecodeError:
        return None


# Edit and prove


_Unproved = Mapping[int, str]
"""Why an update could not be carried out, by ``id`` of the update."""


def _plan(
    snapshot: Snapshot, decided: Sequence[Decision], files: Sequence[FileFacts], tools: Tools
) -> tuple[tuple[Plan, ...], _Unproved]:
    """The plans whose edits are proved, and the updates whose edits are not."""
    updates = [update for decision in decided for update in decision.updates]
    paths = {change.pin.path for update in updates for change in update.changes}
    contents = snapshot.read_many(paths)
    blobs = {entry.path: entry.blob for entry in snapshot.entries() if entry.path in paths} if paths else {}
    facts: dict[str, list[FileFacts]] = defaultdict(list)
    for one in files:
        facts[one.path].append(one)
    editor = _Editor(contents, blobs, facts, {one.name: one for one in tools.ecosystems}, tools.prefix)
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
    blobs: Mapping[str, str]
    facts: Mapping[str, Sequence[FileFacts]]
    ecosystems: Mapping[str, Ecosystem]
    prefix: str

    def plan(self, updates: tuple[Update, ...]) -> Plan:
        """The plan of these updates; raises ``EditConflictError`` and ``_NotProvedError``."""
        edits = editing.edits_of(change for update in updates for change in update.changes)
        by_path: dict[str, list[Edit]] = defaultdict(list)
        for edit in edits:
            by_path[edit.path].append(edit)
        files = {path: self._edited(path, own).encode() for path, own in by_path.items()}
        sources = {path: (self.blobs.get(path, ""), blob_id(data)) for path, data in files.items()}
        return Plan(updates, edits, files, sources, self.prefix)

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
