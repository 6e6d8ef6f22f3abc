"""Tend what is open: learn from what people did, do what they ask for, and tell them what they should know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bot.core import commands, dashboard, render
from bot.core.commands import Command
from bot.core.model import EVERY_VERSION, Refusal, SkipReason
from bot.core.rules import Mode
from bot.forge.base import (
    Asked,
    Board,
    Branch,
    Conversation,
    Forge,
    PullRequests,
    Reaction,
    Review,
    ReviewState,
)
from bot.proposing import Ledger, Outcome, State, Wishes
from bot.store.proposals import ProposalRecord, ProposalStatus
from bot.upgrade import Scan


class Refusing(Protocol):
    """Where versions are kept that are not wanted: ``store.Refusals``."""

    def add(self, refusal: Refusal, at: datetime, repository: str = "") -> None:
        """Refuse a version in one repository, or ("") in the whole fleet."""
        ...

    def own(self, repository: str) -> tuple[Refusal, ...]:
        """The refusals of one repository alone."""
        ...

    def remove(self, registry: str, name: str, version: str, repository: str = "") -> bool:
        """Lift a refusal."""
        ...


class Answered(Protocol):
    """Where it is kept which comments were answered: ``store.Repositories``."""

    def answered(self, repository: str) -> frozenset[int]:
        """The comments that need no answer any more."""
        ...

    def answer(self, repository: str, comment: int, at: datetime) -> None:
        """Note that a comment was answered."""
        ...


@dataclass(frozen=True, slots=True)
class Company:
    """A repository with pull requests: they, what people say there, and what the bot remembers of both."""

    forge: Forge
    pulls: PullRequests
    talk: Conversation
    ledger: Ledger
    refusals: Refusing
    memory: Answered

    @property
    def repository(self) -> str:
        """What the store calls it."""
        return self.forge.repository


# What people did


def learn(company: Company, now: datetime) -> None:
    """Take in what people did with the open proposals: a closed pull request means "not this version".

    Raises ``ForgeError`` and ``StoreError``.
    """
    reviews, branches = company.pulls.listed(), company.forge.branches()
    for record in company.ledger.all(company.repository, ProposalStatus.OPEN):
        review = reviews.get(record.branch)
        if review is None or not _about(review, record, branches.get(record.branch)):
            continue
        status = _end(review)
        if status is None:
            continue
        if status is ProposalStatus.REFUSED:
            detail = f"#{review.number} was closed by a person; a newer version will be proposed"
            _refuse(company, record, (SkipReason.DECLINED, detail), now)
        company.forge.delete(record.branch, record.head)  # one that moved since then stays: it is someone's
        company.ledger.close(record.repository, record.branch, status, now)


def _about(review: Review, record: ProposalRecord, branch: Branch | None) -> bool:
    """Whether what became of a pull request is about what the record says: a branch may have had others before.

    One that was closed while the bot pushed a newer version shows the older head: nobody has seen
    the newer one. (Where the branch has another head, somebody else committed to it and closed it.)
    """
    if record.number not in {0, review.number}:
        return False
    if review.head == record.head:
        return True
    return record.number > 0 and (branch is None or branch.head != record.head)


def _end(review: Review) -> ProposalStatus | None:
    """What a person's deed made of a proposal, None where nobody did anything."""
    if review.state is ReviewState.MERGED:
        return ProposalStatus.LANDED
    return ProposalStatus.REFUSED if review.state is ReviewState.CLOSED and review.by_person else None


def _refuse(company: Company, record: ProposalRecord, why: tuple[SkipReason, str], now: datetime) -> None:
    for update in record.updates:
        company.refusals.add(Refusal(update.registry, update.name, update.version, *why), now, company.repository)


# What people ask for


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to a comment, once the pass has done what it asked for.

    ``rebuilds`` tells that a branch is to be rebuilt: what came of that is answered.
    """

    asked: Asked
    reaction: Reaction
    text: str = ""
    rebuilds: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What people asked for: what the pass has to heed, what to answer, and what was not heeded, in words."""

    wishes: Wishes = field(default_factory=Wishes)
    replies: tuple[Reply, ...] = ()
    notes: tuple[str, ...] = ()


def hear(company: Company, mode: Mode, now: datetime) -> Heard:
    """Do what comments and ticked boxes ask for, as far as it is done before the pass proposes.

    Only people who may write are heard. Doing it twice, after a run that was stopped, changes
    nothing more. Raises ``ForgeError`` and ``StoreError``.
    """
    hearing = _Hearing(company, mode, now)
    known = company.memory.answered(company.repository)
    for asked in company.talk.asked():
        if asked.comment not in known:
            hearing.take(asked)
    hearing.read_board(company.talk.board())
    return hearing.heard()


