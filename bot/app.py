"""The one place that builds adapters from the configuration and hands them to the flow."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot import plugins, registries
from bot.config import PREFIX, ConfigError, RegistrySettings, Settings
from bot.core.model import Answer, Listing, Package, SkipReason, Unavailable
from bot.core.rules import Mode
from bot.forge.base import Forge, PullRequests
from bot.forge.dry_run import DryRunForge
from bot.forge.local import open_forge
from bot.http import Cache, Credential, Http, Limits, origin_of, without_credentials
from bot.proposing import Memory, Outcome, learn, propose_all
from bot.registries.base import Registry
from bot.store import ProposalRecord, Sightings, Store
from bot.upgrade import Scan, Tools, scan

Progress = Callable[[int, int], None]
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pass:
    """What a run over one repository gave.

    ``diffs`` are (branch, unified diff) pairs of a dry run; ``observed`` is true where policy lets
    it write nothing, ``dry`` where it was asked not to.
    """

    scan: Scan
    outcomes: tuple[Outcome, ...]
    diffs: tuple[tuple[str, str], ...] = ()
    observed: bool = False
    dry: bool = False


REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
"""A repository on GitHub, as people write it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A repository, its pull requests where the forge has them, and the fleet it belongs to."""

    forge: Forge
    pulls: PullRequests | None
    fleet: str


class App:
    """The program's parts, wired. Use ``opened``: it closes what it opens."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._addresses = Addresses(settings, plugins.registries())

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings) -> Iterator[App]:
        """An app over the configured store; raises ``StoreError`` and ``ConfigError``."""
        tuple(_credentials(settings.config.registries.values()))  # what is wrong with them is said at once
        with Store.open(settings.store_url) as store:
            yield cls(settings, store)

    @property
    def store(self) -> Store:
        """The store, for what only reads it."""
        return self._store

    def scan(self, target: str, progress: Progress | None = None) -> Scan:
        """Decide about a repository; writes nothing to it. Raises ``ForgeError`` and ``StoreError``."""
        with self._at(target) as place:
            return self._scan(place, progress)

    def proposals(self, target: str | None) -> tuple[ProposalRecord, ...]:
        """What was proposed in one repository, or in all of the operator's own fleet (None), oldest first."""
        if target is None:
            return self._store.proposals(self._settings.config.fleet).all()
        with self._at(target) as place:
            return self._store.proposals(place.fleet).all(place.forge.repository)

    def run(self, target: str, *, dry: bool, progress: Progress | None = None) -> Pass:
        """Decide, and put every update on its branch. Raises ``ForgeError`` and ``StoreError``."""
        with self._at(target) as place:
            found = self._scan(place, progress)
            if found.policy.mode is Mode.OBSERVE:
                return Pass(found, (), observed=True)
            if dry:
                return self._rehearse(place, found)
            if self._learn(place):
                found = self._scan(place, progress)
            ledger = self._store.proposals(place.fleet)
            return Pass(found, propose_all(place.forge, ledger, found, datetime.now(UTC), place.pulls))

    def _rehearse(self, place: _Place, found: Scan) -> Pass:
        """What a run would do, on a forge that writes nothing and a store that is gone afterwards."""
        rehearsal = DryRunForge(place.forge)
        with Store.in_memory() as scratch:
            ledger = scratch.proposals(place.fleet)
            for record in self._store.proposals(place.fleet).all(place.forge.repository):
                ledger.save(record)
            outcomes = propose_all(rehearsal, ledger, found, datetime.now(UTC))
        return Pass(found, outcomes, tuple((one.branch, one.diff) for one in rehearsal.proposals), dry=True)

    def _learn(self, place: _Place) -> bool:
        """Take in what people did with pull requests; whether that changes what is to be decided."""
        if place.pulls is None:
            return False
        memory = Memory(self._store.proposals(place.fleet), self._store.refusals(place.fleet))
        return learn(place.forge, place.pulls, memory, datetime.now(UTC))

    def _scan(self, place: _Place, progress: Progress | None) -> Scan:
        return scan(place.forge, self._tools(place, progress), datetime.now(UTC))

    @contextmanager
    def _at(self, target: str) -> Iterator[_Place]:
        """The repository that a person names: a path, an address, or OWNER/REPO on GitHub."""
        settings = self._settings
        if not REPOSITORY.fullmatch(target) or Path(target).exists():
            yield _Place(open_forge(target, settings.state, settings.environ), None, settings.config.fleet)
            return
        from bot.github_login import opened  # noqa: PLC0415 - PyGithub is loaded only where GitHub is asked for

        with opened(target, settings.config.github) as (forge, installation):
            fleet = settings.config.fleet if installation is None else f"github:{installation}"
            yield _Place(forge, forge, fleet)

    def _tools(self, place: _Place, progress: Progress | None) -> Tools:
        return Tools(
            ecosystems=plugins.ecosystems(),
            facts=self._store.facts(place.fleet),
            look_up=lambda packages: self._look_up(tuple(packages), place.fleet, progress),
            history=self._store.refusals(place.fleet).history(place.forge.repository),
            policy=self._settings.policy,
            max_file=self._settings.config.read.max_file_mb * MEBIBYTE,
        )

    def _look_up(
        self, packages: Collection[Package], fleet: str, progress: Progress | None
    ) -> Mapping[Package, Answer]:
        workers = self._settings.config.http.concurrency
        with client(self._settings, self._store.answers(fleet)) as http:
            found = registries.look_up(packages, plugins.registries(), http, self._addresses, workers, progress)
        return dated(found, self._store.sightings(fleet), datetime.now(UTC))


