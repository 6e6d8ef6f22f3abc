"""Put the plans of a scan on branches: idempotent, by compare-and-swap, and never over someone's work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.core import render
from bot.core.dashboard import EVERYTHING
from bot.core.machine_images.asked import REGISTRY
from bot.core.model import Bump, Package, SkipReason, Update
from bot.core.notes import ReleaseNotes
from bot.core.rules import MAX_NEW_PER_HOUR, MAX_OPEN, Commit, Rebase, effective
from bot.forge.base import (
    Author,
    Branch,
    Deleted,
    Forge,
    NewCommit,
    PullRequests,
    Pushed,
    RefusalReason,
    Review,
    ReviewState,
    Words,
)
from bot.forge.pacing import PostponedError
from bot.store.proposals import ProposalRecord, ProposalStatus, ProposedUpdate
from bot.upgrade import Plan, Scan


class Ledger(Protocol):
    """Where the bot records what it proposed: ``store.Proposals``."""

    def all(self, repository: str | None = None, status: ProposalStatus | None = None) -> tuple[ProposalRecord, ...]:
        """The proposals of a repository with a status."""
        ...

    def open(self, repository: str, branch: str) -> ProposalRecord | None:
        """The open proposal on a branch."""
        ...

    def numbered(self, repository: str, number: int) -> ProposalRecord | None:
        """The newest proposal whose pull request has this number."""
        ...

    def opened(self, repository: str, since: datetime) -> int:
        """How many proposals of a repository were new since then, whatever became of them."""
        ...

    def save(self, record: ProposalRecord) -> None:
        """Keep a proposal."""
        ...

    def close(self, repository: str, branch: str, status: ProposalStatus, at: datetime) -> bool:
        """Give the open proposal on a branch its end."""
        ...


class State(StrEnum):
    """What a run did with a branch."""

    CREATED = "created"
    MOVED = "moved"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left alone"
    WAITING = "waiting"
    LANDED = "landed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one branch; ``plan`` is None for one that is no longer wanted.

    ``number`` is its pull request's, 0 for none; ``theirs`` tells that somebody else committed to
    it; ``soon`` that it waits for nothing but time. ``notes`` are what could not be had (a reviewer…).
    ``lasting`` tells that nothing changes before somebody does something (grants a permission).
    """

    branch: str
    state: State
    detail: str
    title: str
    body: str
    head: str | None
    plan: Plan | None
    number: int = 0
    theirs: bool = False
    soon: bool = False
    notes: tuple[str, ...] = ()
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    """What a plan is called."""

    title: str
    body: str


IMAGES = f"{REGISTRY}/"
"""What the subjects of machine images begin with: which family one is of is known only when it was looked up."""

_GONE_FOR_GOOD = frozenset(
    {
        *(SkipReason.UP_TO_DATE, SkipReason.IN_RANGE, SkipReason.IGNORED, SkipReason.HELD),
        *(SkipReason.NEEDS_RUNTIME, SkipReason.QUARANTINED, SkipReason.WITHDRAWN, SkipReason.UNPINNED),
        *(SkipReason.FLOATING, SkipReason.LOCAL),
    }
)
"""Skips after which an open proposal of that subject is not wanted any more.

Never those that tell of a failure of the bot's own, such as a registry that is down (DESIGN law 11).
"""


NotesOf = Callable[[Sequence[Update]], Mapping[Package, ReleaseNotes]]
"""The release notes of what some updates bring, as far as they can be had."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people asked for, by branch: rebuild it, throw other people's commits away, or don't let it wait."""

    rebase: frozenset[str] = frozenset()
    recreate: frozenset[str] = frozenset()
    at_once: frozenset[str] = frozenset()

    def mean(self, branch: str) -> bool:
        """Whether somebody asked for something on this branch."""
        return not (self.rebase | self.recreate | self.at_once).isdisjoint({branch, EVERYTHING})