class _Hearing:
    """Gathers what is asked for in one pass."""

    def __init__(self, company: Company, mode: Mode, now: datetime) -> None:
        self._company = company
        self._mode = mode
        self._now = now
        self._rebase: set[str] = set()
        self._recreate: set[str] = set()
        self._at_once: set[str] = set()
        self._replies: list[Reply] = []
        self._notes: list[str] = []

    def heard(self) -> Heard:
        wishes = Wishes(frozenset(self._rebase), frozenset(self._recreate), frozenset(self._at_once))
        return Heard(wishes, tuple(self._replies), tuple(self._notes))

    def take(self, asked: Asked) -> None:
        """One comment: from whom, what, and whether it can be done."""
        company = self._company
        command = commands.parse(asked.body)
        if command is None or company.talk.answered(asked):
            company.memory.answer(company.repository, asked.comment, self._now)
            return
        if not company.talk.may_write(asked.author):
            note = f"#{asked.number}: {asked.author} may not write here, so “{command.value}” was not heeded"
            self._notes.append(note)
            company.memory.answer(company.repository, asked.comment, self._now)
            return
        record = company.ledger.numbered(company.repository, asked.number)
        if record is None and command not in {Command.HELP, Command.UNKNOWN, Command.MERGE}:
            return  # the store knows nothing of it yet: this pass records it, and the next one hears
        self._replies.append(self._obey(asked, command, record))

    def _obey(self, asked: Asked, command: Command, record: ProposalRecord | None) -> Reply:
        if command is Command.HELP:
            return Reply(asked, Reaction.DONE, commands.HELP)
        if command is Command.MERGE:
            return Reply(asked, Reaction.UNSURE, commands.cannot_merge(self._mode))
        if record is None:
            return Reply(asked, Reaction.UNSURE, commands.unknown(asked.body))
        doing: dict[Command, Callable[[Asked, ProposalRecord], Reply]] = {
            Command.REBASE: self._to_rebase,
            Command.RECREATE: self._to_recreate,
            Command.IGNORE_VERSION: self._to_ignore_version,
            Command.IGNORE_PACKAGE: self._to_ignore_package,
            Command.QUARANTINE: self._to_quarantine,
        }
        do = doing.get(command)
        return do(asked, record) if do else Reply(asked, Reaction.UNSURE, commands.unknown(asked.body))

    def _to_rebase(self, asked: Asked, record: ProposalRecord) -> Reply:
        if record.status is not ProposalStatus.OPEN:
            return Reply(asked, Reaction.REFUSED, commands.not_open())
        self._rebase.add(record.branch)
        return Reply(asked, Reaction.DONE, rebuilds=True)

    def _to_recreate(self, asked: Asked, record: ProposalRecord) -> Reply:
        self._lift(record)
        self._recreate.add(record.branch)
        self._at_once.add(record.branch)
        return Reply(asked, Reaction.DONE, rebuilds=True)

    def _lift(self, record: ProposalRecord) -> None:
        own = {(one.registry, one.name, one.version) for one in self._company.refusals.own(self._company.repository)}
        for update in record.updates:
            for version in (update.version, EVERY_VERSION):
                if (update.registry, update.name, version) in own:
                    self._company.refusals.remove(update.registry, update.name, version, self._company.repository)

    def _to_ignore_version(self, asked: Asked, record: ProposalRecord) -> Reply:
        detail = f"{asked.author} asked for it on #{asked.number}; a newer version will be proposed"
        _refuse(self._company, record, (SkipReason.DECLINED, detail), self._now)
        self._end(record, render.Ending.IGNORED_VERSION, asked)
        return Reply(asked, Reaction.DONE)

    def _to_ignore_package(self, asked: Asked, record: ProposalRecord) -> Reply:
        detail = f"{asked.author} asked for it on #{asked.number}"
        for update in record.updates:
            refusal = Refusal(update.registry, update.name, EVERY_VERSION, SkipReason.IGNORED, detail)
            self._company.refusals.add(refusal, self._now, self._company.repository)
        self._end(record, render.Ending.IGNORED_PACKAGE, asked)
        return Reply(asked, Reaction.DONE)

    def _to_quarantine(self, asked: Asked, record: ProposalRecord) -> Reply:
        """For the whole fleet: a version that is bad here is bad elsewhere."""
        place = f"{self._company.repository}#{asked.number}"
        for update in record.updates:
            detail = f"{asked.author} asked for it on {place}"
            refusal = Refusal(update.registry, update.name, update.version, SkipReason.QUARANTINED, detail)
            self._company.refusals.add(refusal, self._now)
        self._end(record, render.Ending.QUARANTINED, asked)
        return Reply(asked, Reaction.DONE)

    def _end(self, record: ProposalRecord, why: render.Ending, asked: Asked) -> None:
        """Close an open proposal on request; one that ended before stays as it ended."""
        company = self._company
        if record.status is not ProposalStatus.OPEN:
            return
        company.pulls.close(record.number, render.closed(why, asked.author))
        company.forge.delete(record.branch, record.head)
        company.ledger.close(record.repository, record.branch, ProposalStatus.REFUSED, self._now)

    def read_board(self, board: Board | None) -> None:
        """The ticked boxes of the dashboard: whoever can edit it may write to the repository."""
        ticks = dashboard.ticked(board.body) if board is not None and board.open else ()
        taken = {
            dashboard.Act.PROPOSE: self._at_once,
            dashboard.Act.REBASE: self._rebase,
            dashboard.Act.RETRY: self._recreate,
        }
        for tick in ticks:
            if tick.act in taken:
                taken[tick.act].add(tick.key)
            self._un_refuse(tick.key)

    def _un_refuse(self, key: str) -> None:
        """Lift what a box names: ``registry/name`` or ``registry/name@version``."""
        for one in self._company.refusals.own(self._company.repository):
            if key in liftable(one):
                self._company.refusals.remove(one.registry, one.name, one.version, self._company.repository)


