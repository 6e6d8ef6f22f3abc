"""What there is to know about a login before any repository is looked at: who it is, what it reaches, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec

from bot.forge.github_app import GITHUB, PERMISSIONS, AppIdentity, AppLogin, Installation
from bot.forge.github_client import (
    WORKFLOWS,
    Allowance,
    Keeping,
    Login,
    Pace,
    Permissions,
    Session,
    Token,
    Wire,
    bearer,
)
from bot.forge.github_errors import GitHubError
from bot.http import MemoryCache

T = TypeVar("T")

LISTING: Permissions = {"metadata": "read"}
"""Every installation grants this."""
QUICK = Pace(attempts=2, backoff=0.5, secondary_wait=1.0, longest_wait=5.0, timeout=15)
"""Somebody waits for the answer, and an error is one too."""


@dataclass(frozen=True, slots=True)
class Room:
    """What GitHub leaves of this hour; None for a server without limits."""

    core: Allowance | None
    graphql: Allowance | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an installation stands: ``missing`` are permissions that the App asks for and the account did not grant."""

    repositories: int
    missing: tuple[str, ...]
    workflows: bool
    room: Room


class _User(msgspec.Struct):
    login: str


class _Counted(msgspec.Struct):
    total_count: int


class _Rate(msgspec.Struct):
    limit: int
    remaining: int
    reset: Annotated[int, msgspec.Meta(ge=0, lt=1 << 34)]


class _Resources(msgspec.Struct):
    core: _Rate | None = None
    graphql: _Rate | None = None


class _Limits(msgspec.Struct):
    resources: _Resources


class About:
    """Asks one GitHub about logins. Methods raise ``ForgeError``; ``close`` closes the connections."""

    def __init__(self, api_url: str = GITHUB, pace: Pace = QUICK) -> None:
        self._wire = Wire(api_url, pace, bearer)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def whose(self, token: Token) -> str:
        """The account that a plain token belongs to, "" where GitHub does not tell (a workflow's own token)."""
        try:
            return self._ask(token, "the token", "/user", _User).login
        except GitHubError as error:
            if error.status != 403:
                raise
            return ""

    def room(self, login: Login, where: str) -> Room:
        """What is left to a login; asking costs nothing (https://docs.github.com/en/rest/rate-limit/rate-limit)."""
        try:
            found = self._ask(login, where, "/rate_limit", _Limits).resources
        except GitHubError as error:
            if error.status != 404:  # what an Enterprise Server without limits says
                raise
            return Room(None, None)
        return Room(_allowance(found.core), _allowance(found.graphql))

    def standing(self, identity: AppIdentity, installation: Installation) -> Standing:
        """How one installation of the App stands; raises also for one that is suspended."""
        login = AppLogin(identity, installation)
        where = f"installation {installation.id} on {installation.account}"
        counted = self._ask(login, where, "/installation/repositories?per_page=1", _Counted)
        missing = (name for name, level in PERMISSIONS.items() if not installation.grants({name: level}))
        return Standing(
            counted.total_count,
            tuple(f"{name} ({PERMISSIONS[name]})" for name in missing),
            installation.grants(WORKFLOWS),
            self.room(login, where),
        )

    def _ask(self, login: Login, where: str, path: str, shape: type[T]) -> T:
        # Nothing is kept: the same path has another answer for each login.
        return Session(login, self._wire, where).page(path, shape, Keeping(MemoryCache()), LISTING)


def _allowance(rate: _Rate | None) -> Allowance | None:
    return Allowance(rate.remaining, rate.limit, datetime.fromtimestamp(rate.reset, UTC)) if rate else None
