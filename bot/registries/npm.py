"""npm: the full packument, because the abbreviated one has no times.

https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from bot.core.model import Listing, Package, Release, SkipReason, Source
from bot.core.versions import scheme
from bot.http import Distil
from bot.registries import _client_config
from bot.registries._kept import (
    LAYOUT,
    LONGEST_VERSION,
    clipped,
    decoded,
    moment,
    pack,
    pack_source,
    unpack,
    unpack_source,
)
from bot.registries.base import Client, LookUpError

ACCEPT = "application/json"
LANGUAGE = "the registry API of npm"
NAME = re.compile(r"(?=.{1,214}\Z)(?:@[a-z0-9~_-][a-z0-9._~-]*/)?[a-z0-9~_-][a-z0-9._~-]*", re.ASCII | re.IGNORECASE)
MANAGERS = frozenset({"npm", "pnpm", "yarn", "@yarnpkg/cli-dist"})
"""``packageManager`` can state a digest, so theirs are kept; for others it would only cost memory."""


class _Version(msgspec.Struct):
    deprecated: Any = None
    engines: Any = None


class _Manager(_Version):
    dist: Any = None


class _Packument(msgspec.Struct, rename="kebab"):
    versions: dict[str, _Version] = {}
    time: dict[str, Any] = {}
    dist_tags: dict[str, Any] = {}


class _Manifest(msgspec.Struct):
    version: str
    repository: Any = None
    homepage: Any = None
    bugs: Any = None


class _ManagerPackument(_Packument):
    versions: dict[str, _Manager] = {}  # type: ignore[assignment]  # dict is invariant; only ever read


_decoder = msgspec.json.Decoder(_Packument)
_manifest_decoder = msgspec.json.Decoder(_Manifest)
_manager_decoder = msgspec.json.Decoder(_ManagerPackument)


@dataclass(frozen=True, slots=True)
class Npm:
    """The ``npm`` registry."""

    name: str = "npm"
    scheme: str = "npm"
    through_client: bool = True

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        """The registry that npm uses on this machine, else the public one."""
        return _client_config.npm_registry(environ, home)

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """The releases of a package, newest first; raises ``LookUpError`` and ``http.FetchError``."""
        url = _address(package, base_url)
        keep = MANAGER_DISTIL if package.name in MANAGERS else DISTIL
        return unpack(client.fetch(url, headers={"Accept": ACCEPT}, distil=keep), package)

    def source(self, package: Package, version: str, base_url: str, client: Client) -> Source:
        """Where a release's source is, by its own manifest; raises ``LookUpError`` and ``http.FetchError``."""
        url = f"{_address(package, base_url)}/{quote(version[:LONGEST_VERSION], safe='')}"
        return unpack_source(client.fetch(url, headers={"Accept": ACCEPT}, distil=SOURCE_DISTIL))


def _address(package: Package, base_url: str) -> str:
    if not NAME.fullmatch(package.name):
        raise LookUpError(SkipReason.INVALID_NAME, "not a name that npm accepts; correct the manifest")
    return f"{base_url.rstrip('/')}/{quote(package.name, safe='@').replace('%2F', '%2f')}"


def distil_source(body: bytes) -> bytes:
    """Where the source is, of a version's manifest; raises ``ValueError`` where it is not one.

    https://docs.npmjs.com/cli/configuring-npm/package-json#repository
    """
    manifest = decoded(_manifest_decoder, body, LANGUAGE)
    told = manifest.repository if isinstance(manifest.repository, dict) else {"url": manifest.repository}
    bugs = manifest.bugs.get("url") if isinstance(manifest.bugs, dict) else manifest.bugs
    folder = told.get("directory")
    addresses = [one for one in (told.get("url"), manifest.homepage, bugs) if isinstance(one, str)]
    return pack_source(addresses, folder if isinstance(folder, str) else "")


def distil(body: bytes) -> bytes:
    """What decisions need of a packument; raises ``ValueError`` where it is not one."""
    return _distilled(decoded(_decoder, body, LANGUAGE))


def distil_manager(body: bytes) -> bytes:
    """As ``distil``, with digests."""
    return _distilled(decoded(_manager_decoder, body, LANGUAGE))


def _distilled(packument: _Packument) -> bytes:
    if not packument.versions and not packument.time:
        raise ValueError("JSON without versions, which is no packument; check the address")
    latest = packument.dist_tags.get("latest")
    found = tuple(releases(packument))
    notice = "unpublished" if not found and "unpublished" in packument.time else ""
    return pack(found, latest if isinstance(latest, str) and len(latest) <= LONGEST_VERSION else None, notice)


def releases(packument: _Packument) -> Iterator[Release]:
    """The releases that still have files, newest first; what is no semantic version is left out."""
    key = scheme("npm").key
    keyed = ((key(v), v) for v in packument.versions if len(v) <= LONGEST_VERSION)
    for _, version in sorted(((k, v) for k, v in keyed if k is not None), reverse=True):
        entry = packument.versions[version]
        node = entry.engines.get("node") if isinstance(entry.engines, dict) else None
        yield Release(
            version,
            published=moment(packument.time.get(version)),
            yanked=_deprecated(entry.deprecated),
            requires=(("node", clipped(node)),) if isinstance(node, str) and node.strip() else (),
            digest=_integrity(entry),
        )


def _deprecated(value: object) -> str | None:
    """The reason; "" and false take a deprecation back, and old packages say true."""
    if isinstance(value, str):
        return clipped(value) or None
    return "" if value is True else None


def _integrity(entry: _Version) -> str | None:
    dist = entry.dist if isinstance(entry, _Manager) else None
    integrity = dist.get("integrity") if isinstance(dist, dict) else None
    return integrity if isinstance(integrity, str) and len(integrity) <= 256 else None


DISTIL = Distil(f"npm-1-{LAYOUT}", distil)
SOURCE_DISTIL = Distil("npm-source-1", distil_source)
MANAGER_DISTIL = Distil(f"npm-manager-1-{LAYOUT}", distil_manager)
registry = Npm()
