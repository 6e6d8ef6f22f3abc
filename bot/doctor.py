"""Look whether everything Freshline needs is here and answers."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot import plugins, registries
from bot.config import ConfigError, Settings, unknown_variables
from bot.core.budget import Left, Rates, advice, ample
from bot.core.machine_images.asked import Asked
from bot.core.model import Listing, Package, SkipReason, Unavailable
from bot.forge.base import ForgeError
from bot.http import MemoryCache, host_of
from bot.lookup import Addresses, ask_aws, client
from bot.store import Store, StoreError

if TYPE_CHECKING:
    from bot.forge.github_about import About, Room, Standing
    from bot.forge.github_app import AppIdentity, Installation

PROBES = {"pypi": "pip", "npm": "npm"}
"""A package of each registry that is always there."""

OLDEST_GIT = (2, 30)
WEEK = timedelta(days=7)
MOST_INSTALLATIONS = 100
"""Each is asked for with three requests."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, and what was seen or what to do."""

    what: str
    well: bool
    detail: str


def examine(settings: Settings, most_installations: int = MOST_INSTALLATIONS) -> Iterator[Finding]:
    """Look at the configuration, the tools, the store, the registries and GitHub, one after the other."""
    yield Finding("python", well=True, detail=f"{platform.python_version()} at {sys.executable}")
    yield _git()
    yield Finding("configuration", well=True, detail=str(settings.path or "none, so the defaults"))
    for name in unknown_variables(settings.environ):
        yield Finding("environment", well=False, detail=f"{name} means nothing to Freshline; correct or unset it")
    yield _store(settings)
    yield from _registries(settings)
    if settings.config.aws.regions:
        yield from _aws(settings)
    if settings.config.github.app_id or settings.config.github.token.get_secret_value():
        yield from _github(settings, most_installations)


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
            detail = answer.detail if isinstance(answer, Unavailable) else "answers something else than a listing"
            yield Finding(package.registry, well=False, detail=detail)


def _place(base: str | Unavailable) -> str:
    return "" if isinstance(base, Unavailable) else f" at {host_of(base)}"


# AWS

NO_IMAGE = "ami-00000000"
"""An id that no image has: to be told so is an answer."""


def aws_permissions(settings: Settings) -> str:
    """The IAM policy that lets Freshline look up machine images, as JSON."""
    from bot.registries.aws_ami import least_privilege  # noqa: PLC0415 - its tables take long to load

    return json.dumps(least_privilege(settings.config.aws.roles), indent=2)


def _aws(settings: Settings) -> Iterator[Finding]:
    """Whether machine images can be looked up in each of the operator's regions."""
    questions = {region: Asked(region, NO_IMAGE).package for region in settings.config.aws.regions}
    with Store.in_memory() as store:
        answers = ask_aws(questions.values(), settings, store.images(), datetime.now(UTC))
    for region, package in questions.items():
        answer = answers[package]
        missed = answer.detail if isinstance(answer, Unavailable) and answer.reason is not SkipReason.NOT_FOUND else ""
        yield Finding(
            f"aws {region}", well=not missed, detail=missed.removeprefix(f"{NO_IMAGE}: ") or "describes machine images"
        )


# GitHub


def _github(settings: Settings, most: int) -> Iterator[Finding]:
    """Who Freshline is on GitHub, and how it stands there; whatever goes wrong is a finding."""
    # PyGithub is slow to load, and most machines that only scan have no use for it.
    from bot.forge.github_about import QUICK, About  # noqa: PLC0415 - see above
    from bot.github_login import identity  # noqa: PLC0415 - see above

    try:
        with ExitStack() as closing:
            about = About(settings.config.github.api_url)
            closing.callback(about.close)
            known = identity(settings.config.github, QUICK)
            if known is None:
                yield _token(settings, about)
                return
            closing.callback(known.close)
            yield from _app(settings, known, about, most)
    except (ConfigError, ForgeError) as error:
        yield Finding("github", well=False, detail=str(error))


