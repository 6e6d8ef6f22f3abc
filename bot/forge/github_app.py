"""A GitHub App's identity: its installations, and tokens narrowed to what a step needs.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from github import Auth

from bot.forge.base import ForgeError
from bot.forge.github_client import PATIENT, Pace, Permissions, Wire, checked_name
from bot.forge.github_errors import GitHubError, explained, failure

GITHUB = "https://api.github.com"
EARLY = timedelta(minutes=5)
"""A token is not used any more when this little is left of its hour."""
MAX_KEY = 64 * 1024
PAGE = 100
MAX_PAGES = 100

PERMISSIONS: Permissions = {
    "checks": "read",
    "contents": "write",
    "deployments": "read",
    "issues": "write",
    "merge_queues": "read",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
"""What the App asks for, as in ``config/github-app-manifest.json``; without some of them less is done."""

_LEVELS = {"read": 1, "write": 2, "admin": 3}

T = TypeVar("T")


class _Account(msgspec.Struct):
    login: str


class _Installation(msgspec.Struct):
    id: int
    permissions: dict[str, str]
    account: _Account | None = None
    suspended_at: str | None = None


class _Minted(msgspec.Struct):
    token: str
    expires_at: datetime


class HookDelivery(msgspec.Struct):
    """One attempt to deliver a webhook of the App's; all attempts of one webhook share its ``guid``.

    ``status_code`` is what the receiver answered; where nothing answered, GitHub puts a code of its own.
    """

    id: int
    guid: str
    delivered_at: Annotated[datetime, msgspec.Meta(tz=True)]
    status_code: int


class AppPage(msgspec.Struct):
    """What an App is called, and its page on GitHub."""

    name: str
    html_url: str


@dataclass(frozen=True, slots=True)
class Installation:
    """The App on one account: a fleet. ``permissions`` are what the account granted."""

    id: int
    account: str
    permissions: Mapping[str, str]
    suspended: bool

    def grants(self, wanted: Permissions) -> bool:
        """Whether all of these permissions were granted, at these levels or above."""
        return all(_LEVELS.get(self.permissions.get(name, ""), 0) >= _LEVELS[level] for name, level in wanted.items())


_Key = tuple[int, tuple[tuple[str, str], ...], tuple[int, ...]]


class AppIdentity:
    """Who an App is; safe for threads. ``api_url`` is GitHub's, or an Enterprise Server's ``https://HOST/api/v3``.

    ``private_key`` is PEM text (one on a single line, its newlines written as backslash and n, is mended).
    ``told`` is as in ``Wire``. Every method raises ``ForgeError``.
    """

    def __init__(
        self,
        app_id: int | str,
        private_key: str,
        api_url: str = GITHUB,
        pace: Pace = PATIENT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.app_id = str(app_id)
        if not self.app_id.isalnum():  # a number, or the client id that GitHub also takes for an issuer
            raise ForgeError("The GitHub App's id is not one", "github.app_id", "Copy it from the App's settings")
        _, key = _checked(private_key, "github.private_key")
        # PyGithub would load a text anew for every request, which takes a tenth of a second.
        auth = Auth.AppAuth(self.app_id, cast("Any", lambda: key))
        self._wire = Wire(api_url, pace, lambda: auth, told=told)
        self._clock = clock
        self._minted: dict[_Key, _Minted] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"AppIdentity({self.app_id})"

    @property
    def api_url(self) -> str:
        """Where GitHub's API is."""
        return self._wire.api_url

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def page(self) -> AppPage:
        """What GitHub calls the App, and where people install it."""
        return self._send("GET", "/app", None, AppPage)

    def installations(self) -> tuple[Installation, ...]:
        """Every account that the App is installed on, suspended ones too."""
        found: list[Installation] = []
        for page in range(1, MAX_PAGES + 1):
            path = f"/app/installations?per_page={PAGE}&page={page}"
            got = self._send("GET", path, None, list[_Installation])
            found.extend(map(_installation, got))
            if len(got) < PAGE:
                return tuple(found)
        raise ForgeError(
            "The App has more installations than are read", f"App {self.app_id}", "This is a fault of Freshline"
        )

    def installation_of(self, repository: str) -> Installation:
        """The installation that reaches ``OWNER/REPO``."""
        path = f"/repos/{checked_name(repository)}/installation"
        found = _installation(self._send("GET", path, None, _Installation))
        if found.suspended:
            raise failure(
                "The App is suspended", f"{found.account} on GitHub", "Un-suspend it in the account's settings", 403
            )
        return found

    def token(self, installation: int, permissions: Permissions, repository_ids: Sequence[int] = ()) -> str:
        """An installation token with these permissions, for these repositories (none: all of the installation's).

        The same one until ``EARLY`` before its end.
        """
        key = (installation, tuple(sorted(permissions.items())), tuple(sorted(repository_ids)))
        with self._lock:
            known = self._minted.get(key)
        if known is not None and self._clock() < known.expires_at - EARLY:
            return known.token
        body: dict[str, Any] = {"permissions": dict(permissions)}
        if repository_ids:
            body["repository_ids"] = list(key[2])
        made = self._mint(installation, body)
        with self._lock:
            self._minted[key] = made
        return made.token

    def _mint(self, installation: int, body: Mapping[str, Any]) -> _Minted:
        try:
            return self._send("POST", f"/app/installations/{installation:d}/access_tokens", body, _Minted)
        except GitHubError as error:
            if error.status != 422:
                raise
            made = not_granted(f"installation {installation} ({error.said})")
            made.said = error.said
            raise made from error

    def forget(self, token: str) -> None:
        """Don't use this token again: GitHub refused it before its time."""
        with self._lock:
            self._minted = {key: minted for key, minted in self._minted.items() if minted.token != token}

    def hook_deliveries(self, cursor: str = "") -> tuple[list[HookDelivery], str]:
        """One page of the deliveries of the App's webhook, newest first, and the cursor of the next ("": none).

        https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
        """
        query = {"per_page": str(PAGE), **({"cursor": cursor} if cursor else {})}
        headers, found = self._exchange("GET", f"/app/hook/deliveries?{urlencode(query)}", None, list[HookDelivery])
        return found, _next_cursor(headers.get("link", ""))

    def deliver_again(self, delivery: int) -> None:
        """Ask for one attempt of the App's webhook again; GitHub sends it a little later, with the same GUID.

        https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook
        """
        self._exchange("POST", f"/app/hook/deliveries/{delivery:d}/attempts", {}, object)

    def _send(self, verb: str, path: str, body: Mapping[str, Any] | None, shape: type[T]) -> T:
        return self._exchange(verb, path, body, shape)[1]

    def _exchange(
        self, verb: str, path: str, body: Mapping[str, Any] | None, shape: type[T]
    ) -> tuple[Mapping[str, str], T]:
        where = f"App {self.app_id}, {path.partition('?')[0]}"
        with explained(where):
            headers, answer = self._wire.requester().requestJsonAndCheck(verb, path, input=body)
        try:
            return headers, msgspec.convert(answer, shape)
        except msgspec.ValidationError:  # its text may quote the answer, and that holds a token
            raise failure("GitHub's answer can't be understood", where, "See whether api_url is right") from None


