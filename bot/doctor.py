"""Look whether everything Freshline needs is here and answers."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from bot import plugins, registries
from bot.app import Addresses, client
from bot.config import Settings, unknown_variables
from bot.core.model import Listing, Package, Unavailable
from bot.http import MemoryCache, host_of
from bot.store import Store, StoreError

PROBES = {"pypi": "pip", "npm": "npm"}
"""A package of each registry that is always there."""

OLDEST_GIT = (2, 30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, and what was seen or what to do."""

    what: str
    well: bool
    detail: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at the configuration, the tools, the store and the registries, one after the other."""
    yield Finding("python", well=True, detail=f"{platform.python_version()} at {sys.executable}")
    yield _git()
    yield Finding("configuration", well=True, detail=str(settings.path or "none, so the defaults"))
    for name in unknown_variables(settings.environ):
        yield Finding("environment", well=False, detail=f"{name} means nothing to Freshline; correct or unset it")
    yield _store(settings)
    yield from _registries(settings)


def _git() -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding("git", well=False, detail="not found; install the package git")
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout  # noqa: S603 - a fixed command
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(
            "git", well=False, detail=f"{path} can't be run ({type(error).__name__}); install the package git"
        )
    numbers = re.search(r"(\d{1,9})\.(\d{1,9})", answer)
    well = numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_GIT
    return Finding("git", well, answer.strip() if well else f"{answer.strip() or path}; 2.30 or newer is needed")


def _store(settings: Settings) -> Finding:
    try:
        with Store.open(settings.store_url):
            return Finding("store", well=True, detail="opens, and its tables are up to date")
    except StoreError as error:
        return Finding("store", well=False, detail=str(error))


def _registries(settings: Settings) -> Iterator[Finding]:
    known = plugins.registries()
    addresses = Addresses(settings, known)
    probes = [Package(registry, name) for registry, name in PROBES.items()]
    with client(settings, MemoryCache()) as http:
        answers = registries.look_up(probes, known, http, addresses)
    for package, answer in answers.items():
        if isinstance(answer, Listing):
            detail = f"answers{_place(addresses(package))} ({len(answer.releases)} releases of {package.name})"
            yield Finding(package.registry, well=True, detail=detail)
        else:
            yield Finding(package.registry, well=False, detail=answer.detail)


def _place(base: str | Unavailable) -> str:
    return "" if isinstance(base, Unavailable) else f" at {host_of(base)}"
