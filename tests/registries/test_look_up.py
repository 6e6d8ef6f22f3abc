from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.core.model import Answer, Listing, Package, SkipReason, Unavailable
from bot.http import FetchError, Http, Limits, MemoryCache
from bot.registries import FAILURES_UNTIL_OPEN, built_in, digests, look_up
from bot.registries.base import Client, LookUpError
from tests.fakes.registry import FakeRegistry, Reply

A, B = Package("pypi", "a"), Package("npm", "@s/b")


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(MemoryCache(), limits=Limits(first_wait=0)) as made:
        yield made


class Scripted:
    """A registry that raises what it is told to."""

    name = "scripted"
    scheme = "loose"

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.asked: list[Package] = []
        self._lock = threading.Lock()

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        return "https://index.example"

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        with self._lock:
            self.asked.append(package)
            error = self.errors.pop(0) if self.errors else None
        if error:
            raise error
        return Listing(package, ())


def ask(registry: Scripted, http: Http, count: int) -> list[Answer]:
    packages = [Package("scripted", str(n)) for n in range(count)]
    answers = look_up(packages, {"scripted": registry}, http, lambda _: "https://u:secret@index.example", workers=1)
    return [answers[package] for package in packages]


def test_the_built_in_registries_are_found_and_complete() -> None:
    registries = built_in()
    assert {"npm", "pypi"} <= set(registries)
    for name, registry in registries.items():
        assert (registry.name, bool(registry.scheme)) == (name, True)


def test_each_package_is_asked_for_once(server: FakeRegistry, http: Http) -> None:
    server.pypi("a", {"1.0": {}})
    server.npm("@s/b", {"1.0.0": {}})
    urls = {"pypi": server.pypi_url, "npm": server.npm_url}
    told: list[tuple[int, int]] = []
    answers = look_up(
        [A, B, A, B, A], built_in(), http, lambda p: urls[p.registry], progress=lambda *step: told.append(step)
    )
    assert list(answers) == [A, B]
    assert all(isinstance(answer, Listing) for answer in answers.values())
    assert (len(server.requests), told) == (2, [(1, 2), (2, 2)])


def test_nothing_to_look_up(http: Http) -> None:
    assert look_up([], built_in(), http, lambda _: "") == {}


def test_one_failure_costs_one_package(server: FakeRegistry, http: Http) -> None:
    server.pypi("a", {"1.0": {}})
    server.reply("/simple/broken/", Reply(500))
    server.reply("/simple/html/", Reply(body=b"<html>"))
    names = ["a", "broken", "html", "absent", "NO"]
    packages = [Package("pypi", name) for name in names]
    answers = look_up(packages, built_in(), http, lambda _: server.pypi_url)
    assert isinstance(answers[packages[0]], Listing)
    reasons = [answer.reason for answer in answers.values() if isinstance(answer, Unavailable)]
    assert reasons == [
        SkipReason.REGISTRY_UNAVAILABLE,
        SkipReason.REGISTRY_UNAVAILABLE,
        SkipReason.NOT_FOUND,
        SkipReason.INVALID_NAME,
    ]
    details = [answer.detail for answer in answers.values() if isinstance(answer, Unavailable)]
    assert details[0].startswith("pypi/broken: 127.0.0.1:")
    assert "HTML, so it does not speak" in details[1]


def test_a_registry_that_nobody_knows(http: Http) -> None:
    package = Package("elsewhere", "a")
    (answer,) = look_up([package], built_in(), http, lambda _: "").values()
    assert answer == Unavailable(SkipReason.UNKNOWN_REGISTRY, "no registry is called 'elsewhere'")


def test_a_package_whose_address_is_not_to_be_asked(http: Http) -> None:
    refused = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "its index is not among the operator's")
    assert look_up([A], built_in(), http, lambda _: refused) == {A: refused}


def test_an_address_that_is_none(http: Http) -> None:
    (answer,) = look_up([A], built_in(), http, lambda _: "file:///srv").values()
    assert isinstance(answer, Unavailable)
    assert answer.reason == SkipReason.REGISTRY_UNAVAILABLE
    assert "not an http(s) address" in answer.detail