def _next_cursor(link: str) -> str:
    """The cursor of the next page, which goes into a path of our own: the header chooses no address."""
    for part in link.split(","):
        address, _, relation = part.partition(">")
        if 'rel="next"' in relation:
            return parse_qs(urlsplit(address.strip().removeprefix("<")).query).get("cursor", [""])[0]
    return ""


def _installation(found: _Installation) -> Installation:
    account = found.account.login if found.account else ""
    return Installation(found.id, account, found.permissions, found.suspended_at is not None)


@dataclass(frozen=True, slots=True)
class AppLogin:
    """An App on one of its installations: implements ``github_client.Login``."""

    identity: AppIdentity
    installation: Installation

    is_app = True

    @property
    def fleet(self) -> int:
        """The installation's id."""
        return self.installation.id

    def token(self, permissions: Permissions) -> str:
        """A token with exactly these permissions; raises ``ForgeError`` for one that was not granted."""
        missing = [f"{name}: {level}" for name, level in permissions.items() if self.lacks({name: level})]
        if missing:
            raise not_granted(f"{self.installation.account} ({', '.join(missing)})")
        return self.identity.token(self.installation.id, permissions)

    def lacks(self, permissions: Permissions) -> bool:
        """Whether the account did not grant some of these."""
        return not self.installation.grants(permissions)

    def renew(self, token: str) -> bool:
        """Forget a token; another can always be asked for."""
        self.identity.forget(token)
        return True


def not_granted(where: str) -> GitHubError:
    """The error for a token that an installation does not allow."""
    return failure("A permission is missing on GitHub", where, "Grant it in the installation's settings", 403)


def read_key(path: str) -> str:
    """The text of a private key's file; raises ``ForgeError``, which never quotes it."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_KEY + 1)
        return _checked(raw.decode("ascii"), path)[0]
    except OSError as error:
        raise ForgeError(
            f"The App's private key can't be read ({error.strerror})", path, "Set github.private_key_file to its path"
        ) from None
    except UnicodeDecodeError:
        raise _no_key(path) from None


def _checked(text: str, where: str) -> tuple[str, RSAPrivateKey]:
    """The key's text with its newlines, and the key; raises ``ForgeError`` for what is no RSA key in PEM."""
    mended = text if "\n" in text.strip() else text.replace("\\n", "\n")
    try:
        key = load_pem_private_key(mended.encode(), None) if len(mended) <= MAX_KEY else None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key(where) from None
    if not isinstance(key, RSAPrivateKey):
        raise _no_key(where)
    return mended, key


def _no_key(where: str) -> ForgeError:
    what_next = (
        "Download one from the App's settings (General, Private keys): it begins with -----BEGIN RSA PRIVATE KEY-----"
    )
    return ForgeError("That is no private key of a GitHub App (RSA in PEM, without a password)", where, what_next)
