"""Registries, one file each, found by walking this package, and the look-up of many packages."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pkgutil import iter_modules
from typing import TypeVar

from bot.core.model import Answer, Package, SkipReason, Source, Unavailable
from bot.http import Distil, FetchError, Http, NotKeptError, host_of
from bot.registries.base import Client, LookUpError, Registry, TellsDigest, TellsSource

FAILURES_UNTIL_OPEN = 10
"""So many look-ups in a row that reach a host in vain, and the rest is not tried."""

BaseUrl = Callable[[Package], str | Unavailable]
Tag = tuple[Package, str]
T = TypeVar("T")
Progress = Callable[[int, int], None]


@cache
def built_in() -> Mapping[str, Registry]:
    """Every registry of this package by its name (``base`` and names that start with "_" are shared code)."""
    return _Own(m.name for m in iter_modules(__path__) if m.name != "base" and not m.name.startswith("_"))


class _Own(Mapping[str, Registry]):
    """Registries that are loaded when they are first asked for: a scan needs few, and some take long to load."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(sorted(names))

    def __getitem__(self, name: str) -> Registry:
        if name not in self._names:
            raise KeyError(name)
        found: Registry = importlib.import_module(f"{__name__}.{name}").registry
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


def look_up(
    packages: Collection[Package],
    registries: Mapping[str, Registry],
    client: Client,
    base_urls: BaseUrl,
    workers: int = 20,
    progress: Progress | None = None,
) -> dict[Package, Answer]:
    """What the registries say of each package, asked once however often it is named.

    ``base_urls`` gives the address a package's registry starts from, or why there is none.
    ``progress`` is called in the calling thread with (done, all). A look-up that fails becomes
    ``Unavailable`` and the others go on; nothing is raised for it.
    """
    wanted = list(dict.fromkeys(packages))
    one = _LookUp(registries, client, base_urls)
    # What is kept is read here: threads would only wait for each other.
    answers = _fresh(wanted, registries, client, base_urls) if isinstance(client, Http) else {}
    rest = [package for package in wanted if package not in answers]
    pool = ThreadPoolExecutor(max_workers=max(1, min(workers, len(rest))), thread_name_prefix="look-up")
    try:
        futures: dict[Future[Answer], Package] = {pool.submit(one, package): package for package in rest}
        for done, future in enumerate(as_completed(futures), 1 + len(answers)):
            answers[futures[future]] = future.result()
            if progress:
                progress(done, len(wanted))
    finally:
        # After an interrupt what has not begun is not begun any more.
        pool.shutdown(cancel_futures=True)
    return {package: answers[package] for package in wanted}


