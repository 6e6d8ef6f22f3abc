"""The operator's configuration: a TOML file and the environment, read here and nowhere else.

The file is the one that ``--config`` or ``FRESHLINE_CONFIG`` names, else
``$XDG_CONFIG_HOME/freshline/freshline.toml``, else ``/etc/freshline/freshline.toml``, else
nothing but the defaults. Never a file of the folder that is worked on: that is repository
content. Environment variables ``FRESHLINE_<SECTION>__<SETTING>`` win over the file.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from bot.core.errors import ExpectedError
from bot.core.machine_images.asked import REGION
from bot.core.rules import DEFAULTS, Policy, combine

PREFIX = "FRESHLINE_"
CONFIG_VARIABLE = "FRESHLINE_CONFIG"


class ConfigError(ExpectedError):
    """A configuration that can't be used: what is wrong, where, and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Section):
    """Where schedule, facts, history and cache are kept."""

    url: Annotated[str, Field(description="An SQLAlchemy URL; empty: SQLite in the user's state directory")] = ""


class RegistrySettings(_Section):
    """One registry or private index; secrets are better given through the environment."""

    url: Annotated[str, Field(description="Where its paths start; empty: the client's own configuration")] = ""
    protocol: Annotated[str, Field(description="What it speaks (pypi, npm, oci); empty: what it is called")] = ""
    username: Annotated[str, Field(description="For an index that asks for a name and password")] = ""
    password: Annotated[SecretStr, Field(description="For an index that asks for a name and password")] = SecretStr("")
    token: Annotated[SecretStr, Field(description="Sent as a bearer token")] = SecretStr("")


class HttpSettings(_Section):
    """How the registries are asked."""

    fresh_for: Annotated[int, Field(ge=0, le=86_400, description="Seconds before an answer is asked for again")] = 900
    concurrency: Annotated[int, Field(ge=1, le=100, description="Requests under way at once, for each host")] = 20
    deadline: Annotated[float, Field(gt=0, le=600, description="Seconds that one look-up may take in all")] = 60.0
    max_answer_mb: Annotated[int, Field(ge=1, le=1024, description="A larger answer is refused (MiB, unpacked)")] = 64


class GitHubSettings(_Section):
    """Who Freshline is on GitHub: an App, or for a try a plain token; secrets better through the environment."""

    api_url: Annotated[str, Field(description="GitHub's API, or https://HOST/api/v3 of an Enterprise Server")] = (
        "https://api.github.com"
    )
    token: Annotated[SecretStr, Field(description="A token with contents and pull requests: write")] = SecretStr("")
    app_id: Annotated[str, Field(description="The App's id")] = ""
    private_key_file: Annotated[str, Field(description="Where the App's private key (PEM) is")] = ""
    private_key: Annotated[SecretStr, Field(description="The key itself, instead of a file")] = SecretStr("")
    webhook_secret: Annotated[SecretStr, Field(description="What GitHub signs its webhooks with")] = SecretStr("")
    branch_prefix: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}(/[A-Za-z0-9][A-Za-z0-9_-]{0,39}){0,2}/$",
            description="What the names of Freshline's branches begin with",
        ),
    ] = "freshline/"
    concurrency: Annotated[int, Field(ge=1, le=32, description="Repositories looked at at once")] = 4
    writes_per_minute: Annotated[int, Field(ge=1, le=100_000, description="Changes, for each installation")] = 60
    writes_per_hour: Annotated[int, Field(ge=1, le=1_000_000, description="Changes, for each installation")] = 400
    seconds_between_writes: Annotated[
        float, Field(ge=0, le=60, description="Kept between changes once ten were made in a minute")
    ] = 1.0

    @property
    def own_host(self) -> str:
        """The host of an Enterprise Server, "" for github.com."""
        path = urlsplit(self.api_url)
        return (path.hostname or "") if path.path.rstrip("/").endswith("/api/v3") else ""


def _listed(value: object) -> object:
    """A list as environment variables hold it: with commas between."""
    return tuple(filter(None, (one.strip() for one in value.split(",")))) if isinstance(value, str) else value


def _region(text: str) -> str:
    if not REGION.fullmatch(text):
        raise ValueError("a region of AWS is written as in eu-west-1")
    return text


def _role(text: str) -> str:
    if len(text) > 600 or not _ROLE.fullmatch(text):
        raise ValueError("a role is written as in arn:aws:iam::111122223333:role/images")
    return text


_ROLE = re.compile(r"arn:aws[a-z-]{0,12}:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@/_-]+")
_Region = Annotated[str, AfterValidator(_region)]
_Role = Annotated[str, AfterValidator(_role)]


