"""PyPI and every index that speaks the JSON simple API.

https://packaging.python.org/en/latest/specifications/simple-repository-api/ (PEP 691, 700, 792).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec
from packaging.version import InvalidVersion, Version

from bot.core import wheels
from bot.core.model import Listing, Package, Release, SkipReason, Source
from bot.http import Distil, FetchError, origin_of
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

ACCEPT = "application/vnd.pypi.simple.v1+json"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,212}[a-z0-9])?", re.ASCII)
SEPARATORS = re.compile(r"[-_.]+")
SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
ACTIVE = "active"
ADDRESS_FIELDS = frozenset({"Project-URL", "Home-page", "Download-URL"})
BEST = (
    *("source", "repository", "sourcecode", "github", "code"),
    *("changelog", "changes", "releasenotes", "whatsnew", "history"),
    *("homepage", "issues", "issue", "issuetracker", "tracker", "bugtracker", "bugreports", "bugs"),
)
"""Labels of addresses by how likely they lead to the source; sponsors' and others come last."""
LONGEST_METADATA = 200_000
"""Bytes read of a metadata file; the addresses stand before the description."""


class _File(msgspec.Struct, rename="kebab"):
    filename: str
    requires_python: str | None = None
    upload_time: str | None = None
    yanked: bool | str = False
    url: str = ""
    core_metadata: bool | dict[str, str] | None = None
    data_dist_info_metadata: bool | dict[str, str] | None = None


class _Status(msgspec.Struct):
    status: str = ACTIVE
    reason: str | None = None


class _Project(msgspec.Struct, rename="kebab"):
    name: str
    files: list[_File]
    project_status: _Status = msgspec.field(default_factory=_Status)


class _Info(msgspec.Struct):
    project_urls: Any = None
    home_page: Any = None


class _About(msgspec.Struct):
    info: _Info


_decoder = msgspec.json.Decoder(_Project)
_about_decoder = msgspec.json.Decoder(_About)


@dataclass(frozen=True, slots=True)
class PyPI:
    """The ``pypi`` registry."""

    name: str = "pypi"
    scheme: str = "pep440"
    through_client: bool = True

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        """The index that pip and uv use on this machine, else the public one."""
        return _client_config.pypi_index(environ, home)

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """The releases of a project, newest first; raises ``LookUpError`` and ``http.FetchError``."""
        page = _page(package, base_url)
        return unpack(client.fetch(page, headers={"Accept": ACCEPT}, distil=DISTIL), package)

    def source(self, package: Package, version: str, base_url: str, client: Client) -> Source:
        """Where a release's source is, as the project says; raises ``LookUpError`` and ``http.FetchError``.

        The simple API does not say it. Beside it (``…/simple``) PyPI and most mirrors have an API
        that does; else a wheel's metadata is read (PEP 658), and a release without wheels says nothing.
        """
        page = _page(package, base_url)
        root = base_url.rstrip("/").removesuffix("/simple")
        if root != base_url.rstrip("/"):
            try:
                answer = client.fetch(f"{root}/pypi/{package.name}/json", headers={}, distil=PROJECT_DISTIL)
                return unpack_source(answer)
            except FetchError as error:
                if error.problem not in {"not_found", "invalid"} and error.status not in {401, 403}:
                    raise
        return _by_wheel(page, version, client)


def _by_wheel(page: str, version: str, client: Client) -> Source:
    wanted = Distil(f"pypi-wheel-1-{version[:LONGEST_VERSION]}", lambda body: _wheel(body, page, version))
    wheel = client.fetch(page, headers={"Accept": ACCEPT}, distil=wanted).decode()
    if not wheel:
        return Source(())
    return unpack_source(client.fetch(f"{wheel}.metadata", headers={}, distil=SOURCE_DISTIL))


def _page(package: Package, base_url: str) -> str:
    if not NAME.fullmatch(package.name):
        raise LookUpError(SkipReason.INVALID_NAME, "not a normalised project name (PEP 503); correct the manifest")
    return f"{base_url.rstrip('/')}/{package.name}/"


def _wheel(body: bytes, page: str, version: str) -> bytes:
    """The address of a wheel of this version whose metadata can be had, b"" where there is none.

    Many mirrors keep the metadata but do not say so: only a plain no counts as one. It must be
    an address that the index could have redirected to: of its own origin, or https.
    """
    project = decoded(_decoder, body, "the JSON simple API (PEP 691)")
    name, wanted = SEPARATORS.sub("-", project.name).lower(), _parsed(version)
    for file in project.files:
        told = file.core_metadata if file.core_metadata is not None else file.data_dist_info_metadata
        right = wanted is not None and _parsed(version_of(file.filename, name)) == wanted
        if right and file.filename.endswith(".whl") and told is not False:
            url = urljoin(page, file.url)
            return url.encode() if _trusted(url, page) else b""
    return b""


def _trusted(url: str, page: str) -> bool:
    try:
        origin = origin_of(url)
    except ValueError:
        return False
    return origin.startswith("https:") or origin == origin_of(page)