def digests(
    tags: Collection[Tag],
    registries: Mapping[str, Registry],
    client: Client,
    base_urls: BaseUrl,
    workers: int = 20,
) -> dict[Tag, str | Unavailable]:
    """What each tag stands for now, or why that is not known; nothing is raised for a failure."""
    wanted = list(dict.fromkeys(tags))
    look = _LookUp(registries, client, base_urls)

    def one(tag: Tag) -> str | Unavailable:
        return look.ask(tag[0], lambda registry, base_url: _digest(registry, tag, base_url, client))

    pool = ThreadPoolExecutor(max_workers=max(1, min(workers, len(wanted))), thread_name_prefix="digests")
    try:
        return dict(zip(wanted, pool.map(one, wanted), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)


def _digest(registry: object, tag: Tag, base_url: str, client: Client) -> str:
    if not isinstance(registry, TellsDigest):
        raise LookUpError(SkipReason.NOT_FOUND, "its registry does not say what its versions stand for")
    return registry.digest(*tag, base_url, client)


def origin(
    package: Package, version: str, registries: Mapping[str, Registry], client: Client, base_urls: BaseUrl
) -> Source | Unavailable:
    """Where a release comes from, or why that is not known; nothing is raised for a failure."""
    registry: object = registries.get(package.registry)
    base_url = base_urls(package)
    if not isinstance(registry, TellsSource):
        return Unavailable(SkipReason.NOT_FOUND, f"{package}: its registry does not say where releases come from")
    if isinstance(base_url, Unavailable):
        return base_url
    try:
        return registry.source(package, version, base_url, client)
    except LookUpError as exc:
        return Unavailable(exc.reason, f"{package}: {exc.detail}")
    except FetchError as exc:
        missing = exc.problem == "not_found"
        reason = SkipReason.NOT_FOUND if missing else SkipReason.REGISTRY_UNAVAILABLE
        return Unavailable(reason, f"{package}: {exc.detail}")


@dataclass(frozen=True, slots=True)
class _KeptOnly:
    """A client that never asks."""

    http: Http

    def fetch(self, url: str, *, headers: Mapping[str, str], distil: Distil) -> bytes:  # noqa: ARG002 - a client's signature
        """What is kept; raises ``NotKeptError`` and ``FetchError``."""
        return self.http.kept(url, distil)


def _fresh(
    packages: Collection[Package], registries: Mapping[str, Registry], client: Http, base_urls: BaseUrl
) -> dict[Package, Answer]:
    """The answers that are there without asking, of the registries that go through the client alone."""
    named = {package.registry for package in packages} & set(registries)
    through = {name: registries[name] for name in named if getattr(registries[name], "through_client", False)}
    look = _LookUp(through, _KeptOnly(client), base_urls)
    answers: dict[Package, Answer] = {}
    for package in packages:
        if package.registry in through:
            with suppress(NotKeptError):  # it is asked for with the rest
                answers[package] = look(package)
    return answers


class _LookUp:
    """Looks one package up and turns every failure into an answer."""

    def __init__(self, registries: Mapping[str, Registry], client: Client, base_urls: BaseUrl) -> None:
        self._registries = registries
        self._client = client
        self._base_urls = base_urls
        self._circuit = _Circuit()

    def __call__(self, package: Package) -> Answer:
        return self.ask(package, lambda registry, base_url: registry.fetch(package, base_url, self._client))

    def ask(self, package: Package, question: Callable[[Registry, str], T]) -> T | Unavailable:
        """The answer to a question that is put to (registry, base URL), or why there is none."""
        registry = self._registries.get(package.registry)
        if registry is None:
            return Unavailable(SkipReason.UNKNOWN_REGISTRY, f"no registry is called {package.registry!r}")
        try:
            base_url = self._base_urls(package)
            if isinstance(base_url, Unavailable):
                return base_url
            return self._asked(package, base_url, partial(question, registry, base_url))
        except NotKeptError:
            raise
        except Exception as exc:  # noqa: BLE001  # whatever a parser trips over costs one package, not the pass
            detail = f"{package}: unexpected {type(exc).__name__} while reading the answer; report it as a bug"
            return Unavailable(SkipReason.REGISTRY_UNAVAILABLE, detail)

    def _asked(self, package: Package, base_url: str, question: Callable[[], T]) -> T | Unavailable:
        host = _host(base_url)
        given_up = self._circuit.open(host)
        if given_up:
            return Unavailable(SkipReason.REGISTRY_UNAVAILABLE, given_up)
        try:
            answer = question()
        except LookUpError as exc:
            return Unavailable(exc.reason, f"{package}: {exc.detail}")
        except FetchError as exc:
            self._circuit.note(host, exc.detail if exc.problem == "unreachable" else None)
            missing = exc.problem == "not_found"
            reason = SkipReason.NOT_FOUND if missing else SkipReason.REGISTRY_UNAVAILABLE
            return Unavailable(reason, f"{package}: {exc.detail}")
        self._circuit.note(host, None)
        return answer


class _Circuit:
    """Counts, for each host, the failures in a row to reach it."""

    def __init__(self) -> None:
        self._failures: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def open(self, host: str) -> str | None:
        """Why the host is not asked any more, None while it is."""
        with self._lock:
            failures = self._failures.get(host, [])
            return failures[-1] if len(failures) >= FAILURES_UNTIL_OPEN else None

    def note(self, host: str, failure: str | None) -> None:
        """Note a failure to reach the host, or (None) that it answered something."""
        with self._lock:
            if failure is None:
                self._failures.pop(host, None)
            else:
                self._failures.setdefault(host, []).append(failure)


def _host(base_url: str) -> str:
    try:
        return host_of(base_url)
    except ValueError:
        # The client refuses the address itself and says so for each package.
        return ""