@dataclass(frozen=True, slots=True)
class Discussion:
    """What there is where a forge has pull requests: they themselves, what people wish, and release notes."""

    pulls: PullRequests
    wishes: Wishes = Wishes()
    notes: NotesOf = lambda _: {}


def propose_all(
    forge: Forge, ledger: Ledger, scan: Scan, now: datetime, discussion: Discussion | None = None
) -> tuple[Outcome, ...]:
    """Bring the repository's branches and pull requests in line with the scan; the same again changes nothing.

    What is not wanted any more goes first, for it makes room; then what is there already; then
    what is new, the smallest steps first. Raises ``ForgeError`` and ``StoreError``.
    """
    recorded = {record.branch: record for record in ledger.all(scan.repository, ProposalStatus.OPEN)}
    branches = forge.branches(scan.prefix)
    prefix = render.commit_style(forge.recent_subjects(), _commit(scan).style)
    proposer = _Proposer(forge, ledger, scan, recorded, branches, now, discussion, prefix)
    wanted = {plan.branch for plan in scan.plans}
    stale = [_patiently(record, proposer) for branch, record in recorded.items() if branch not in wanted]
    gone = {one.branch for one in stale if one is not None and one.state in {State.LANDED, State.SUPERSEDED}}
    lately = ledger.opened(scan.repository, now - timedelta(hours=1))
    room = _Room(scan, [one for branch, one in recorded.items() if branch not in gone], lately)
    ordered = sorted(scan.plans, key=lambda plan: (plan.branch not in branches, *_step(plan), plan.branch))
    outcomes = [proposer.attempt(plan, room) for plan in ordered]
    return (*outcomes, *(outcome for outcome in stale if outcome is not None))


def _patiently(record: ProposalRecord, proposer: _Proposer) -> Outcome | None:
    try:
        return proposer.retire(record)
    except PostponedError as error:
        return Outcome(record.branch, State.WAITING, str(error), record.title, "", None, None, record.number, soon=True)


_STEPS = (Bump.PIN, Bump.DIGEST, Bump.IMAGE, Bump.PATCH, Bump.MINOR, Bump.CALENDAR, Bump.MAJOR)


def _step(plan: Plan) -> tuple[int, int]:
    """How large a step a plan is: its largest update, then how many there are."""
    return max(_STEPS.index(update.bump) for update in plan.updates), len(plan.updates)


def _commit(scan: Scan) -> Commit:
    return scan.policy.commit or Commit()


class _Room:
    """How many more pull requests a repository may have, by policy; counts what is let in."""

    def __init__(self, scan: Scan, recorded: Iterable[ProposalRecord], lately: int) -> None:
        self._policy = scan.policy
        self._open = Counter(one.pipeline for one in recorded)
        self._new = lately

    def refuses(self, plan: Plan) -> tuple[str, bool]:
        """Why a new pull request has to wait, "" when there is room; and whether time alone makes room."""
        pipeline, wanted = plan.updates[0].pipeline, self._policy.pull_requests
        own = self._policy.pipelines.get(pipeline)
        stated = [limit for limit in (wanted.max_open, own.max_open if own else None) if limit is not None]
        most, hourly = min(stated, default=MAX_OPEN), wanted.max_new_per_hour or MAX_NEW_PER_HOUR
        if self._open[pipeline] >= most:
            return render.no_room(pipeline, most), False
        if self._new >= hourly:
            return render.hour_full(hourly), True
        return "", False

    def let_in(self, plan: Plan) -> None:
        """Count a new pull request."""
        self._open[plan.updates[0].pipeline] += 1
        self._new += 1