def test_a_parser_that_trips_is_named(http: Http) -> None:
    trouble, fine = ask(Scripted(KeyError("secret")), http, 2)
    assert isinstance(trouble, Unavailable)
    assert trouble.reason == SkipReason.REGISTRY_UNAVAILABLE
    assert "KeyError" in trouble.detail
    assert "secret" not in trouble.detail
    assert isinstance(fine, Listing)


def test_what_a_registry_refuses_itself(http: Http) -> None:
    (answer,) = ask(Scripted(LookUpError(SkipReason.NOT_FOUND, "gone")), http, 1)
    assert answer == Unavailable(SkipReason.NOT_FOUND, "scripted/0: gone")


def test_a_host_that_cant_be_reached_is_given_up(http: Http) -> None:
    error = FetchError("unreachable", "index.example can't be reached")
    registry = Scripted(*[error] * 100)
    answers = ask(registry, http, 30)
    assert len(registry.asked) == FAILURES_UNTIL_OPEN
    assert answers[-1] == Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "index.example can't be reached")


@pytest.mark.parametrize("between", [None, FetchError("not_found", "x", 404), FetchError("unavailable", "x", 503)])
def test_a_host_that_answers_now_and_then_is_not_given_up(http: Http, between: FetchError | None) -> None:
    errors = [FetchError("unreachable", "x")] * (FAILURES_UNTIL_OPEN - 1)
    registry = Scripted(*errors, between, *errors)
    ask(registry, http, 30)
    assert len(registry.asked) == 30


class Slow(Scripted):
    """Takes a moment, so that there is something left to stop."""

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        time.sleep(0.001)
        return super().fetch(package, base_url, client)


def test_an_interrupt_stops_what_has_not_begun(http: Http) -> None:
    registry = Slow()
    packages = [Package("scripted", str(n)) for n in range(5000)]

    def interrupt(done: int, every: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look_up(packages, {"scripted": registry}, http, lambda _: "https://index.example", 1, interrupt)
    assert len(registry.asked) < 5000


# Digests


class Telling(Scripted):
    """A registry that also tells digests, or raises what it is told to."""

    def digest(self, package: Package, tag: str, base_url: str, client: Client) -> str:
        self.fetch(package, base_url, client)
        return f"{package.name}:{tag} at {base_url}"


def tell(registry: Scripted, http: Http, *tags: str) -> list[str | Unavailable]:
    wanted = [(Package("scripted", "a"), tag) for tag in tags]
    found = digests(wanted, {"scripted": registry}, http, lambda _: "https://index.example", workers=1)
    return [found[tag] for tag in wanted]


def test_each_digest_is_asked_for_once(http: Http) -> None:
    registry = Telling()
    assert tell(registry, http, "2", "1", "2") == [f"a:{n} at https://index.example" for n in "212"]
    assert len(registry.asked) == 2
    assert tell(registry, http) == []


def test_a_digest_that_is_not_told_is_no_others_trouble(http: Http) -> None:
    errors = (FetchError("not_found", "gone", 404), LookUpError(SkipReason.REGISTRY_UNAVAILABLE, "used up"))
    assert tell(Telling(*errors, KeyError("x")), http, "1", "2", "3", "4") == [
        Unavailable(SkipReason.NOT_FOUND, "scripted/a: gone"),
        Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "scripted/a: used up"),
        Unavailable(
            SkipReason.REGISTRY_UNAVAILABLE,
            "scripted/a: unexpected KeyError while reading the answer; report it as a bug",
        ),
        "a:4 at https://index.example",
    ]


def test_digests_of_a_host_that_cant_be_reached_are_given_up(http: Http) -> None:
    registry = Telling(*[FetchError("unreachable", "index.example can't be reached")] * 100)
    tell(registry, http, *map(str, range(30)))
    assert len(registry.asked) == FAILURES_UNTIL_OPEN


def test_a_registry_that_tells_no_digests(http: Http) -> None:
    detail = "scripted/a: its registry does not say what its versions stand for"
    assert tell(Scripted(), http, "1") == [Unavailable(SkipReason.NOT_FOUND, detail)]
    (answer,) = digests([(Package("elsewhere", "a"), "1")], built_in(), http, lambda _: "").values()
    assert answer == Unavailable(SkipReason.UNKNOWN_REGISTRY, "no registry is called 'elsewhere'")
