"""``yarn.lock``: of Yarn 1, and of Yarn 2 and later.

Both are written by machine, one block a package: a line of descriptors and indented fields.
Sources: https://classic.yarnpkg.com/lang/en/docs/yarn-lock and https://yarnpkg.com/advanced/lexicon
(descriptor, locator).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Locked, LockFile, ParseError, SkipReason
from bot.ecosystems import _npm

_BLOCK = re.compile(r"^(?:\? )?([^\s#?:][^\r\n]*?)(?:\r?\n)?:\r?\n((?:[ \t]++[^\r\n]*+(?:\r?\n|\Z))++)", re.MULTILINE)
_VERSION = re.compile(r'^  version:? "?([^"\s]+)"?', re.MULTILINE)
_RESOLUTION = re.compile(r'^  resolution: "?([^"\r\n]+)"?', re.MULTILINE)
_MODERN = re.compile(r"^__metadata:", re.MULTILINE)
_CLASSIC = "# yarn lockfile v1"
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)


class _Block(NamedTuple):
    descriptors: list[str]
    version: str
    fields: str


def extract(path: str, text: str) -> FileFacts:
    """The versions that Yarn locked, one for each descriptor; raises ``ParseError`` for other files."""
    if _CONFLICT.search(text):
        raise ParseError("the lock file holds the marks of a merge conflict")
    if _MODERN.search(text):
        return _modern(path, text)
    if _CLASSIC in text[:500]:
        lock = LockFile("yarn", ("package.json",), ("**",))
        return FileFacts(path, "yarn_lock", (), (lock, *_all_locked(_blocks(text))))
    raise ParseError("this is not a lock file of Yarn: it has neither version 1's first lines nor “__metadata”")


def _modern(path: str, text: str) -> FileFacts:
    """Yarn 2 and later: workspaces are blocks too, with the folder in their resolution."""
    blocks = list(_blocks(text))
    folders = [folder for block in blocks for folder in _workspace(block)]
    importers = tuple(dict.fromkeys((".", *folders)))
    lock = LockFile("yarn-berry", ("package.json", ".yarnrc.yml"), importers)
    return FileFacts(path, "yarn_lock", (), (lock, *_all_locked(blocks)))


def _blocks(text: str) -> Iterator[_Block]:
    for found in _BLOCK.finditer(text):
        version = _VERSION.search(found[2])
        if version is not None:
            descriptors = [one.strip().strip('"') for one in found[1].strip('"').split(", ")]
            yield _Block(descriptors, version[1], found[2])


def _workspace(block: _Block) -> Iterator[str]:
    """The folder of a workspace's block (``name@workspace:packages/a``)."""
    _, protocol, folder = _resolution(block).partition("@workspace:")
    if protocol:
        yield folder


def _resolution(block: _Block) -> str:
    """What Yarn 2 and later resolved a block to, "" in a lock of Yarn 1."""
    found = _RESOLUTION.search(block.fields)
    return found[1] if found else ""


def _all_locked(blocks: Iterator[_Block] | list[_Block]) -> Iterator[Locked]:
    return (locked for block in blocks for locked in _locked(block))


def _locked(block: _Block) -> Iterator[Locked]:
    if "@npm:" not in (_resolution(block) or "@npm:"):
        return
    for descriptor in block.descriptors:
        name, value = _npm.split_selector(descriptor)
        plain = "@" not in value  # else an alias, ``npm:other@^1``
        spec = _npm.specifier(name, value.removeprefix("npm:") if plain else value)
        floating = spec.obstacle is not None and spec.obstacle.reason is SkipReason.FLOATING
        if "@" in descriptor[1:] and (spec.start is not None or floating):
            yield Locked(_npm.REGISTRY, spec.name, block.version, requested=spec.constraint)


ecosystem = Ecosystem(
    name="yarn_lock",
    patterns=("yarn.lock",),
    version=1,
    extract=extract,
    locks=("package.json", ".yarnrc.yml"),
)
