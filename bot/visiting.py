"""A visit to one repository: hear people, decide, propose, answer, and remember how it was left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.rules import Mode
from bot.forge.base import Board, Conversation, Forge, PullRequests
from bot.forge.dry_run import DryRunForge
from bot.forge.pacing import PostponedError
from bot.proposing import Discussion, Ledger, NotesOf, Outcome, State, propose_all
from bot.store import Proposals, Refusals, Repositories, RepositoryRecord
from bot.store.codec import encode_reading
from bot.store.proposals import ProposalRecord, ProposalStatus
from bot.tending import Company, Heard, answer, hear, learn, tell_hands_off, write_board
from bot.upgrade import Scan, Tools, policy_in_force, readers, scan

REGRET = timedelta(days=30)
"""So long a declined pull request is looked at in each pass, for whoever wants it after all."""


class Social(Forge, PullRequests, Conversation, Protocol):
    """A forge with pull requests and people who talk on them."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a visit gave.

    ``diffs`` are (branch, unified diff) pairs of a dry run; ``observed`` is true where policy lets
    it write nothing, ``dry`` where it was asked not to; ``notes`` are what people should know of
    it; ``postponed`` tells that some of it waits for a later pass.
    """

    scan: Scan
    outcomes: tuple[Outcome, ...]
    diffs: tuple[tuple[str, str], ...] = ()
    observed: bool = False
    dry: bool = False
    notes: tuple[str, ...] = ()
    postponed: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the store keeps of a fleet, as far as a visit needs it."""

    proposals: Proposals
    refusals: Refusals
    repositories: Repositories


@dataclass(frozen=True, slots=True)
class Seen:
    """What was known of a repository on the forge before the visit.

    ``node`` and ``pushed_at`` are the forge's words; ``changed`` tells when each node that is
    watched had changed last.
    """

    node: str = ""
    pushed_at: str = ""
    changed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit, with all it needs; ``tools`` are made anew when something was learned."""

    forge: Social
    shelf: Shelf
    tools: Callable[[], Tools]
    notes: NotesOf
    now: datetime
    seen: Seen = field(default_factory=Seen)

    @property
    def company(self) -> Company:
        """The repository with its pull requests and its people."""
        shelf = self.shelf
        return Company(self.forge, self.forge, self.forge, shelf.proposals, shelf.refusals, shelf.repositories)

    def carry_out(self) -> Pass:
        """Hear, decide, propose, answer, remember. Raises ``ForgeError`` and ``StoreError``.

        Two at once over one repository would look before either has spoken, and say everything twice.
        """
        with self.shelf.repositories.turn(self.forge.repository):
            return self._carried_out()

    def _carried_out(self) -> Pass:
        heard, late = Heard(), False
        mode = policy_in_force(self.forge, self.tools()).mode or Mode.PROPOSE
        if mode is not Mode.OBSERVE:
            try:
                learn(self.company, self.now)
                heard = hear(self.company, mode, self.now)
            except PostponedError:
                late = True  # what people said stands on the forge, and is heard in the next pass
        found = scan(self.forge, self.tools(), self.now)
        if mode is Mode.OBSERVE:
            done = Pass(found, (), observed=True)
            self._remember(done, self.forge.board())
            return done
        discussion = Discussion(self.forge, heard.wishes, self.notes)
        outcomes = propose_all(self.forge, self.shelf.proposals, found, self.now, discussion)
        # What was not heard, or is not done, must stay ticked: the dashboard waits for the pass that does it.
        board, told_late = (self.forge.board(), True) if late else self._tell(heard, found, outcomes)
        waits = told_late or any(outcome.soon for outcome in outcomes)
        notes = (*heard.notes, *(f"#{one.number}: {note}" for one in outcomes for note in one.notes))
        done = Pass(found, outcomes, notes=notes, postponed=waits)
        self._remember(done, board)
        return done

    def _tell(self, heard: Heard, found: Scan, outcomes: tuple[Outcome, ...]) -> tuple[Board | None, bool]:
        """Answer, say what is to be said, bring the dashboard up to date; and whether some of it has to wait."""
        try:
            tell_hands_off(self.company, outcomes, self.now)
            # The dashboard first: a box that was ticked is unticked once it is done.
            undone = any(one.soon and heard.wishes.mean(one.branch) for one in outcomes)
            board = self.forge.board() if undone else write_board(self.company, found, outcomes)
            answer(self.company, heard, outcomes, self.now)
        except PostponedError:
            return self.forge.board(), True
        return board, False

    def _remember(self, done: Pass, board: Board | None) -> None:
        """Keep how the repository was left, so that it is not looked at again before something happens."""
        found, shelf = done.scan, self.shelf
        known = found.known
        if known is None or known.commit is None:
            return
        before = shelf.repositories.known(self.forge.repository)
        reading = encode_reading(known.reading.files, known.reading.skipped)
        settled = found.fingerprint if known.complete and reading and not unsettled(done) else ""
        shelf.repositories.save(
            RepositoryRecord(
                repository=self.forge.repository,
                # A single run has not asked for these: what a pass over the fleet learned stays.
                node=self.seen.node or (before.node if before else ""),
                pushed_at=self.seen.pushed_at or (before.pushed_at if before else ""),
                branch=known.branch,
                head=known.commit,
                house_policy=known.house or "",
                own_policy=known.own or "",
                readers=readers(self.tools()),
                reading=reading,
                settled=settled,
                visited_at=self.now,
            )
        )
        statuses = (ProposalStatus.OPEN, ProposalStatus.REFUSED)
        records = (one for status in statuses for one in shelf.proposals.all(self.forge.repository, status))
        heard = [one.node for one in records if self._listens_to(one)]
        nodes = {node for node in (*heard, board.node if board else "") if node}
        shelf.repositories.watch(self.forge.repository, {node: self.seen.changed.get(node, "") for node in nodes})

    def _listens_to(self, record: ProposalRecord) -> bool:
        """Whether people may still ask for something there: what they declined lately can be asked for again."""
        lately = record.status is ProposalStatus.REFUSED and record.updated_at > self.now - REGRET
        return lately or record.status is ProposalStatus.OPEN


def unsettled(done: Pass) -> bool:
    """Whether a visit left something that the next pass should look at, whatever else happens."""
    left = (one for one in done.outcomes if one.state is State.LEFT_ALONE)
    return done.postponed or any(not one.theirs and not one.lasting for one in left)


# Repositories without pull requests


def propose(forge: Forge, ledger: Ledger, found: Scan, now: datetime) -> Pass:
    """Put the plans of a scan on branches; raises ``ForgeError`` and ``StoreError``."""
    if found.policy.mode is Mode.OBSERVE:
        return Pass(found, (), observed=True)
    return Pass(found, propose_all(forge, ledger, found, now))


def rehearse(forge: Forge, scratch: Ledger, found: Scan, now: datetime) -> Pass:
    """What a run would do, on a forge that writes nothing and a ledger that is thrown away afterwards."""
    if found.policy.mode is Mode.OBSERVE:
        return Pass(found, (), observed=True)
    rehearsal = DryRunForge(forge)
    outcomes = propose_all(rehearsal, scratch, found, now)
    return Pass(found, outcomes, tuple((one.branch, one.diff) for one in rehearsal.proposals), dry=True)
