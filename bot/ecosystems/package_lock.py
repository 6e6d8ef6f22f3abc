"""``package-lock.json`` and ``npm-shrinkwrap.json``, lock file versions 1 to 3.

Source: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems import _npm

_MODULES = "node_modules/"


class _Entry(msgspec.Struct):
    """One installed package; what npm writes there varies, so the types are checked on use."""

    name: Any = None
    version: Any = None
    resolved: Any = None
    link: Any = None
    dependencies: Any = None
    dev_dependencies: Any = msgspec.field(name="devDependencies", default=None)
    optional_dependencies: Any = msgspec.field(name="optionalDependencies", default=None)
    peer_dependencies: Any = msgspec.field(name="peerDependencies", default=None)


class _Old(msgspec.Struct):
    """One entry of version 1, whose nested duplicates are not read."""

    version: Any = None


class _Lock(msgspec.Struct):
    version: int = msgspec.field(name="lockfileVersion")
    packages: dict[str, _Entry] | None = None
    dependencies: dict[str, _Old] | None = None


def extract(path: str, text: str) -> FileFacts:
    """The versions that npm locked; raises ``ParseError`` for what is no such lock file.

    The lock's own folder gets all that is installed at the top, every workspace what its own
    manifest asks for, found as Node finds it: in its folder first, then upwards.
    """
    lock = _decode(text)
    if lock.packages is None:
        # Version 1 does not say which folders it holds: its workspaces are those of package.json.
        return FileFacts(path, "package_lock", (), (LockFile("npm", ("package.json",), (".", "**")), *_old(lock)))
    packages = lock.packages
    members = [key for key in packages if key and _MODULES not in f"{key}/"]
    importers = (".", *members)
    found = [*_top(packages)]
    for member in members:
        found.extend(_of_member(packages, member))
    return FileFacts(path, "package_lock", (), (LockFile("npm", ("package.json",), importers), *found))


def _decode(text: str) -> _Lock:
    try:
        return msgspec.json.decode(text.removeprefix("\ufeff"), type=_Lock)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ParseError(f"this is not a lock file of npm: {error}") from error


def _old(lock: _Lock) -> Iterator[Locked]:
    """Version 1: names with versions; an alias reads ``npm:other@1.2.3``."""
    for name, entry in (lock.dependencies or {}).items():
        if isinstance(entry.version, str):
            spec = _npm.specifier(name, entry.version)
            if spec.obstacle is None:
                yield Locked(_npm.REGISTRY, spec.name, spec.constraint, importer=".")


def _top(packages: Mapping[str, _Entry]) -> Iterator[Locked]:
    for key, entry in packages.items():
        if key.startswith(_MODULES) and _MODULES not in key[len(_MODULES) :]:
            yield from _locked(key[len(_MODULES) :], entry, ".")


def _of_member(packages: Mapping[str, _Entry], member: str) -> Iterator[Locked]:
    entry = packages[member]
    sections = (entry.dependencies, entry.dev_dependencies, entry.optional_dependencies, entry.peer_dependencies)
    wanted = dict.fromkeys(name for section in sections if isinstance(section, dict) for name in section)
    folders = [f"{folder}/" if folder else "" for folder in _npm.upwards(member)]
    for name in wanted:
        keys = (f"{folder}{_MODULES}{name}" for folder in folders)
        installed = next((packages[key] for key in keys if key in packages), None)
        if installed is not None:
            yield from _locked(name, installed, member)


def _locked(name: str, entry: _Entry, importer: str) -> Iterator[Locked]:
    """One package of a registry; links, git and files are none."""
    elsewhere = isinstance(entry.resolved, str) and entry.resolved.startswith(("git", "file:"))
    if isinstance(entry.version, str) and not entry.link and not elsewhere:
        real = entry.name if isinstance(entry.name, str) else name
        yield Locked(_npm.REGISTRY, real, entry.version, importer=importer)


ecosystem = Ecosystem(
    name="package_lock",
    patterns=("package-lock.json", "npm-shrinkwrap.json"),
    version=1,
    extract=extract,
    locks=("package.json",),
    comment="",
)
