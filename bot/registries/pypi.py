"""PyPI and every index that speaks the JSON simple API.

https://packaging.python.org/en/latest/specifications/simple-repository-api/ (PEP 691, 700, 792).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version

from bot.core.model import Listing, Package, Release, SkipReason
from bot.http import Distil
from bot.registries import _client_config
from bot.registries._kept import LAYOUT, LONGEST_VERSION, clipped, decoded, moment, pack, unpack
from bot.registries.base import Client, LookUpError

ACCEPT = "application/vnd.pypi.simple.v1+json"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,212}[a-z0-9])?", re.ASCII)
SEPARATORS = re.compile(r"[-_.]+")
SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
ACTIVE = "active"


class _File(msgspec.Struct, rename="kebab"):
    filename: str
    requires_python: str | None = None
    upload_time: str | None = None
    yanked: bool | str = False


class _Status(msgspec.Struct):
    status: str = ACTIVE
    reason: str | None = None


class _Project(msgspec.Struct, rename="kebab"):
    name: str
    files: list[_File]
    project_status: _Status = msgspec.field(default_factory=_Status)


_decoder = msgspec.json.Decoder(_Project)


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
        if not NAME.fullmatch(package.name):
            raise LookUpError(SkipReason.INVALID_NAME, "not a normalised project name (PEP 503); correct the manifest")
        url = f"{base_url.rstrip('/')}/{package.name}/"
        return unpack(client.fetch(url, headers={"Accept": ACCEPT}, distil=DISTIL), package)


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


DISTIL = Distil(f"pypi-1-{LAYOUT}", distil)
registry = PyPI()
