"""Every fleet of the App, one after the other; and what GitHub tells of them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.config import ConfigError
from bot.core.budget import HOUR, may_read
from bot.core.digests import Tag
from bot.core.events import CommentWritten, IssueChanged, PullRequestChanged, Pushed, RepositoryChanged
from bot.core.model import Answer, Package, Unavailable
from bot.fleet import Due, Left, Paid, Scout, Survey, expected, pay
from bot.forge.base import ForgeError
from bot.forge.github_app import AppIdentity, Installation
from bot.forge.redelivery import redeliver
from bot.forge.webhooks import fleet_of
from bot.github_login import Connected
from bot.http import Cached
from bot.store import Store
from bot.store.deliveries import Waiting
from bot.upgrade import Tools
from bot.visiting import Pass

REDELIVERED = "github/redelivered-until"
"""Where it is kept up to when lost webhooks were asked for again."""


@dataclass(frozen=True, slots=True)
class FleetPass:
    """What a pass over one installation gave.

    ``waiting`` are visits left for a later pass, because GitHub's limit leaves no room for more
    reading; ``trouble`` is why the fleet could not be looked at, ``note`` why it need not be.
    """

    account: str
    listed: int = 0
    left_out: Mapping[str, Left] | None = None
    unchanged: int = 0
    paid: tuple[Paid, ...] = ()
    waiting: tuple[Due, ...] = ()
    trouble: Exception | None = None
    note: str = ""


class Watcher(Protocol):
    """Is told how a pass goes, from any thread."""

    def surveyed(self, account: str, survey: Survey) -> None:
        """A fleet was looked at."""
        ...

    def visited(self, paid: Paid) -> None:
        """A visit was paid."""
        ...

    def said(self, words: str) -> None:
        """GitHub asks for a pause."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a pass over fleets works with.

    ``visit`` pays one visit, ``at_once`` is how many run beside each other, ``listens`` tells that
    webhooks are taken in.
    """

    store: Store
    visit: Callable[[Connected, Installation, Due], Pass]
    tools: Callable[[Installation, str, bytes | None], Tools]
    look_up: Callable[[Iterable[Package], str], Mapping[Package, Answer]]
    digests: Callable[[Sequence[Tag], str], Mapping[Tag, str | Unavailable]]
    forks: bool
    at_once: int
    listens: bool
    clock: Callable[[], datetime]


class Fleets:
    """The App's installations.

    Every method raises ``ConfigError``, ``StoreError``, and ``ForgeError`` when the App itself can't be reached.
    """

    def __init__(self, hub: Connected, means: Means, watcher: Watcher) -> None:
        self._hub = hub
        self._means = means
        self._watcher = watcher

    @property
    def _identity(self) -> AppIdentity:
        if self._hub.identity is None:
            raise ConfigError("a plain token has no fleet; name repositories, or set github.app_id and its key")
        return self._hub.identity

    def run(self) -> tuple[FleetPass, ...]:
        """A pass over every repository of every installation; one fleet's trouble is not the others'."""
        if self._means.listens:
            self.ask_again()
        told = self._means.store.deliveries().waiting()
        installations = self._identity.installations()
        self._forget_others(installations, told)
        passes = tuple(self._run_one(one, told) for one in installations)
        self._means.store.prune(self._means.clock())
        return passes

    def ask_again(self) -> int:
        """Have GitHub send the webhooks again that did not arrive, at most once an hour; how many are on their way.

        That it can't be done is said and no more: what they would have told is found out by looking.
        """
        store, now = self._means.store, self._means.clock()
        kept = store.answers(fleet_of(None))
        last = kept.get(REDELIVERED)
        if last is not None and now.timestamp() - last.fetched_at < HOUR:
            return 0
        since = datetime.fromisoformat(last.body.decode()) if last else now - timedelta(days=3)
        try:
            done = redeliver(self._identity, store.deliveries().known, now, since)
        except ForgeError as error:
            self._watcher.said(f"Lost webhooks could not be asked for again: {error}")
            return 0
        kept.put(REDELIVERED, Cached(None, None, now.timestamp(), done.newest.isoformat().encode()))
        if done.asked:
            some = "1 webhook" if done.asked == 1 else f"{done.asked} webhooks"
            self._watcher.said(f"{some} did not arrive: GitHub was asked to send what was lost again")
        return done.asked

    def attend(self) -> tuple[Paid, ...]:
        """Visit the repositories that GitHub told of and that were not visited since."""
        told = self._means.store.deliveries().waiting()
        if not told:
            return ()
        installations, wanted = self._identity.installations(), {one.fleet for one in told}
        self._forget_others(installations, told)
        fleets = [one for one in installations if fleet_of(one.id) in wanted and not one.suspended]
        return tuple(paid for one in fleets for paid in self._attend_one(one, told))

    def _forget_others(self, installations: Iterable[Installation], told: Iterable[Waiting]) -> None:
        """Let nothing wait for an installation that is gone: it would wait for ever."""
        here = {fleet_of(one.id) for one in installations}
        self._means.store.deliveries().done([one.id for one in told if one.fleet not in here])

    def _run_one(self, installation: Installation, told: Sequence[Waiting]) -> FleetPass:
        account = installation.account
        if installation.suspended:
            return FleetPass(account, note="the App is suspended there; its owner can un-suspend it in its settings")
        own = [one for one in told if one.fleet == fleet_of(installation.id)]
        try:
            survey = self._scout(installation, places_of(own)).survey(self._means.clock())
        except Exception as error:  # noqa: BLE001 - told as the fleet's trouble: it is not the others'
            return FleetPass(account, trouble=error)
        self._watcher.surveyed(account, survey)
        paid, waiting = self._pay(installation, survey.due)
        self._settle(own, paid, waiting)
        return FleetPass(account, survey.listed, survey.left_out, survey.unchanged, paid, waiting)

    def _attend_one(self, installation: Installation, told: Sequence[Waiting]) -> tuple[Paid, ...]:
        own = [one for one in told if one.fleet == fleet_of(installation.id)]
        anew = any(isinstance(fact, RepositoryChanged) for one in own for fact in one.facts)
        try:
            due = self._scout(installation, places_of(own)).told_of(anew=anew)
        except ForgeError as error:
            self._watcher.said(f"{installation.account}: {error}")
            return ()
        paid, waiting = self._pay(installation, due)
        self._settle(own, paid, waiting)
        return paid

    def _settle(self, own: Iterable[Waiting], paid: Iterable[Paid], waiting: Iterable[Due]) -> None:
        """Note the deliveries that were acted on: those of visits that failed or wait stay for the next pass."""
        late = {one.repository for one in waiting} | {one.due.repository for one in paid if not expected(one)}
        self._means.store.deliveries().done([one.id for one in own if late.isdisjoint(places_of([one]))])

    def _pay(self, installation: Installation, due: Sequence[Due]) -> tuple[tuple[Paid, ...], tuple[Due, ...]]:
        github, means = self._hub.github, self._means

        def may_go_on() -> bool:
            core, graphql = (github.allowance(installation.id, resource) for resource in ("core", "graphql"))
            return may_read(core, graphql, means.clock())

        paid: list[Paid] = []
        waiting: list[Due] = []
        for one in pay(due, lambda one: means.visit(self._hub, installation, one), means.at_once, may_go_on):
            if isinstance(one, Due):
                waiting.append(one)
            else:
                paid.append(one)
                self._watcher.visited(one)
        return tuple(paid), tuple(waiting)

    def _scout(self, installation: Installation, told: frozenset[str]) -> Scout:
        means, fleet = self._means, fleet_of(installation.id)
        return Scout(
            self._hub.github.fleet(installation, means.store.answers(fleet)),
            means.store.repositories(fleet),
            lambda repository, house: means.tools(installation, repository, house),
            lambda packages: means.look_up(packages, fleet),
            lambda tags: means.digests(tags, fleet),
            means.forks,
            told,
        )


def places_of(told: Iterable[Waiting]) -> frozenset[str]:
    """The repositories that these deliveries give a reason to visit."""
    return frozenset(
        fact.place.repository
        for one in told
        for fact in one.facts
        if isinstance(fact, PullRequestChanged | CommentWritten | IssueChanged | RepositoryChanged)
        or (isinstance(fact, Pushed) and fact.default)
    )


def went_wrong(passes: Iterable[FleetPass]) -> tuple[Exception, ...]:
    """Why fleets could not be looked at, or visits not be paid."""
    return tuple(
        error
        for one in passes
        for error in (one.trouble, *(paid.result for paid in one.paid))
        if isinstance(error, Exception)
    )
