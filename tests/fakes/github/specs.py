"""GitHub's own descriptions of itself, fetched for the tests and kept in a cache folder.

The OpenAPI description (npm ``@octokit/openapi``), the GraphQL schema (``@octokit/graphql-schema``) and examples of
webhooks (``@octokit/webhooks-examples``). Versions are pinned with their integrity; they are fetched from the npm
registry that this machine is configured for.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec

from bot.registries._client_config import npm_registry

Json = dict[str, Any]
_lock = threading.Lock()


@dataclass(frozen=True)
class Source:
    """One file of one npm package, and the form it is kept in."""

    package: str
    version: str
    integrity: str
    file: str
    kept: str

    @property
    def path(self) -> Path:
        return cache_folder() / f"{self.package.split('/')[1]}-{self.version}-{self.kept}"


OPENAPI = Source(
    "@octokit/openapi",
    "23.0.2",
    "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
    "generated/api.github.com.json",
    "trimmed.json",
)
SCHEMA = Source(
    "@octokit/graphql-schema",
    "15.26.1",
    "sha512-RFDC2MpRBd4AxSRvUeBIVeBU7ojN/SxDfALUd7iVYOSeEK3gZaqR2MGOysj4Zh2xj2RY5fQAUT+Oqq7hWTraMA==",
    "schema.graphql",
    "schema.graphql",
)
EXAMPLES = Source(
    "@octokit/webhooks-examples",
    "7.6.1",
    "sha512-De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
    "api.github.com/index.json",
    "examples.json",
)
NOISE = frozenset({"example", "examples", "externalDocs", "x-github"})
WORDS = frozenset({"description", "summary"})
LABEL = frozenset({"id", "node_id", "url", "name", "description", "color", "default"})


def cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "freshline-tests"


@cache
def why_not() -> str | None:
    """Why the descriptions can't be had, None when they are here (they are fetched when they are not)."""
    try:
        for source in (OPENAPI, SCHEMA, EXAMPLES):
            _have(source)
    except (OSError, httpx.HTTPError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


@cache
def openapi() -> Json:
    """The OpenAPI description without examples and prose."""
    return cast("Json", msgspec.json.decode(_have(OPENAPI).read_bytes()))


@cache
def graphql_sdl() -> str:
    return _have(SCHEMA).read_text(encoding="utf-8")


@cache
def webhook_examples() -> list[Json]:
    """One item for each event: ``{"name": …, "description": …, "actions": […], "examples": [payload…]}``."""
    return cast("list[Json]", msgspec.json.decode(_have(EXAMPLES).read_bytes()))


def _have(source: Source) -> Path:
    with _lock:
        if not source.path.exists():
            _keep(source, _FORMS[source.kept](_member(_fetch(source), source.file)))
    return source.path


def _keep(source: Source, data: bytes) -> None:
    source.path.parent.mkdir(parents=True, exist_ok=True)
    new = source.path.with_name(f"{source.path.name}.{os.getpid()}")
    new.write_bytes(data)
    new.replace(source.path)


def _fetch(source: Source) -> bytes:
    """The package's archive, with its integrity checked (Subresource Integrity, as npm writes it)."""
    registry = npm_registry(os.environ, Path.home())
    name = source.package.split("/")[1]
    answer = httpx.get(f"{registry}/{source.package}/-/{name}-{source.version}.tgz", timeout=60, follow_redirects=True)
    archive = answer.raise_for_status().content
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != source.integrity:
        raise ValueError(f"{source.package} {source.version}: integrity is {found}, not {source.integrity}")
    return archive


def _member(archive: bytes, file: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        member = tar.extractfile(f"package/{file}")
        if member is None:
            raise ValueError(f"package/{file} is no file")
        return member.read()


def _trim(data: bytes) -> bytes:
    whole = msgspec.json.decode(data)
    whole["components"].pop("examples", None)
    return json.dumps(_without_noise(whole)).encode()


def _without_noise(node: object) -> object:
    """A quarter of the size: what only people read is left out."""
    if isinstance(node, list):
        return [_without_noise(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {k: _without_noise(v) for k, v in node.items() if k not in NOISE and not (k in WORDS and isinstance(v, str))}
    return _mended(kept)


def _mended(node: Json) -> Json:
    """What the description says and GitHub does not keep to: lists that may be null, two kinds of account at once."""
    # A discriminator of lists (the contents of a folder) is more than openapi-core understands; "oneOf" says it too.
    if isinstance(node.get("discriminator"), dict) and "propertyName" in node["discriminator"]:
        node = {k: v for k, v in node.items() if k != "discriminator"}
    if node.get("nullable") and isinstance(node.get("enum"), list) and None not in node["enum"]:
        node = {**node, "enum": [*node["enum"], None]}
    label = node.get("properties")
    if isinstance(label, dict) and label.keys() == LABEL:
        # The labels of a list of pull requests: without a description they have null.
        node = {**node, "properties": {**label, "description": {**label["description"], "nullable": True}}}
    parts = node.get("allOf")
    titles = [one.get("title") for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
    if titles == ["Simple User", "Enterprise"]:
        return {**{k: v for k, v in node.items() if k != "allOf"}, "anyOf": parts}
    return node


def _as_is(data: bytes) -> bytes:
    return data


_FORMS: dict[str, Callable[[bytes], bytes]] = {"trimmed.json": _trim, "schema.graphql": _as_is, "examples.json": _as_is}
