"""Put the plans of a scan on branches: idempotent, by compare-and-swap, and never over someone's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.core import render
from bot.core.model import Refusal, SkipReason, Update
from bot.core.rules import Commit, effective
from bot.forge.base import Author, Branch, Deleted, Forge, NewCommit, PullRequests, Pushed, Review, ReviewState, Words
from bot.store.proposals import ProposalRecord, ProposalStatus, ProposedUpdate
from bot.upgrade import Plan, Scan


class Ledger(Protocol):
    """Where the bot records what it proposed: ``store.Proposals``."""

    def all(self, repository: str | None = None, status: ProposalStatus | None = None) -> tuple[ProposalRecord, ...]:
        """The proposals of a repository with a status."""
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
    LANDED = "landed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one branch; ``plan`` is None for one that is no longer wanted."""

    branch: str
    state: State
    detail: str
    title: str
    body: str
    head: str | None
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class _Words:
    """What a plan is called, and the commit's author."""

    title: str
    body: str
    message: str
    author: Author


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


class Refusing(Protocol):
    """Where versions are kept that are not wanted: ``store.Refusals``."""

    def add(self, refusal: Refusal, at: datetime, repository: str = "") -> None:
        """Refuse a version in one repository."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What the bot remembers of one repository's proposals."""

    ledger: Ledger
    refusals: Refusing


def learn(forge: Forge, pulls: PullRequests, memory: Memory, now: datetime) -> bool:
    """Take in what people did with the open proposals: a closed pull request means "not this version".

    Answers whether a version was refused. Raises ``ForgeError`` and ``StoreError``.
    """
    reviews, refused = pulls.listed(), False
    for record in memory.ledger.all(forge.repository, ProposalStatus.OPEN):
        review = reviews.get(record.branch)
        if review is None or review.head != record.head:
            continue
        status = _end(review)
        if status is None:
            continue
        if status is ProposalStatus.REFUSED:
            refused = True
            _refuse(record, review, memory.refusals, now)
        forge.delete(record.branch, record.head)  # one that moved since then stays: it is someone's
        memory.ledger.close(record.repository, record.branch, status, now)
    return refused


def _end(review: Review) -> ProposalStatus | None:
    """What a person's deed made of a proposal, None where nobody did anything."""
    if review.state is ReviewState.MERGED:
        return ProposalStatus.LANDED
    return ProposalStatus.REFUSED if review.state is ReviewState.CLOSED and review.by_person else None


def _refuse(record: ProposalRecord, review: Review, refusals: Refusing, now: datetime) -> None:
    detail = f"#{review.number} was closed by a person; a newer version will be proposed"
    for update in record.updates:
        refused = Refusal(update.registry, update.name, update.version, SkipReason.DECLINED, detail)
        refusals.add(refused, now, record.repository)


def propose_all(
    forge: Forge, ledger: Ledger, scan: Scan, now: datetime, pulls: PullRequests | None = None
) -> tuple[Outcome, ...]:
    """Bring the repository's branches (and ``pulls``) in line with the scan; the same again changes nothing.

    Raises ``ForgeError`` and ``StoreError``.
    """
    recorded = {record.branch: record for record in ledger.all(scan.repository, ProposalStatus.OPEN)}
    proposer = _Proposer(forge, ledger, scan, recorded, forge.branches(), now, pulls)
    prefix = render.commit_style(forge.recent_subjects(), _commit(scan).style)
    outcomes = [proposer.propose(plan, _words(scan, plan, prefix, now)) for plan in scan.plans]
    wanted = {plan.branch for plan in scan.plans}
    stale = [proposer.retire(record) for branch, record in recorded.items() if branch not in wanted]
    return (*outcomes, *(outcome for outcome in stale if outcome is not None))


def _commit(scan: Scan) -> Commit:
    return scan.policy.commit or Commit()


def _words(scan: Scan, plan: Plan, prefix: str, now: datetime) -> _Words:
    age = max(effective(scan.policy, d).minimum_age for update in plan.updates for d in update.dependencies)
    by = _commit(scan)
    return _Words(
        render.title(plan.updates, prefix),
        render.body(plan.updates, age, now),
        render.commit_message(plan.updates, prefix),
        Author(by.name, by.email),
    )