def liftable(refusal: Refusal) -> frozenset[str]:
    """What a box of the dashboard calls a refusal."""
    name = f"{refusal.registry}/{refusal.name}"
    return frozenset({name if refusal.version == EVERY_VERSION else f"{name}@{refusal.version}"})


# What people should know


def answer(company: Company, heard: Heard, outcomes: Iterable[Outcome], now: datetime) -> None:
    """React to what was asked, now that it is done; what has to wait is answered by the pass that does it."""
    became = {one.branch: one for one in outcomes}
    for reply in heard.replies:
        fitting = _seen_to(reply, became.get(reply.asked.branch)) if reply.rebuilds else reply
        if fitting is None:
            continue
        company.talk.answer(fitting.asked, fitting.reaction, fitting.text)
        company.memory.answer(company.repository, fitting.asked.comment, now)


def _seen_to(reply: Reply, outcome: Outcome | None) -> Reply | None:
    """What to answer to whoever wanted a branch rebuilt, None where that has to wait."""
    if outcome is None or outcome.plan is None:
        return replace(reply, reaction=Reaction.REFUSED, text=commands.not_wanted_now())
    if outcome.theirs:
        return replace(reply, reaction=Reaction.REFUSED, text=commands.theirs_now())
    if outcome.state is State.WAITING:
        return None
    if outcome.state is State.LEFT_ALONE:
        return replace(reply, reaction=Reaction.UNSURE, text=commands.could_not(outcome.detail))
    return replace(reply, text=commands.nothing_to_rebase() if outcome.state is State.UNCHANGED else "")


HANDS_OFF = "hands_off"


def tell_hands_off(company: Company, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Say once on each pull request that somebody else committed to that it is theirs now."""
    theirs = [one for one in outcomes if one.theirs]
    reviews = company.pulls.listed() if theirs else {}
    for outcome in theirs:
        record = company.ledger.open(company.repository, outcome.branch)
        review = reviews.get(outcome.branch)
        if review is None or review.state is not ReviewState.OPEN or (record and record.told == HANDS_OFF):
            continue
        company.talk.say(review.number, render.hands_off())
        if record is not None:
            company.ledger.save(replace(record, told=HANDS_OFF, updated_at=now))


def write_board(company: Company, scan: Scan, outcomes: Iterable[Outcome]) -> Board | None:
    """Bring the dashboard issue up to date, where policy wants one and the repository has issues.

    None is opened while there is nothing to show.
    """
    board = company.talk.board()
    if not scan.policy.pull_requests.dashboard or not company.talk.has_issues():
        return board
    lifted = frozenset(key for one in company.refusals.own(company.repository) for key in liftable(one))
    picture = picture_of(scan, outcomes, lifted)
    if board is None and picture == dashboard.Picture():
        return None
    return company.talk.write_board(dashboard.TITLE, dashboard.compose(picture))


def picture_of(scan: Scan, outcomes: Iterable[Outcome], lifted: frozenset[str]) -> dashboard.Picture:
    """What the dashboard shows of a pass, in an order that the next pass keeps: a pass handles what is new last."""
    shown: dict[str, list[dashboard.Shown]] = {"open": [], "waiting": [], "theirs": []}
    refused: list[str] = []
    for one in (outcome for outcome in outcomes if outcome.state not in {State.LANDED, State.SUPERSEDED}):
        entry = dashboard.Shown(one.branch, one.title, one.number, one.detail if one.state is State.WAITING else "")
        place = "theirs" if one.theirs else "waiting" if one.state is State.WAITING and not one.number else "open"
        if one.theirs or one.number or one.state is State.WAITING:
            shown[place].append(entry)
        else:
            refused.append(f"{one.title}: {one.detail}")
    return replace(
        dashboard.picture_of(scan.decisions),
        open=tuple(sorted(shown["open"], key=lambda one: one.branch)),
        waiting=tuple(shown["waiting"]),
        left_alone=tuple(sorted(shown["theirs"], key=lambda one: one.branch)),
        files=scan.skipped,
        warnings=(*scan.warnings, *sorted(refused)),
        liftable=lifted,
    )
