"""Who the operator is on GitHub: a plain token, or an App. Loads PyGithub, so it is imported only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bot.config import ConfigError, GitHubSettings
from bot.core.budget import Rates
from bot.forge.github import GitHub, GitHubForge
from bot.forge.github_app import AppIdentity, Installation, read_key
from bot.forge.github_client import PATIENT, Pace, Token
from bot.forge.pacing import Book, Pacer


@dataclass(frozen=True, slots=True)
class Connected:
    """GitHub in the operator's name; ``identity`` is None for a plain token."""

    github: GitHub
    identity: AppIdentity | None

    def installation_of(self, repository: str) -> Installation | None:
        """The App's installation that reaches ``OWNER/REPO``, None for a plain token; raises ``ForgeError``."""
        return self.identity.installation_of(repository) if self.identity else None

    def open(self, repository: str, installation: Installation | None) -> GitHubForge:
        """The forge for ``OWNER/REPO``; raises ``ForgeError``."""
        return self.github.open(repository, installation)


@contextmanager
def connected(
    settings: GitHubSettings, book_of: Callable[[int | None], Book], told: Callable[[str], None] = lambda _: None
) -> Iterator[Connected]:
    """GitHub as configured; writes are counted in the installation's book (None: the plain token's).

    Raises ``ConfigError`` and ``ForgeError``.
    """
    with ExitStack() as closing:
        known = identity(settings)
        if known is not None:
            closing.callback(known.close)
        rates = Rates(settings.writes_per_minute, settings.writes_per_hour, gap=settings.seconds_between_writes)
        pacer = Pacer(book_of, rates)
        github = GitHub(
            known or _token(settings),
            settings.api_url,
            pacing=pacer,
            told=told,
            prefix=settings.branch_prefix,
        )
        closing.callback(github.close)
        yield Connected(github, known)


def identity(settings: GitHubSettings, pace: Pace = PATIENT) -> AppIdentity | None:
    """The App, where one is configured and no plain token is given; raises ``ConfigError`` and ``ForgeError``."""
    if not settings.app_id or settings.token.get_secret_value():
        return None
    key = settings.private_key.get_secret_value()
    if not key and not settings.private_key_file:
        raise ConfigError("github.app_id is set, but no key; set FRESHLINE_GITHUB__PRIVATE_KEY_FILE to the App's key")
    return AppIdentity(settings.app_id, key or read_key(settings.private_key_file), settings.api_url, pace)


def _token(settings: GitHubSettings) -> Token:
    token = settings.token.get_secret_value()
    if not token:
        raise ConfigError("GitHub asks who you are; set FRESHLINE_GITHUB__TOKEN, or an App's id and key")
    return Token(token)
