"""A pass over all repositories of one installation: find them, see which need a visit, and pay it.

What has not moved is not read again; its decisions are made again, because releases move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.core.errors import ExpectedError
from bot.extraction import Reading
from bot.forge.github_fleet import Listed, RepositoryHead, Watched
from bot.store import Repositories, RepositoryRecord
from bot.store.codec import decode_reading
from bot.upgrade import Known, LookUp, TellDigests, Tools, fingerprint, foresee, readers, settle
from bot.visiting import Pass, Seen

CHUNK = 100
"""So many repositories are decided about at once: their packages are looked up together."""


class Source(Protocol):
    """Where a fleet is found: ``forge.github_fleet.Fleet``. Every method raises ``ForgeError``."""

    def repositories(self) -> tuple[Listed, ...]:
        """Every repository that the installation reaches."""
        ...

    def heads(self, nodes: Sequence[str]) -> Mapping[str, RepositoryHead]:
        """Where these repositories stand, by node."""
        ...

    def watched(self, nodes: Sequence[str]) -> Mapping[str, Watched]:
        """When something last happened to these pull requests and issues, by node."""
        ...


class Left(StrEnum):
    """Why a repository is left out."""

    ARCHIVED = "archived"
    DISABLED = "disabled"
    EMPTY = "empty"
    FORK = "a fork"
    GONE = "gone"


class Why(StrEnum):
    """Why a repository is visited."""

    NEW = "not visited before"
    UNSETTLED = "something was left to do"
    MOVED = "its default branch moved"
    POLICY = "its policy changed"
    READERS = "Freshline reads more than before"
    TALK = "something happened on a pull request or the dashboard"
    TOLD = "GitHub told of something"
    RELEASES = "releases changed what is decided"


@dataclass(frozen=True, slots=True)
class Due:
    """A visit to be paid."""

    repository: str
    why: Why
    seen: Seen


@dataclass(slots=True)
class Survey:
    """What a look at a fleet found: visits to be paid, and repositories that are left out."""

    listed: int
    due: list[Due] = field(default_factory=list)
    left_out: dict[str, Left] = field(default_factory=dict)
    unchanged: int = 0


class _Times(NamedTuple):
    """When something that is watched had changed last, and when it has by now."""

    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Scout:
    """Finds out which repositories of a fleet need a visit.

    ``tools`` gives what a pass over a repository works with, without asking the forge; ``forks``
    tells whether forks are looked after; ``told`` are repositories that GitHub told of.
    """

    source: Source
    memory: Repositories
    tools: Callable[[str, bytes | None], Tools]
    look_up: LookUp
    digests: TellDigests
    forks: bool
    told: frozenset[str]

    def survey(self, now: datetime) -> Survey:
        """Look at the whole fleet; raises ``ForgeError`` and ``StoreError``."""
        listed = self.source.repositories()
        found = Survey(len(listed))
        known = self._in_step(listed)
        changed = self._changed(known)
        kept = [one for one in listed if not self._left_out(one, found)]
        moved = [one for one in kept if _may_have_moved(one, known.get(one.full_name))]
        heads = self.source.heads([one.node for one in moved]) if moved else {}
        kept = [one for one in kept if not _nothing_there(one, heads, found)]
        now_read = readers(self.tools("", None))
        judge = _Judge(known, heads, changed, self.told, _house_of(known, heads, listed), now_read)
        quiet = [one for one in kept if not judge.due(one, found)]
        # Not of those that are due: a visit that is not paid after all must be due in the next pass too.
        self.memory.pushed({one.full_name: one.pushed_at for one in quiet if one.node in heads})
        loud = self._foreseen(quiet, known, now)
        found.due += [Due(one.full_name, Why.RELEASES, _seen(one, changed)) for one in quiet if one.full_name in loud]
        found.unchanged = len(quiet) - len(loud)
        return found

    def told_of(self, *, anew: bool) -> tuple[Due, ...]:
        """Visits to the repositories that GitHub told of; the others are left in peace.

        ``anew`` tells that some came, went or have other names, so that all are listed first. Raises
        ``ForgeError`` and ``StoreError``.
        """
        meant = self._meant(anew=anew)
        heads = self.source.heads([seen.node for seen in meant.values()]) if meant else {}
        aside = Survey(len(meant))
        kept = [name for name, seen in meant.items() if not self._out_of_reach(heads[seen.node], aside)]
        changed = self._changed(kept)
        return tuple(Due(name, Why.TOLD, replace(meant[name], changed=_by_now(name, changed))) for name in kept)

    def _meant(self, *, anew: bool) -> dict[str, Seen]:
        """The repositories that GitHub told of, as far as the installation reaches them."""
        known = self.memory.all()
        if not anew and all(name in known and known[name].node for name in self.told):
            return {name: Seen(known[name].node, known[name].pushed_at) for name in sorted(self.told)}
        listed = self.source.repositories()
        self._in_step(listed)
        return {one.full_name: Seen(one.node, one.pushed_at) for one in listed if one.full_name in self.told}

    def _out_of_reach(self, head: RepositoryHead, found: Survey) -> bool:
        return head.gone or self._left_out(head, found) or _nothing_there(head, {head.node: head}, found)

    def _in_step(self, listed: Iterable[Listed]) -> dict[str, RepositoryRecord]:
        """What is remembered of these repositories; renamed ones under their new names, lost ones forgotten."""
        known = self.memory.all()
        by_node = {row.node: row.repository for row in known.values() if row.node}
        renamed = {one: before for one in listed if (before := by_node.get(one.node, one.full_name)) != one.full_name}
        # By way of names that no repository has: two of them may have swapped theirs.
        for one, before in renamed.items():
            self.memory.rename(before, one.node)
        for one in renamed:
            self.memory.rename(one.node, one.full_name)
        if renamed:
            known = self.memory.all()
        nodes = {one.full_name: one.node for one in listed}
        lost = {name for name, row in known.items() if (row.node or nodes.get(name)) != nodes.get(name, "")}
        for name in lost:
            self.memory.forget(name)
        return {name: row for name, row in known.items() if name not in lost}

    def _changed(self, among: Container[str]) -> dict[str, dict[str, _Times]]:
        """What is watched, by repository and node: when it had changed last, and when it has ("" for what is gone)."""
        watched = {node: watch for node, watch in self.memory.watched().items() if watch.repository in among}
        now = self.source.watched(list(watched)) if watched else {}
        found: dict[str, dict[str, _Times]] = defaultdict(dict)
        for node, watch in watched.items():
            found[watch.repository][node] = _Times(watch.updated_at, now[node].updated_at if node in now else "")
        return found

    def _left_out(self, one: Listed | RepositoryHead, found: Survey) -> bool:
        foreign = one.fork and not self.forks
        reasons = ((one.archived, Left.ARCHIVED), (one.disabled, Left.DISABLED), (foreign, Left.FORK))
        reason = next((left for applies, left in reasons if applies), None)
        if reason is not None:
            found.left_out[one.full_name] = reason
        return reason is not None

    def _foreseen(
        self, quiet: Sequence[Listed], known: Mapping[str, RepositoryRecord], now: datetime
    ) -> frozenset[str]:
        """The repositories for which something else would be decided now than at their last visit."""
        loud: set[str] = set()
        for at in range(0, len(quiet), CHUNK):
            loud.update(self._loud([known[one.full_name] for one in quiet[at : at + CHUNK]], now))
        return frozenset(loud)

    def _loud(self, rows: Sequence[RepositoryRecord], now: datetime) -> Iterator[str]:
        foreseen = {}
        for row in rows:
            reading = decode_reading(self.memory.reading(row.repository))
            if reading is None:  # written by another Freshline
                yield row.repository
                continue
            texts = Known(row.head, row.branch, row.house_policy, row.own_policy, Reading(*reading))
            foreseen[row.repository] = foresee(texts, self.tools(row.repository, row.house_policy.encode() or None))
        answers = self.look_up({package for one in foreseen.values() for package in one.packages})
        settled = {row.repository: row.settled for row in rows}
        decided = settle(list(foreseen.values()), answers, self.digests, now)
        for (name, one), decisions in zip(foreseen.items(), decided, strict=True):
            if fingerprint(decisions, one.policy) != settled[name]:
                yield name


@dataclass(frozen=True, slots=True)
class _Judge:
    """Tells whether a repository needs a visit, from what is known without reading it."""

    known: Mapping[str, RepositoryRecord]
    heads: Mapping[str, RepositoryHead]
    changed: Mapping[str, Mapping[str, _Times]]
    told: frozenset[str]
    house: str | None
    readers: str

    def due(self, one: Listed, found: Survey) -> bool:
        """Whether a visit is due; it is noted then."""
        why = self._why(one)
        if why is not None:
            found.due.append(Due(one.full_name, why, _seen(one, self.changed)))
        return why is not None

    def _why(self, one: Listed) -> Why | None:
        row, head = self.known.get(one.full_name), self.heads.get(one.node)
        if row is None:
            return Why.NEW
        talk = (times.before != times.now for times in self.changed.get(one.full_name, {}).values())
        reasons = (
            (not row.settled, Why.UNSETTLED),
            (head is not None and (head.commit, head.branch) != (row.head, row.branch), Why.MOVED),
            (head is not None and head.policy != (row.own_policy.encode() or None), Why.POLICY),
            (self.house is not None and self.house != row.house_policy, Why.POLICY),
            (row.readers != self.readers, Why.READERS),
            (any(talk), Why.TALK),
            (one.full_name in self.told, Why.TOLD),
        )
        return next((why for applies, why in reasons if applies), None)


def _house_of(
    known: Mapping[str, RepositoryRecord], heads: Mapping[str, RepositoryHead], listed: Iterable[Listed]
) -> str | None:
    """The text of the organisation's policy, None where the fleet does not hold its ``.github`` repository."""
    house = next((one for one in listed if one.full_name.partition("/")[2] == ".github"), None)
    if house is None:
        return None
    head, row = heads.get(house.node), known.get(house.full_name)
    if head is not None:
        return (head.policy or b"").decode(errors="replace")
    return row.own_policy if row is not None else None


