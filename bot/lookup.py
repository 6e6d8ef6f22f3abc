"""Ask the registries: where they are, with which credentials, and since when a release is known."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot import plugins, registries
from bot.config import PREFIX, ConfigError, RegistrySettings, Settings
from bot.core.machine_images.asked import REGISTRY, map_of
from bot.core.model import Answer, Listing, Package, SkipReason, Source, Unavailable
from bot.core.rules import image_rules
from bot.http import Cache, Credential, Http, Limits, host_of, origin_of, without_credentials
from bot.registries import Progress
from bot.registries.base import NamesHosts, Registry
from bot.store import Sightings, Store

if TYPE_CHECKING:
    from bot.store.images import Images

MEBIBYTE = 1024 * 1024


class LookUps:
    """Look-ups in the operator's registries, through the cache of a fleet."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._addresses = Addresses(settings, plugins.registries())
        self._lock = threading.Lock()
        self._told: dict[tuple[str, Package], tuple[datetime, Answer]] = {}

    def __call__(
        self, packages: Collection[Package], fleet: str, progress: Progress | None = None
    ) -> Mapping[Package, Answer]:
        """What the registries say of these packages; raises ``StoreError``."""
        workers = self._settings.config.http.concurrency
        on_aws = [package for package in packages if package.registry in TOGETHER]
        rest = [package for package in packages if package.registry not in TOGETHER] if on_aws else packages
        with client(self._settings, self._store.answers(fleet)) as http:
            found = registries.look_up(rest, plugins.registries(), http, self._addresses, workers, progress)
        answers = dated(found, self._store.sightings(fleet), datetime.now(UTC))
        return answers | self._on_aws(on_aws, fleet) if on_aws else answers

    def _on_aws(self, packages: Collection[Package], fleet: str) -> dict[Package, Answer]:
        """What AWS says, of all packages in as few requests as can be; kept in memory while it is fresh."""
        now = datetime.now(UTC)
        fresh = now - timedelta(seconds=self._settings.config.http.fresh_for)
        with self._lock:
            self._told = {key: told for key, told in self._told.items() if told[0] > fresh}
            answers = {p: self._told[fleet, p][1] for p in packages if (fleet, p) in self._told}
        torn = {map_of(package) for package in packages if package not in answers} - {""}
        # A region map is asked for whole: where one of its images is gone, the others tell what it was.
        missing = [package for package in packages if package not in answers or map_of(package) in torn]
        asked = ask_aws(missing, self._settings, self._store.images(fleet), now) if missing else {}
        found = dated(asked, self._store.sightings(fleet), now)
        with self._lock:
            self._told.update(((fleet, p), (now, a)) for p, a in found.items() if not isinstance(a, Unavailable))
        return answers | found

    def digests(self, tags: Collection[registries.Tag], fleet: str) -> Mapping[registries.Tag, str | Unavailable]:
        """What these tags stand for now, or why that is not known; raises ``StoreError``."""
        workers = self._settings.config.http.concurrency
        with client(self._settings, self._store.answers(fleet)) as http:
            return registries.digests(tags, plugins.registries(), http, self._addresses, workers)

    def origin(self, package: Package, version: str, fleet: str) -> Source | Unavailable:
        """Where a release comes from, or why that is not known; nothing is raised for a failure."""
        with client(self._settings, self._store.answers(fleet)) as http:
            return registries.origin(package, version, plugins.registries(), http, self._addresses)


TOGETHER = frozenset({REGISTRY, "aws_images", "aws_eks_addons", "aws_image_builder"})
"""Registries that are asked for all packages at once."""


def ask_aws(packages: Collection[Package], settings: Settings, shelf: Images, now: datetime) -> dict[Package, Answer]:
    """What AWS says of images and add-ons; a failure is an answer for those it concerns. Raises ``StoreError``."""
    # they take long to load, and few scans need them
    from bot.registries import aws_ami, aws_eks_addons, aws_image_builder, aws_images  # noqa: PLC0415 - see above

    aws = settings.config.aws
    amazon = aws_ami.Amazon(aws.regions, aws.roles, aws.endpoint_url, aws.concurrency)
    images = [package for package in packages if package.registry == REGISTRY]
    answers = aws_ami.look_up(images, amazon, shelf, image_rules(settings.policy), now) if images else {}
    for one in (aws_images, aws_eks_addons, aws_image_builder):
        answers |= one.look_up([package for package in packages if package.registry == one.REGISTRY], amazon)
    return answers


def check(settings: Settings) -> None:
    """Raise ``ConfigError`` for what is wrong with the registries' credentials."""
    tuple(_credentials(settings.config.registries.values()))


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
            return self._named(package, default)
        wanted = _comparable(package.url)
        for url in (default, *self._configured(package.registry)):
            if wanted is not None and _comparable(url) == wanted:
                return url
        return Unavailable(SkipReason.UNKNOWN_REGISTRY, _unknown(wanted))

    def _named(self, package: Package, default: str) -> str | Unavailable:
        """The address of the host that the package's name says, if it says one that may be asked."""
        registry: object = self._known[package.registry]
        host = registry.host(package) if isinstance(registry, NamesHosts) else None
        if host is None or not isinstance(registry, NamesHosts):
            return default
        configured = next((url for url in self._configured(package.registry) if _host(url) == host), None)
        found = configured or registry.public_url(host)
        detail = f"it comes from {host}, which is not configured; add it to [registries] in freshline.toml"
        return found or Unavailable(SkipReason.UNKNOWN_REGISTRY, detail)

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


def _host(url: str) -> str | None:
    try:
        return host_of(url)
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
