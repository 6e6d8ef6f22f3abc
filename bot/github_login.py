"""Who the operator is on GitHub: a plain token, or an App. Loads PyGithub, so it is imported only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bot.config import ConfigError, GitHubSettings
from bot.forge.github import GitHub, GitHubForge
from bot.forge.github_app import AppIdentity, read_key
from bot.forge.github_client import Token


@contextmanager
def opened(repository: str, settings: GitHubSettings) -> Iterator[tuple[GitHubForge, int | None]]:
    """The forge for ``OWNER/REPO`` and the App's installation that it is read through, None for a plain token.

    Raises ``ConfigError`` and ``ForgeError``.
    """
    with ExitStack() as closing:
        identity = _identity(settings)
        installation = None
        if identity is not None:
            closing.callback(identity.close)
            installation = identity.installation_of(repository)
        github = GitHub(identity or _token(settings), settings.api_url)
        closing.callback(github.close)
        yield github.open(repository, installation), installation.id if installation else None


def _identity(settings: GitHubSettings) -> AppIdentity | None:
    """The App, where one is configured and no plain token is given."""
    if not settings.app_id or settings.token.get_secret_value():
        return None
    key = settings.private_key.get_secret_value()
    if not key and not settings.private_key_file:
        raise ConfigError("github.app_id is set, but no key; set FRESHLINE_GITHUB__PRIVATE_KEY_FILE to the App's key")
    return AppIdentity(settings.app_id, key or read_key(settings.private_key_file), settings.api_url)


def _token(settings: GitHubSettings) -> Token:
    token = settings.token.get_secret_value()
    if not token:
        raise ConfigError("GitHub asks who you are; set FRESHLINE_GITHUB__TOKEN, or an App's id and key")
    return Token(token)