class AwsSettings(_Section):
    """Where machine images are looked up; credentials come from AWS's own chain, never from here."""

    regions: Annotated[
        tuple[_Region, ...],
        NoDecode,
        BeforeValidator(_listed),
        Field(max_length=50, description="Asked where no file says an image's region; empty: the session's own"),
    ] = ()
    roles: Annotated[
        tuple[_Role, ...],
        NoDecode,
        BeforeValidator(_listed),
        Field(max_length=50, description="Roles of other accounts whose images are looked at too"),
    ] = ()
    endpoint_url: Annotated[str, Field(description="Instead of AWS's own endpoints: an emulator or a proxy")] = ""
    concurrency: Annotated[int, Field(ge=1, le=50, description="Regions and accounts asked at once")] = 8


class ReadSettings(_Section):
    """How repositories are read."""

    max_file_mb: Annotated[int, Field(ge=1, le=100, description="A larger file is skipped, with its reason (MiB)")] = 5


class Config(BaseSettings):
    """Every setting of the operator."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )
    file: ClassVar[Path | None] = None

    fleet: Annotated[str, Field(min_length=1, max_length=200, description="Whose repositories these are")] = "local"
    store: StoreSettings = StoreSettings()
    registries: Annotated[dict[str, RegistrySettings], Field(description="pypi, npm, or a private index")] = {}
    http: HttpSettings = HttpSettings()
    read: ReadSettings = ReadSettings()
    github: GitHubSettings = GitHubSettings()
    aws: AwsSettings = AwsSettings()
    policy: Annotated[dict[str, Any], Field(description="As .github/freshline.toml, for every repository")] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - part of the interface that pydantic-settings calls
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file before the defaults (pydantic-settings, "Customise settings sources")."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.file)


class Settings(msgspec.Struct, frozen=True):
    """The configuration as read: its values, its policy over the defaults, and where it stands."""

    config: Config
    policy: Policy
    path: Path | None
    environ: Mapping[str, str]
    home: Path
    state: Path

    @property
    def store_url(self) -> str:
        """The store's SQLAlchemy URL."""
        return self.config.store.url or f"sqlite:///{self.state / 'freshline.db'}"


def load(path: Path | None = None) -> Settings:
    """The configuration from the file (or the first of the usual places that has one) and the environment.

    Raises ``ConfigError``.
    """
    environ = dict(os.environ)
    home = _home()
    found = path or _usual(environ, home)
    if found is not None and not _is_file(found):
        asked = "leave --config out" if path else f"unset {CONFIG_VARIABLE}"
        raise ConfigError(f"{found}: there is no such file; {asked} to use the defaults")
    config = _read(found)
    return Settings(config, combine(DEFAULTS, _policy(config, found)), found, environ, home, _state(environ, home))


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise ConfigError(
            "the environment: this user has no home folder; set HOME to one that can be written"
        ) from None


def _usual(environ: Mapping[str, str], home: Path) -> Path | None:
    named = environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = (folder / "freshline" / "freshline.toml", Path("/etc/freshline/freshline.toml"))
    return next((place for place in places if _is_file(place)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError) as error:  # a folder that is closed to us; a name with a NUL
        raise ConfigError(f"{path}: can't be looked at ({type(error).__name__}); mend it or name another") from None


def _state(environ: Mapping[str, str], home: Path) -> Path:
    """The state directory (XDG Base Directory Specification)."""
    return Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "freshline"


def _read(path: Path | None) -> Config:
    source: type[Config] = type("Config", (Config,), {"file": path, "__module__": __name__, "__doc__": Config.__doc__})
    try:
        return source()
    except ValidationError as error:
        raise ConfigError(_explained(error, path)) from None
    except SettingsError as error:  # before ValueErrors of other kinds: a section's variable that is not JSON
        section = re.search(r'field "(\w{1,50})"', str(error))
        name = f"{PREFIX}{section[1].upper()}" if section else f"a variable {PREFIX}..."
        words = f"is not JSON; set one setting at a time, as in {PREFIX}HTTP__CONCURRENCY=5"
        raise ConfigError(f"environment: {name} {words}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}; mend it, or check it with: freshline config check") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: can't be read ({type(error).__name__}); it has to be a readable TOML file"
        ) from None


def _explained(error: ValidationError, path: Path | None) -> str:
    """The first problem in words, never with the value (it may be a secret)."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), _known_names(first["loc"][:-1]), n=1)
        hint = f"; did you mean {near[0]}?" if near else "; see config/freshline.toml for every setting"
        return f"{path or 'environment'}: there is no setting {place}{hint}"
    return f"{path or 'environment'} or {PREFIX}{place.replace('.', '__').upper()}: {first['msg']}"


def _known_names(place: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in place:
        found = model.model_fields.get(str(part))
        kind = found.annotation if found else None
        model = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else RegistrySettings
    return list(model.model_fields)


def _policy(config: Config, path: Path | None) -> Policy:
    try:
        return msgspec.convert(config.policy, Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path or 'environment'}: [policy] {error}") from None


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Environment variables that look like ours and mean nothing: most likely misspelt."""
    known = {f"{PREFIX}{name.upper()}" for name in Config.model_fields} | {CONFIG_VARIABLE}
    ours = (name for name in sorted(environ) if name.upper().startswith(PREFIX))
    return tuple(name for name in ours if name.upper().split("__", 1)[0] not in known)