def _token(settings: Settings, about: About) -> Finding:
    from bot.forge.github_client import Token  # noqa: PLC0415 - as in _github

    token = Token(settings.config.github.token.get_secret_value())
    who = about.whose(token) or "a workflow or an App, which GitHub does not name"
    unused = "; while it is set, the App is not used" if settings.config.github.app_id else ""
    return Finding("github", well=True, detail=f"the token of {who}; {_left(about.room(token, 'the token'))}{unused}")


def _app(settings: Settings, identity: AppIdentity, about: About, most: int) -> Iterator[Finding]:
    page = identity.page()
    installations = identity.installations()
    if not installations:
        detail = f"{page.name} is not installed anywhere yet; install it from {page.html_url}"
        yield Finding("github", well=False, detail=detail)
    else:
        count = len(installations)
        detail = f"{page.name}, installed on {count:,} account{'' if count == 1 else 's'}"
        yield Finding("github", well=True, detail=detail)
    yield _webhooks(settings)
    opened = _opened(settings, installations[:most])
    for one in installations[:most]:
        yield _installation(settings, identity, about, one, opened.get(one.id))
    if len(installations) > most:
        detail = f"only the first {most:,} of {len(installations):,} installations were looked at"
        yield Finding("github", well=True, detail=detail)


def _webhooks(settings: Settings) -> Finding:
    if settings.config.github.webhook_secret.get_secret_value():
        return Finding("github webhooks", well=True, detail="a secret is set, so their signatures can be checked")
    detail = (
        "not taken in, so what people do is seen at the next run; "
        "for more, set FRESHLINE_GITHUB__WEBHOOK_SECRET to the one in the App's settings"
    )
    return Finding("github webhooks", well=True, detail=detail)


def _opened(settings: Settings, installations: tuple[Installation, ...]) -> Mapping[int, int]:
    """How many upgrades each installation got in the last week; nothing where the store can't tell."""
    from bot.forge.webhooks import fleet_of  # noqa: PLC0415 - as in _github

    since = datetime.now(UTC) - WEEK
    try:
        with Store.open(settings.store_url) as store:
            fleets = {one.id: store.proposals(fleet_of(one.id)).all() for one in installations}
    except StoreError:  # a finding of its own says so: see ``_store``
        return {}
    return {number: sum(record.created_at >= since for record in records) for number, records in fleets.items()}


def _installation(
    settings: Settings, identity: AppIdentity, about: About, installation: Installation, opened: int | None
) -> Finding:
    what = f"github {''.join(c for c in installation.account if c.isprintable())}"
    if installation.suspended:
        return Finding(what, well=False, detail="Freshline is suspended there; un-suspend it in the account's settings")
    try:
        standing = about.standing(identity, installation)
    except ForgeError as error:
        return Finding(what, well=False, detail=str(error))
    github = settings.config.github
    rates = Rates(github.writes_per_minute, github.writes_per_hour)
    well = not standing.missing and (opened is None or ample(opened, rates))
    carried = f"; {advice(opened, rates)}" if opened is not None else ""
    return Finding(what, well, f"{_reach(standing)}; {_left(standing.room)}{carried}")


def _reach(standing: Standing) -> str:
    count = f"{standing.repositories:,} repositor{'y' if standing.repositories == 1 else 'ies'}"
    if standing.missing:
        names = ", ".join(standing.missing)
        return f"{count}, but not granted: {names}; accept them in the account's settings, under the installed Apps"
    if not standing.workflows:
        return f"{count}; workflow files are left alone, as the permission workflows is not granted"
    return count


def _left(room: Room) -> str:
    """What is left of the hour, in words."""
    parts = [(room.core, "requests"), (room.graphql, "GraphQL points")]
    words = [_share(left, what) for left, what in parts if left is not None]
    return f"{' and '.join(words)} left this hour" if words else "no rate limit"


def _share(left: Left, what: str) -> str:
    return f"{left.left:,} of {left.limit:,} {what}"