def distil_project(body: bytes) -> bytes:
    """The addresses in PyPI's own JSON ("JSON API" in its documentation), the best for its source first."""
    info = decoded(_about_decoder, body, "the JSON API of PyPI").info
    told = info.project_urls if isinstance(info.project_urls, dict) else {}
    return _best_first([*told.items(), ("homepage", info.home_page)])


def distil_source(body: bytes) -> bytes:
    """The addresses of a release's core metadata, the best for its source first."""
    found: list[tuple[str, object]] = []
    for line in body[:LONGEST_METADATA].decode("utf-8", "replace").splitlines():
        if not line.strip():
            break  # the description begins
        field, _, value = line.partition(":")
        if field in ADDRESS_FIELDS:
            label, _, url = value.partition(",") if field == "Project-URL" else (field, "", value)
            found.append((label, url.strip()))
    return _best_first(found)


def _best_first(told: Iterable[tuple[str, object]]) -> bytes:
    """In order of labels (https://packaging.python.org/en/latest/specifications/well-known-project-urls/)."""
    ranked: list[tuple[int, str]] = []
    for label, url in told:
        bare = "".join(char for char in label.lower() if char.isalnum())
        if isinstance(url, str):
            ranked.append((BEST.index(bare) if bare in BEST else len(BEST), url))
    return pack_source(url for _, url in sorted(ranked, key=lambda one: one[0]))


def distil(body: bytes) -> bytes:
    """What decisions need of a project's page; raises ``ValueError`` where it is not one (PEP 691)."""
    project = decoded(_decoder, body, "the JSON simple API (PEP 691)")
    status = project.project_status
    withdrawn = "quarantined by the index" if status.status == "quarantined" else None
    return pack(tuple(releases(project.name, project.files, withdrawn)), notice=_notice(status))


def releases(name: str, files: Iterable[_File], withdrawn: str | None = None) -> Iterator[Release]:
    """The releases that these files make up, newest first; ``withdrawn`` is why none of them stands."""
    versions: dict[str, Version | None] = {}
    by_version: dict[Version, list[_File]] = {}
    project = SEPARATORS.sub("-", name).lower()
    for file in files:
        text = version_of(file.filename, project)
        if text not in versions:
            versions[text] = _parsed(text)
        version = versions[text]
        if version is not None:
            by_version.setdefault(version, []).append(file)
    for version in sorted(by_version, reverse=True):
        yield _release(str(version), by_version[version], withdrawn)


def version_of(filename: str, project: str) -> str:
    """The version part of a wheel's or source distribution's name, "" for any other file.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/ and
    …/source-distribution-format/; older source distributions may have dashes in both parts, so
    theirs begins where what stands before is the project's name.
    """
    if filename.endswith(".whl"):
        parts = filename.split("-", 2)
        return parts[1].replace("_", "-") if len(parts) == 3 else ""
    ending = next((e for e in SOURCES if filename.endswith(e)), None)
    if ending is None:
        return ""
    stem = filename.removesuffix(ending)
    at = stem.find("-", len(project) if _is(stem[: len(project)], project) else 0)
    while at >= 0 and not _is(stem[:at], project):
        at = stem.find("-", at + 1)
    return stem[at + 1 :] if at >= 0 else ""


def _is(text: str, project: str) -> bool:
    return SEPARATORS.sub("-", text).lower() == project


def _parsed(text: str) -> Version | None:
    if not 0 < len(text) <= LONGEST_VERSION:
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _release(version: str, files: Sequence[_File], withdrawn: str | None) -> Release:
    times = [time for time in (moment(f.upload_time) for f in files) if time]
    python = _requires_python(files)
    return Release(
        version,
        # The latest file's: whoever adds a file to an old release must not slip under the age gate.
        published=max(times, default=None),
        yanked=_yanked(files) if withdrawn is None else withdrawn,
        requires=(("python", python),) if python else (),
        wheels=wheels.tags(file.filename for file in files),
    )


def _yanked(files: Sequence[_File]) -> str | None:
    """The first file's reason if every file is yanked (PEP 592), else None: pip can still take one."""
    if any(f.yanked is False for f in files):
        return None
    reason = files[0].yanked
    return clipped(reason) if isinstance(reason, str) else ""


def _requires_python(files: Sequence[_File]) -> str:
    """What the newest file says that says anything: files of one release seldom differ."""
    newest_first = sorted(files, key=lambda f: f.upload_time or "", reverse=True)
    return next((clipped(f.requires_python) for f in newest_first if f.requires_python), "")


def _notice(status: _Status) -> str:
    if status.status == ACTIVE:
        return ""
    return clipped(f"{status.status}: {status.reason}" if status.reason else status.status)


PROJECT_DISTIL = Distil("pypi-project-1", distil_project)
SOURCE_DISTIL = Distil("pypi-source-1", distil_source)
DISTIL = Distil(f"pypi-1-{LAYOUT}", distil)
registry = PyPI()
