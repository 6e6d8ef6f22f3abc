"""Who calls, and what they may do (https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from tests.fakes.github.errors import ApiError, bad_credentials, forbidden, not_found, unprocessable
from tests.fakes.github.records import LEVELS, ROLES, Actor, App, Installation, Json, Repository, Token
from tests.fakes.github.world import World, covers, public_key

LONGEST = timedelta(minutes=10)
SKEW = timedelta(seconds=60)
# What a person's role must be to write with each permission; reading asks for sight alone.
WRITES = {"administration": "admin", "issues": "read", "pull_requests": "read"}


@dataclass
class Caller:
    """``kind``: anonymous, app (a JWT), installation or user."""

    kind: str
    app: App | None = None
    token: Token | None = None

    @property
    def installation(self) -> Installation | None:
        return self.token.installation if self.token else None

    @property
    def key(self) -> str:
        """Whose rate limit it counts against."""
        if self.installation:
            return f"installation {self.installation.id}"
        if self.app:
            return f"app {self.app.id}"
        return f"user {self.token.user.id}" if self.token else "anonymous"

    def actor(self) -> Actor:
        """Who acts; raises 401 for nobody."""
        if self.token is None:
            raise ApiError(401, "Requires authentication")
        installation = self.installation
        return Actor(self.token.user, installation.app if installation else None, installation)

    @property
    def narrowed(self) -> bool:
        """Whether only what was granted is allowed: an App's or a fine-grained token, not a classic one."""
        return self.installation is not None or (self.token is not None and self.token.permissions is not None)

    def permissions(self) -> dict[str, str]:
        """What the token's installation allows now, narrowed by the token."""
        if self.token is None:
            return {}
        granted = self.installation.permissions if self.installation else None
        mine = self.token.permissions
        if granted is None:
            return mine or {}
        wanted = granted if mine is None else mine
        return {
            name: min(level, granted[name], key=LEVELS.__getitem__) for name, level in wanted.items() if name in granted
        }


def identify(w: World, header: str | None, jwt_now: Callable[[], datetime]) -> Caller:
    """The caller by the ``Authorization`` header; raises 401."""
    if not header:
        return Caller("anonymous")
    scheme, _, value = header.partition(" ")
    secret = _password(value) if scheme.lower() == "basic" else value.strip()
    if scheme.lower() not in {"basic", "bearer", "token"}:
        raise bad_credentials()
    if secret.count(".") == 2:
        return Caller("app", app=_app(w, secret, jwt_now()))
    token = w.tokens.get(secret)
    if token is None or token.revoked or (token.expires_at and token.expires_at <= w.clock()):
        raise bad_credentials()
    if token.installation is None:
        return Caller("user", token=token)
    if token.installation.removed:
        raise bad_credentials()
    if token.installation.suspended_at:
        raise forbidden("This installation has been suspended")
    return Caller("installation", token=token)


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise bad_credentials() from None


def _app(w: World, token: str, now: datetime) -> App:
    """The App that signed a JSON Web Token; raises 401 in GitHub's words."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        app = w.apps[int(claims["iss"])]
        algorithm = jwt.get_unverified_header(token)["alg"]
    except (jwt.PyJWTError, KeyError, ValueError):
        raise ApiError(401, "A JSON web token could not be decoded") from None
    if algorithm != "RS256":
        raise ApiError(401, "A JSON web token could not be decoded")
    _check_times(claims, now)
    try:
        unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        jwt.decode(token, public_key(app.private_key), algorithms=["RS256"], options=unchecked)  # type: ignore[arg-type]  # PyJWT's own type of options is narrower than what it reads
    except jwt.PyJWTError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    return app


def _check_times(claims: Json, now: datetime) -> None:
    issued, expires = _time(claims, "iat", now), _time(claims, "exp", now)
    if issued > now + SKEW:
        raise ApiError(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if expires <= now:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the past")
    if expires - now > LONGEST:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")


def _time(claims: Json, name: str, now: datetime) -> datetime:
    value: Any = claims.get(name)
    if not isinstance(value, int | float):
        raise ApiError(401, f"Missing '{name}' claim in assertion")
    return datetime.fromtimestamp(value, now.tzinfo)


def sees(w: World, caller: Caller, r: Repository) -> bool:
    """Whether a repository exists at all for the caller."""
    if r.deleted:
        return False
    if caller.installation:
        return reaches(caller, r) or not r.private
    if caller.token:
        narrowed = caller.token.repository_ids is not None and r.id not in caller.token.repository_ids
        return not narrowed and w.role(r, caller.token.user) is not None
    return not r.private


def reaches(caller: Caller, r: Repository) -> bool:
    """Whether an installation token was given a repository (what is only public is not enough to write)."""
    token = caller.token
    if token is None or token.installation is None or not covers(token.installation, r):
        return False
    return token.repository_ids is None or r.id in token.repository_ids


def demand(w: World, caller: Caller, r: Repository, needs: tuple[str, ...]) -> None:
    """Raises 404 for what is not seen, 403 for what is not permitted; ``needs``: any one of ``contents:write``…"""
    if caller.kind == "app" or not sees(w, caller, r):
        raise not_found()
    if r.disabled:
        raise forbidden("Repository access blocked")
    if needs and not any(_may(w, caller, r, *need.split(":")) for need in needs):
        raise _refusal(caller)


def _may(w: World, caller: Caller, r: Repository, permission: str, level: str) -> bool:
    if caller.kind == "anonymous":
        return level == "read"
    if caller.installation:
        public = level == "read" and not r.private and permission in PUBLIC
        return public or (reaches(caller, r) and has(caller.permissions(), permission, level))
    mine = caller.token.permissions if caller.token else None
    if mine is not None and not has(mine, permission, level):
        return False
    role = w.role(r, caller.actor().user)
    needed = WRITES.get(permission, "write") if level == "write" else "read"
    return ROLES.get(role or "", 0) >= ROLES[needed]


PUBLIC = frozenset({"contents", "issues", "pull_requests", "metadata", "checks", "statuses", "deployments", "actions"})


def has(permissions: dict[str, str], permission: str, level: str) -> bool:
    return LEVELS.get(permissions.get(permission, ""), 0) >= LEVELS[level]


def _refusal(caller: Caller) -> ApiError:
    if caller.kind == "anonymous":
        return ApiError(401, "Requires authentication")
    person = caller.kind == "user"
    return forbidden(
        "Resource not accessible by personal access token" if person else "Resource not accessible by integration"
    )


def narrowed(w: World, installation: Installation, wanted: Json) -> tuple[dict[str, str], set[int] | None]:
    """What a new token may do, as in ``POST …/access_tokens``; raises 422 for more than the installation has."""
    permissions = dict(installation.permissions)
    if wanted.get("permissions"):
        # An empty object asks for everything, as PyGithub sends it.
        for name, level in wanted["permissions"].items():
            if not has(permissions, name, level):
                raise unprocessable("The permissions requested are not granted to this installation.")
        permissions = {"metadata": "read", **wanted["permissions"]}
    numbers: set[int] | None = None
    if wanted.get("repository_ids") is not None:
        numbers = {int(one) for one in wanted["repository_ids"]}
    if wanted.get("repositories") is not None:
        names = {str(one).lower() for one in wanted["repositories"]}
        mine = w.installed_repositories(installation)
        found = {r.id for r in mine if r.name.lower() in names}
        numbers = (numbers or set()) | (found if len(found) == len(names) else {-1})
    known = {r.id for r in w.installed_repositories(installation)}
    if numbers is not None and not numbers <= known:
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return permissions, numbers