@dataclass(frozen=True, slots=True)
class _Proposer:
    """One repository's branches and what the store knows of them."""

    forge: Forge
    ledger: Ledger
    scan: Scan
    recorded: Mapping[str, ProposalRecord]
    branches: Mapping[str, Branch]
    now: datetime
    pulls: PullRequests | None

    def propose(self, plan: Plan, words: _Words) -> Outcome:
        """Create the plan's branch, move it, or leave it as it is."""
        branch = self.branches.get(plan.branch)
        if branch is not None and not self._own(branch, plan, words.author):
            detail = "someone else committed to it: it is theirs now"
            return self._outcome(plan, words, State.LEFT_ALONE, detail, branch.head)
        if branch is not None and self._holds(branch, plan):
            self._record(plan, words, branch.head, branch.parent)
            return self._outcome(plan, words, State.UNCHANGED, self._announce(plan, words), branch.head)
        commit = NewCommit(self.scan.commit, plan.files, words.message, words.author, self.now)
        done = self.forge.propose(plan.branch, commit, branch.head if branch else None)
        if not isinstance(done, Pushed):
            return self._outcome(plan, words, State.LEFT_ALONE, done.detail, branch.head if branch else None)
        self._record(plan, words, done.head, self.scan.commit)
        state = State.MOVED if branch else State.CREATED
        detail = self._announce(plan, words)
        return self._outcome(plan, words, state if done.changed else State.UNCHANGED, detail, done.head)

    def _announce(self, plan: Plan, words: _Words) -> str:
        """See that the branch has its pull request; answers its address, "" where the forge has none.

        While nothing moves, the words stay as recorded: a body that counts days would be written daily.
        """
        if self.pulls is None:
            return ""
        known = self.recorded.get(plan.branch)
        same = known is not None and known.updates == tuple(_proposed(update) for update in plan.updates)
        said = Words(known.title, known.body) if known is not None and same else Words(words.title, words.body)
        return self.pulls.open(plan.branch, said).url

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
        return Outcome(record.branch, state, "", record.title, "", None, None)

    def _close_pull(self, record: ProposalRecord, state: State) -> None:
        """Close the pull request of a proposal that ended otherwise than by a merge."""
        review = self.pulls.listed().get(record.branch) if self.pulls is not None else None
        if self.pulls is None or review is None or review.state is not ReviewState.OPEN or review.head != record.head:
            return
        why = "it is on the base branch already" if state is State.LANDED else "it is not needed any more"
        self.pulls.close(review.number, f"Closed, because {why}.")

    def _own(self, branch: Branch, plan: Plan, author: Author) -> bool:
        """Whether the head is the bot's: the recorded one, or (lost store, killed run) one that says and proves so."""
        record = self.recorded.get(branch.name)
        if record is not None and (record.head == branch.head or _amended(record, branch)):
            return record.head == branch.head
        if not branch.trailers or branch.parent is None or not self.forge.authored(branch, author):
            return False
        if self.scan.commit is None or not self.forge.is_ancestor(branch.parent, self.scan.commit):
            return False
        return self.forge.touched(branch.parent, branch.head) <= plan.files.keys()

    def _holds(self, branch: Branch, plan: Plan) -> bool:
        """Whether the branch already holds exactly this plan, on files that the base has not changed since."""
        base = self.scan.commit
        if base is None or branch.parent is None or self.forge.changed(branch.parent, base, plan.files):
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
        return not self.scan.warnings and all(self._subject_settled(update.subject) for update in record.updates)

    def _subject_settled(self, subject: str) -> bool:
        decision = next((one for one in self.scan.decisions if one.subject == subject), None)
        if decision is None:
            return not self.scan.skipped
        return all(skip.reason in _GONE_FOR_GOOD for _, skip in decision.skips) or bool(decision.updates)

    def _record(self, plan: Plan, words: _Words, head: str, base: str | None) -> None:
        known = self.recorded.get(plan.branch)
        updates = tuple(_proposed(update) for update in plan.updates)
        if known is not None and (known.head, known.updates) == (head, updates):
            return
        record = ProposalRecord(
            repository=self.scan.repository,
            branch=plan.branch,
            pipeline=plan.updates[0].pipeline,
            title=words.title,
            body=words.body,
            head=head,
            base=base or "",
            updates=updates,
            created_at=self.now,
            updated_at=self.now,
        )
        self.ledger.save(record)

    def _outcome(self, plan: Plan, words: _Words, state: State, detail: str, head: str | None) -> Outcome:
        return Outcome(plan.branch, state, detail, words.title, words.body, head, plan)


def _amended(record: ProposalRecord, branch: Branch) -> bool:
    """Whether an unrecorded head looks like someone's amendment of the recorded one.

    Such a commit keeps author, trailers and parent. A run that was killed between the branch and the
    store left other trailers (a newer release) or another parent (rebuilt on a newer base).
    """
    stated = {f"{update.registry}/{update.name}@{update.version}" for update in record.updates}
    return branch.parent == record.base and stated == set(branch.trailers)


def _proposed(update: Update) -> ProposedUpdate:
    package = update.package
    return ProposedUpdate(
        update.subject, package.registry, package.name, update.from_version, update.version, update.bump
    )