def _may_have_moved(one: Listed, row: RepositoryRecord | None) -> bool:
    """Whether its head is worth asking for; another default branch needs no push."""
    return row is None or (row.pushed_at, row.branch) != (one.pushed_at, one.default_branch)


def _nothing_there(one: Listed | RepositoryHead, heads: Mapping[str, RepositoryHead], found: Survey) -> bool:
    head = heads.get(one.node)
    if head is None or (head.commit and not head.gone):
        return False
    found.left_out[one.full_name] = Left.GONE if head.gone else Left.EMPTY
    return True


def _seen(one: Listed, changed: Mapping[str, Mapping[str, _Times]]) -> Seen:
    return Seen(one.node, one.pushed_at, _by_now(one.full_name, changed))


def _by_now(repository: str, changed: Mapping[str, Mapping[str, _Times]]) -> dict[str, str]:
    """When each node that is watched of a repository had changed by now."""
    return {node: times.now for node, times in changed.get(repository, {}).items()}


# The visits


@dataclass(frozen=True, slots=True)
class Paid:
    """A visit that was paid: what it gave, or why it could not be."""

    due: Due
    result: Pass | Exception


def pay(
    due: Sequence[Due], visit: Callable[[Due], Pass], at_once: int, may_go_on: Callable[[], bool]
) -> Iterator[Paid | Due]:
    """Pay visits, some at once; one that must wait because reading has to stop is given back as it is.

    One repository's trouble is not the others': an error is that visit's result.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="visit") as pool:
        under_way: dict[Future[Pass | None], Due] = {pool.submit(_one, one, visit, may_go_on): one for one in due}
        for future in as_completed(under_way):
            one = under_way[future]
            try:
                result = future.result()
            except Exception as error:  # noqa: BLE001 - told as the visit's result: one repository's trouble is not the others'
                yield Paid(one, error)
                continue
            yield one if result is None else Paid(one, result)


def _one(due: Due, visit: Callable[[Due], Pass], may_go_on: Callable[[], bool]) -> Pass | None:
    return visit(due) if may_go_on() else None


def expected(paid: Paid) -> bool:
    """Whether a visit went well, or failed for a reason that is understood."""
    return isinstance(paid.result, Pass | ExpectedError)
