"""Look-ups against a registry on loopback that answers after 50 ms, and the decoding of large answers.

``python -m tests.benchmarks.bench_lookups`` prints JSON: seconds, the limit, and their ratio.
The fake registry runs in this process and takes part of its time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

from bot.core.model import Listing, Package
from bot.http import Http, MemoryCache
from bot.registries import built_in, look_up, npm
from bot.registries._kept import unpack
from tests.benchmarks.figures import figure
from tests.fakes.registry import EPOCH, FakeRegistry

LOOK_UPS = 300
LATENCY = 0.05
PACKUMENT_BYTES = 20_000_000
PACKUMENT_VERSIONS = 3_000
KEPT_LISTINGS = 250
KEPT_RELEASES = 300


def measure() -> dict[str, dict[str, float]]:
    """Seconds and limits by name of the measurement."""
    cold, cached = _look_ups()
    return {
        "look_ups_cold": figure(cold, 2.0),
        "look_ups_cached": figure(cached, 0.3),
        "packument_20_mb": figure(_packument(), 0.06),
        "kept_listings": figure(_kept(), 0.08),
    }


def _timed(work: Callable[[], Any]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _look_ups() -> tuple[float, float]:
    names = [f"package-{n}" for n in range(LOOK_UPS // 2)]
    packages = [Package(registry, name) for name in names for registry in ("pypi", "npm")]
    with FakeRegistry(latency=LATENCY) as registry, Http(MemoryCache()) as http:
        for name in names:
            registry.pypi(name, _versions())
            registry.npm(name, _versions())
        urls = {"pypi": registry.pypi_url, "npm": registry.npm_url}

        def once() -> None:
            answers = look_up(packages, built_in(), http, lambda package: urls[package.registry])
            if not all(isinstance(answer, Listing) for answer in answers.values()):
                raise AssertionError("a look-up failed")

        return _timed(once), _timed(once)


def _versions() -> dict[str, dict[str, Any]]:
    return {f"1.{n}.0": {"published": EPOCH + timedelta(days=n)} for n in range(80)}


def _packument() -> float:
    """The best of three, each with versions that no earlier one has had."""
    return min(_timed(partial(npm.distil, _large(major))) for major in range(3))


def _large(major: int) -> bytes:
    versions = [f"{major}.{n}.0-canary.{n}" for n in range(PACKUMENT_VERSIONS)]
    filler = {f"dependency-{n}": f"^{n}.0.0" for n in range(220)}
    entry = {"engines": {"node": ">=18"}, "dist": {"integrity": "sha512-x"}, "dependencies": filler}
    times = {version: (EPOCH + timedelta(hours=n)).isoformat() for n, version in enumerate(versions)}
    page = {"name": "large", "versions": dict.fromkeys(versions, entry), "time": times}
    body = json.dumps(page).encode()
    padding = max(0, PACKUMENT_BYTES - len(body))
    return body[:-1] + b', "readme": "' + b"x" * padding + b'"}'


def _kept() -> float:
    times = {f"1.{n}.0": {"engines": {"node": ">=18"}} for n in range(KEPT_RELEASES)}
    page = {"versions": times, "time": dict.fromkeys(times, EPOCH.isoformat())}
    body, package = npm.distil(json.dumps(page).encode()), Package("npm", "kept")
    return min(_timed(lambda: [unpack(body, package) for _ in range(KEPT_LISTINGS)]) for _ in range(3))


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))  # noqa: T201  # what it is for