@dataclass(frozen=True, slots=True)
class _Proposer:
    """One repository's branches and what the store knows of them."""

    forge: Forge
    ledger: Ledger
    scan: Scan
    recorded: Mapping[str, ProposalRecord]
    branches: Mapping[str, Branch]
    now: datetime
    discussion: Discussion | None
    prefix: str

    @property
    def pulls(self) -> PullRequests | None:
        """The repository's pull requests, where the forge has them."""
        return self.discussion.pulls if self.discussion else None

    @property
    def wishes(self) -> Wishes:
        """What people asked for."""
        return self.discussion.wishes if self.discussion else Wishes()

    def attempt(self, plan: Plan, room: _Room) -> Outcome:
        """Propose a plan, unless it has to wait for room or for the forge."""
        new = self.pulls is not None and plan.branch not in self.branches and plan.branch not in self.recorded
        if new and self.wishes.at_once.isdisjoint({plan.branch, EVERYTHING}):
            why, soon = room.refuses(plan)
            if why:
                return self._waits(plan, why, soon=soon)
        if self._silent(plan):
            return self._waits(plan, "a machine image that may belong to it could not be asked for", soon=True)
        try:
            outcome = self.propose(plan)
        except PostponedError as error:
            return self._waits(plan, str(error), soon=True)
        if new and outcome.state is State.CREATED:
            room.let_in(plan)
        return outcome

    def _silent(self, plan: Plan) -> bool:
        """Whether an open proposal would lose places only because their images could not be asked for."""
        known, branch = self.recorded.get(plan.branch), self.branches.get(plan.branch)
        if known is None or branch is None or not any(self._unanswered(u.subject, known) for u in plan.updates):
            return False
        return self._own(branch, plan) and not self._holds(branch, plan)

    def _waits(self, plan: Plan, why: str, *, soon: bool) -> Outcome:
        title = render.title(plan.updates, self.prefix)
        number = self.recorded[plan.branch].number if plan.branch in self.recorded else 0
        return Outcome(plan.branch, State.WAITING, why, title, "", None, plan, number, soon=soon)

    def propose(self, plan: Plan) -> Outcome:
        """Create the plan's branch, move it, or leave it as it is."""
        branch = self.branches.get(plan.branch)
        if branch is not None and plan.branch not in self.wishes.recreate and not self._own(branch, plan):
            return self._theirs(plan, branch)
        words = self._words(plan)
        if branch is not None and self._holds(branch, plan):
            self._record(plan, words, branch.head, branch.parent)
            return self._announced(plan, words, State.UNCHANGED, branch.head)
        message = render.commit_message(plan.updates, self.prefix)
        commit = NewCommit(self.scan.commit, plan.files, message, self._author, self.now)
        done = self.forge.propose(plan.branch, commit, branch.head if branch else None)
        if not isinstance(done, Pushed):
            head = branch.head if branch else None
            lasting = done.reason is RefusalReason.PERMISSION_MISSING
            refused = Outcome(plan.branch, State.LEFT_ALONE, done.detail, words.title, words.body, head, plan)
            return replace(refused, lasting=lasting)
        self._record(plan, words, done.head, self.scan.commit)
        state = State.MOVED if branch else State.CREATED
        return self._announced(plan, words, state if done.changed else State.UNCHANGED, done.head)

    def _theirs(self, plan: Plan, branch: Branch) -> Outcome:
        detail = "someone else committed to it: it is theirs now"
        number = self.recorded[plan.branch].number if plan.branch in self.recorded else 0
        title = render.title(plan.updates, self.prefix)
        return Outcome(plan.branch, State.LEFT_ALONE, detail, title, "", branch.head, plan, number, theirs=True)

    @property
    def _author(self) -> Author:
        by = _commit(self.scan)
        return Author(by.name, by.email)

    def _words(self, plan: Plan) -> _Words:
        """What the plan is called: as recorded while nothing moves, for a body may count days, and names lines."""
        known = self.recorded.get(plan.branch)
        stays = self.scan.policy.pull_requests.rebase is Rebase.NEVER or (
            known is not None and _same_files(known, plan)
        )
        if known is not None and stays and known.updates == _proposed_all(plan):
            return _Words(known.title, known.body)
        ages = (effective(self.scan.policy, d).minimum_age for update in plan.updates for d in update.dependencies)
        wanted = self.discussion is not None and self.scan.policy.pull_requests.release_notes
        notes = self.discussion.notes(plan.updates) if self.discussion and wanted else {}
        body = render.body(plan.updates, max(ages), self.now, notes, talks=self.pulls is not None)
        return _Words(render.title(plan.updates, self.prefix), body)

    def _announced(self, plan: Plan, words: _Words, state: State, head: str) -> Outcome:
        """See that the branch has its pull request, and remember which; its address is the outcome's detail."""
        if self.pulls is None:
            return Outcome(plan.branch, state, "", words.title, words.body, head, plan)
        review = self.pulls.open(plan.branch, self._asked_for(words))
        self._record(plan, words, head, None, review)
        said = Outcome(plan.branch, state, review.url, words.title, words.body, head, plan, review.number)
        return replace(said, notes=review.notes)

    def _asked_for(self, words: _Words) -> Words:
        wanted = self.scan.policy.pull_requests
        return Words(
            words.title,
            words.body,
            labels=wanted.labels or (),
            assignees=wanted.assignees or (),
            reviewers=wanted.reviewers or (),
            team_reviewers=wanted.team_reviewers or (),
            draft=bool(wanted.draft),
        )

    def retire(self, record: ProposalRecord) -> Outcome | None:
        """End a proposal that is not planned any more: landed, or not wanted; None where that is not certain."""
        branch = self.branches.get(record.branch)
        landed = self._landed(record, branch)
        if not landed and not self._settled(record):
            return None
        state, status = (
            (State.LANDED, ProposalStatus.LANDED) if landed else (State.SUPERSEDED, ProposalStatus.SUPERSEDED)
        )
        self._close_pull(record, state)
        if branch is not None and branch.head == record.head:
            done = self.forge.delete(record.branch, record.head)
            if not isinstance(done, Deleted):
                return Outcome(record.branch, State.LEFT_ALONE, done.detail, record.title, "", branch.head, None)
        self.ledger.close(record.repository, record.branch, status, self.now)
        return Outcome(record.branch, state, "", record.title, "", None, None, record.number)

    def _close_pull(self, record: ProposalRecord, state: State) -> None:
        """Close the pull request of a proposal that ended otherwise than by a merge."""
        review = self.pulls.listed().get(record.branch) if self.pulls is not None else None
        if self.pulls is None or review is None or review.state is not ReviewState.OPEN or review.head != record.head:
            return
        why = render.Ending.LANDED if state is State.LANDED else render.Ending.NOT_NEEDED
        self.pulls.close(review.number, render.closed(why))

    def _own(self, branch: Branch, plan: Plan) -> bool:
        """Whether the head is the bot's: the recorded one, or (lost store, killed run) one that says and proves so."""
        record = self.recorded.get(branch.name)
        if record is not None and (record.head == branch.head or _amended(record, branch)):
            return record.head == branch.head
        if not branch.trailers or branch.parent is None or not self.forge.authored(branch, self._author):
            return False
        if self.scan.commit is None or not self.forge.is_ancestor(branch.parent, self.scan.commit):
            return False
        return self.forge.touched(branch.parent, branch.head) <= plan.files.keys()

    def _holds(self, branch: Branch, plan: Plan) -> bool:
        """Whether the branch may stay as it is: it holds exactly this plan, on a base that is recent enough.

        Recent enough is, by policy, one that has the same files as the present base.
        """
        base, record = self.scan.commit, self.recorded.get(branch.name)
        if base is None or branch.parent is None or plan.branch in self.wishes.recreate:
            return False
        rebase = self.scan.policy.pull_requests.rebase
        if branch.parent != base and (rebase is Rebase.ALWAYS or plan.branch in self.wishes.rebase):
            return False
        if record is not None and record.head == branch.head and record.sources:
            kept = rebase is Rebase.NEVER and record.updates == _proposed_all(plan)
            return kept or dict(record.sources) == dict(plan.sources)
        if self.forge.changed(branch.parent, base, plan.files):
            return False
        if not self.forge.touched(branch.parent, branch.head) <= plan.files.keys():
            return False
        return self.forge.snapshot(branch.head).read_many(plan.files) == dict(plan.files)

    def _landed(self, record: ProposalRecord, branch: Branch | None) -> bool:
        head = branch.head if branch is not None else record.head
        if self.scan.commit is None or head != record.head:
            return False
        return self.forge.is_ancestor(head, self.scan.commit)

    def _settled(self, record: ProposalRecord) -> bool:
        """Whether the scan is certain that none of the record's subjects is to move any more.

        Never while the repository's policy can't be read: another one is in force then (DESIGN law 11).
        """
        return not self.scan.warnings and all(self._subject_settled(one.subject, record) for one in record.updates)

    def _subject_settled(self, subject: str, record: ProposalRecord) -> bool:
        decision = next((one for one in self.scan.decisions if one.subject == subject), None)
        if decision is None:
            return not self.scan.skipped and not self._hidden(subject)
        if self._unanswered(subject, record):
            return False
        return all(skip.reason in _GONE_FOR_GOOD for _, skip in decision.skips) or bool(decision.updates)

    def _unanswered(self, subject: str, record: ProposalRecord) -> bool:
        """Whether a machine image in one of the record's files could not be asked for: it may be of the subject."""
        images = (one for one in self.scan.decisions if one.subject.startswith(IMAGES) and subject.startswith(IMAGES))
        silent = SkipReason.REGISTRY_UNAVAILABLE
        paths = {at.path for one in images for at, skip in one.skips if skip.reason is silent}
        return bool(paths if not record.sources else paths & record.sources.keys())

    def _hidden(self, subject: str) -> bool:
        """Whether the subject may be one of those whose machine images could not be looked up."""
        others = (one for one in self.scan.decisions if one.subject.startswith(IMAGES))
        unsure = any(skip.reason not in _GONE_FOR_GOOD for one in others for _, skip in one.skips)
        return subject.startswith(IMAGES) and unsure

    def _record(self, plan: Plan, words: _Words, head: str, base: str | None, review: Review | None = None) -> None:
        known = self.ledger.open(self.scan.repository, plan.branch)
        record = ProposalRecord(
            repository=self.scan.repository,
            branch=plan.branch,
            pipeline=plan.updates[0].pipeline,
            title=words.title,
            body=words.body,
            head=head,
            base=(known.base if known and base is None else base) or "",
            updates=_proposed_all(plan),
            created_at=known.created_at if known else self.now,
            updated_at=self.now,
            number=review.number if review else known.number if known else 0,
            node=review.node if review else known.node if known else "",
            # A branch that stays on an older base, as policy may want, was made from other files than these.
            sources=dict(known.sources if known and known.head == head and known.sources else plan.sources),
            told=known.told if known and known.head == head else "",
        )
        if known is None or replace(known, updated_at=self.now) != record:
            self.ledger.save(record)


def _same_files(record: ProposalRecord, plan: Plan) -> bool:
    """Whether the plan edits the files as they were when it was recorded (before sources were, nobody knows)."""
    return not record.sources or dict(record.sources) == dict(plan.sources)


def _amended(record: ProposalRecord, branch: Branch) -> bool:
    """Whether an unrecorded head looks like someone's amendment of the recorded one.

    Such a commit keeps author, trailers and parent. A run that was killed between the branch and the
    store left other trailers (a newer release) or another parent (rebuilt on a newer base).
    """
    stated = {f"{update.registry}/{update.name}@{update.version}" for update in record.updates}
    return branch.parent == record.base and stated == set(branch.trailers)


def _proposed_all(plan: Plan) -> tuple[ProposedUpdate, ...]:
    return tuple(_proposed(update) for update in plan.updates)


def _proposed(update: Update) -> ProposedUpdate:
    package = update.package
    return ProposedUpdate(
        update.subject, package.registry, package.name, update.from_version, update.version, update.bump
    )
