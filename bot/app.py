"""The one place that builds adapters from the configuration and hands them to the flow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import lookup, plugins
from bot.config import ConfigError, Settings
from bot.forge.base import Forge
from bot.forge.local import open_forge
from bot.lookup import MEBIBYTE, LookUps
from bot.registries import Progress
from bot.store import ProposalRecord, Store
from bot.upgrade import Scan, Tools, scan

if TYPE_CHECKING:
    from bot.fleet import Due, Paid
    from bot.fleets import FleetPass, Fleets, Watcher
    from bot.forge.github import GitHubForge
    from bot.forge.github_app import Installation
    from bot.github_login import Connected
    from bot.listening import Reply
    from bot.proposing import NotesOf
    from bot.visiting import Pass, Seen, Visit

_NO_APP = (
    "a fleet needs a GitHub App; set FRESHLINE_GITHUB__APP_ID and FRESHLINE_GITHUB__PRIVATE_KEY_FILE, and no token "
    "(with a token, name the repositories: freshline run OWNER/REPO)"
)
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
"""A repository on GitHub, as people write it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A repository and the fleet it belongs to."""

    forge: Forge
    fleet: str


@dataclass(frozen=True, slots=True)
class _Hosted:
    """A repository on GitHub, the fleet it belongs to, and what the App may do there."""

    forge: GitHubForge
    fleet: str
    granted: tuple[tuple[str, str], ...]


class App:
    """The program's parts, wired. Use ``opened``: it closes what it opens."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._look_ups = LookUps(settings, store)

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings) -> Iterator[App]:
        """An app over the configured store; raises ``StoreError`` and ``ConfigError``."""
        lookup.check(settings)
        with Store.open(settings.store_url) as store:
            yield cls(settings, store)

    @property
    def store(self) -> Store:
        """The store, for what only reads it."""
        return self._store

    # One repository

    def scan(self, target: str, progress: Progress | None = None) -> Scan:
        """Decide about a repository; writes nothing to it. Raises ``ForgeError`` and ``StoreError``."""
        with self._at(target) as place:
            return scan(place.forge, self._tools(place, progress), datetime.now(UTC))

    def proposals(self, target: str | None) -> tuple[ProposalRecord, ...]:
        """What was proposed in one repository, or (None) in the operator's own fleet and the App's, oldest first."""
        if target is None:
            own = [
                one for one in self._store.fleets() if one == self._settings.config.fleet or one.startswith("github:")
            ]
            every = (record for fleet in own for record in self._store.proposals(fleet).all())
            return tuple(sorted(every, key=lambda one: one.created_at))
        with self._at(target) as place:
            return self._store.proposals(place.fleet).all(place.forge.repository)

    def run(self, target: str, *, dry: bool, progress: Progress | None = None) -> Pass:
        """Decide, and put every update on its branch. Raises ``ForgeError`` and ``StoreError``."""
        from bot import visiting  # noqa: PLC0415 - a scan does without

        with self._at(target) as place:
            if isinstance(place, _Hosted) and not dry:
                return self._visit(place, visiting.Seen(), progress).carry_out()
            found = scan(place.forge, self._tools(place, progress), datetime.now(UTC))
            ledger = self._store.proposals(place.fleet)
            if not dry:
                return visiting.propose(place.forge, ledger, found, datetime.now(UTC))
            with Store.in_memory() as scratch:
                for record in ledger.all(place.forge.repository):
                    scratch.proposals(place.fleet).save(record)
                return visiting.rehearse(place.forge, scratch.proposals(place.fleet), found, datetime.now(UTC))

    def _visit(self, place: _Hosted, seen: Seen, progress: Progress | None = None) -> Visit:
        from bot.visiting import Shelf, Visit  # noqa: PLC0415 - a scan does without

        store, fleet = self._store, place.fleet
        return Visit(
            place.forge,
            Shelf(store.proposals(fleet), store.refusals(fleet), store.repositories(fleet)),
            lambda: self._tools(place, progress),
            self._notes(place),
            datetime.now(UTC),
            seen,
        )

    def _notes(self, place: _Hosted) -> NotesOf:
        """Release notes, read in the name of the repository's fleet."""
        from bot.notes import finder  # noqa: PLC0415 - as PyGithub: only a visit on GitHub tells notes

        return finder(
            place.forge.notes(self._store.answers(place.fleet)),
            lambda package, version: self._look_ups.origin(package, version, place.fleet),
            {name: one.scheme for name, one in plugins.registries().items()},
            self._settings.config.github.own_host,
        )

    @contextmanager
    def _at(self, target: str) -> Iterator[_Place | _Hosted]:
        """The repository that a person names: a path, an address, or OWNER/REPO on GitHub."""
        settings = self._settings
        if not REPOSITORY.fullmatch(target) or Path(target).exists():
            yield _Place(open_forge(target, settings.state, settings.environ), settings.config.fleet)
            return
        with self._connected() as hub:
            yield self._hosted(hub, target, hub.installation_of(target))

    def _hosted(self, hub: Connected, repository: str, installation: Installation | None) -> _Hosted:
        forge = hub.open(repository, installation)
        return _Hosted(forge, self._fleet(forge.installation), _granted(installation))

    def _fleet(self, installation: int | None) -> str:
        """A plain token works in the operator's own fleet; an installation is a fleet of its own."""
        from bot.forge.webhooks import fleet_of  # noqa: PLC0415 - as PyGithub, which it needs

        return self._settings.config.fleet if installation is None else fleet_of(installation)

    @contextmanager
    def _connected(self, said: Callable[[str], None] = lambda _: None) -> Iterator[Connected]:
        from bot.github_login import connected  # noqa: PLC0415 - PyGithub is loaded only where GitHub is asked for

        settings = self._settings.config.github
        with connected(settings, lambda number: self._store.writes(self._fleet(number)), said) as hub:
            yield hub

    def _tools(self, place: _Place | _Hosted, progress: Progress | None = None) -> Tools:
        tools = self._tools_of(place.fleet, place.forge.repository, progress)
        if not isinstance(place, _Hosted):
            return tools
        return replace(tools, house=place.forge.house_policy, granted=place.granted)

    def _tools_unasked(self, installation: Installation, repository: str, house: bytes | None) -> Tools:
        """As ``_tools``, without asking GitHub."""
        tools = self._tools_of(self._fleet(installation.id), repository)
        return replace(tools, house=house, granted=_granted(installation))

    def _tools_of(self, fleet: str, repository: str, progress: Progress | None = None) -> Tools:
        return Tools(
            ecosystems=plugins.ecosystems(),
            facts=self._store.facts(fleet),
            look_up=lambda packages: self._look_ups(tuple(packages), fleet, progress),
            history=self._store.refusals(fleet).history(repository),
            policy=self._settings.policy,
            max_file=self._settings.config.read.max_file_mb * MEBIBYTE,
            prefix=self._settings.config.github.branch_prefix,
            digests=lambda tags: self._look_ups.digests(tags, fleet),
        )

    # Fleets

    def run_fleets(self, watcher: Watcher) -> tuple[FleetPass, ...]:
        """A pass over every repository of every installation of the App.

        Raises ``ConfigError``, ``StoreError``, and ``ForgeError`` when the App itself can't be reached.
        """
        with self._fleets(watcher) as fleets:
            return fleets.run()

    def attend(self, watcher: Watcher) -> tuple[Paid, ...]:
        """Visit the repositories that GitHub told of since the last time; raises as ``run_fleets``."""
        with self._fleets(watcher) as fleets:
            return fleets.attend()

    def receive(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Take in a webhook; raises ``StoreError`` when it can't be remembered."""
        from bot.listening import receive  # noqa: PLC0415 - as PyGithub, which it needs

        secret = self._settings.config.github.webhook_secret.get_secret_value()
        return receive(self._store.deliveries(), [secret], headers, body, datetime.now(UTC))

    @contextmanager
    def _fleets(self, watcher: Watcher) -> Iterator[Fleets]:
        from bot.fleets import Fleets, Means  # noqa: PLC0415 - as PyGithub, which it needs

        settings = self._settings
        if not settings.config.github.app_id or settings.config.github.token.get_secret_value():
            raise ConfigError(_NO_APP)
        means = Means(
            self._store,
            self._visit_due,
            self._tools_unasked,
            lambda packages, fleet: self._look_ups(tuple(packages), fleet),
            self._look_ups.digests,
            bool(settings.policy.forks),
            settings.config.github.concurrency,
            bool(settings.config.github.webhook_secret.get_secret_value()),
            lambda: datetime.now(UTC),
        )
        with self._connected(watcher.said) as hub:
            yield Fleets(hub, means, watcher)

    def _visit_due(self, hub: Connected, installation: Installation, due: Due) -> Pass:
        place = self._hosted(hub, due.repository, installation)
        return self._visit(place, due.seen).carry_out()


def _granted(installation: Installation | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(installation.permissions.items())) if installation else ()