def client(settings: Settings, cache: Cache) -> Http:
    """The one outbound client, with the configured limits and credentials; raises ``ConfigError``."""
    credentials = tuple(_credentials(settings.config.registries.values()))
    return Http(cache, credentials=credentials, limits=_limits(settings))


def _limits(settings: Settings) -> Limits:
    http = settings.config.http
    return Limits(
        total=http.deadline,
        body=http.max_answer_mb * MEBIBYTE,
        per_host=http.concurrency,
        fresh_for=float(http.fresh_for),
    )


def _credentials(configured: Iterable[RegistrySettings]) -> Iterator[Credential]:
    for one in configured:
        password, token = one.password.get_secret_value(), one.token.get_secret_value()
        if not (password or token or one.username):
            continue
        try:
            yield Credential(origin_of(one.url), username=one.username, password=password, token=token)
        except ValueError:
            raise ConfigError("registries: a registry with a name or token needs an http(s) url of its own") from None


class Addresses:
    """Where each package's registry is: answers ``look_up``'s question for a base URL.

    A repository's word is not enough to be sent somewhere (DESIGN law 9): an index that a file
    names is asked only if the operator configured it, or this machine's own tools use it.
    """

    def __init__(self, settings: Settings, known: Mapping[str, Registry]) -> None:
        self._settings = settings
        self._known = known
        self._defaults: dict[str, str] = {}

    def __call__(self, package: Package) -> str | Unavailable:
        """The base URL for this package, or why there is none."""
        try:
            default = self._default(package.registry)
        except (OSError, UnicodeDecodeError) as error:
            name = getattr(error, "filename", None) or f"the configuration of {package.registry}'s client"
            detail = f"{name} can't be read ({type(error).__name__}); mend it, or set {_variable(package.registry)}"
            return Unavailable(SkipReason.REGISTRY_UNAVAILABLE, detail)
        if package.url is None:
            return default
        wanted = _comparable(package.url)
        for url in (default, *self._configured(package.registry)):
            if wanted is not None and _comparable(url) == wanted:
                return url
        return Unavailable(SkipReason.UNKNOWN_REGISTRY, _unknown(wanted))

    def _default(self, registry: str) -> str:
        if registry not in self._defaults:
            configured = self._settings.config.registries.get(registry)
            own = self._known[registry].default_url
            url = configured.url if configured and configured.url else own(self._settings.environ, self._settings.home)
            self._defaults[registry] = url.rstrip("/")
        return self._defaults[registry]

    def _configured(self, registry: str) -> list[str]:
        named = self._settings.config.registries.items()
        return [one.url.rstrip("/") for name, one in named if one.url and (one.protocol or name) == registry]


def _variable(registry: str) -> str:
    return f"{PREFIX}REGISTRIES__{registry.upper()}__URL"


def _comparable(url: str) -> str | None:
    """The address without user information and with no slash at its end, None for what is none."""
    try:
        return without_credentials(url).rstrip("/")
    except ValueError:
        return None


def _unknown(comparable: str | None) -> str:
    if comparable is None:
        return "it comes from an index whose address can't be read here; add it to [registries] in freshline.toml"
    host = urlsplit(comparable).hostname
    return f"it comes from {host}, which is not configured; add it to [registries] in freshline.toml"


def dated(answers: Mapping[Package, Answer], sightings: Sightings, now: datetime) -> dict[Package, Answer]:
    """The answers with ``first_seen`` filled in where a registry attests no time (DESIGN law 5)."""
    undated = [a for a in answers.values() if isinstance(a, Listing) and a.undated]
    first: dict[tuple[str, str, str], datetime] = {}
    for registry in {listing.package.registry for listing in undated}:
        own = [listing for listing in undated if listing.package.registry == registry]
        versions = {_sighted(a.package): [r.version for r in a.releases if r.published is None] for a in own}
        sightings.note(registry, versions, now)
        seen = sightings.first_seen(registry, versions)
        first.update({(registry, name, version): at for (name, version), at in seen.items()})
    return {package: _dated(answer, first) for package, answer in answers.items()}


def _sighted(package: Package) -> str:
    """A package's name among sightings: one index's package is not another's of the same name."""
    return package.name if package.url is None else f"{package.name}@{_comparable(package.url)}"


def _dated(answer: Answer, first: Mapping[tuple[str, str, str], datetime]) -> Answer:
    if not isinstance(answer, Listing) or not answer.undated:
        return answer
    registry, name = answer.package.registry, _sighted(answer.package)
    releases = (
        release if release.published else replace(release, first_seen=first.get((registry, name, release.version)))
        for release in answer.releases
    )
    return replace(answer, releases=tuple(releases))
