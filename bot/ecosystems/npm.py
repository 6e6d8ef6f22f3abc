"""``package.json``: npm's manifest, which pnpm, Yarn and Bun share.

Source: https://docs.npmjs.com/cli/v11/configuring-npm/package-json.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Context,
    Declaration,
    DeclaredRole,
    DeclaredRuntime,
    FileFacts,
    Kind,
    Obstacle,
    Package,
    ParseError,
    Part,
    Pin,
    Role,
    SkipReason,
    Statement,
)
from bot.ecosystems import _npm
from bot.ecosystems._npm_repository import complete
from bot.ecosystems._runtimes import floor, ranged, word
from bot.formats import json
from bot.formats.base import Node, Scalar, Table

_PUBLISHED = ("main", "module", "exports", "files", "bin", "types", "publishConfig")
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_SHA512 = re.compile(r"sha512\.([0-9a-f]{128})")
_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})

Reader = Callable[[str, Node], Iterator[Statement]]


def extract(path: str, text: str) -> FileFacts:
    """What a ``package.json`` says; raises ``ParseError`` where it is not a JSON object."""
    root = json.parse(text)
    if not isinstance(root, Table):
        raise ParseError("a package.json is a JSON object", 1)
    statements = (
        one for key, node in _npm.entries(root) if key.value in _READERS for one in _READERS[key.value](path, node)
    )
    return FileFacts(path, "npm", tuple(statements), _declarations(root))


def _declarations(root: Table) -> tuple[Declaration, ...]:
    return (DeclaredRole(_role(root)), *_runtimes(root), *_workspace(root), *_npm.own(root))


def _role(root: Table) -> Role:
    """A library is what can be published: not private, with a name, a version and an entry."""
    private = root.get("private")
    if isinstance(private, Scalar) and private.value == "true":
        return Role.APPLICATION
    named = root.text("name") and root.text("version")
    published = any(key in root.index for key in _PUBLISHED)
    return Role.LIBRARY if named and published else Role.APPLICATION


def _runtimes(root: Table) -> Iterator[DeclaredRuntime]:
    for table in ("engines", "volta"):
        constraint = (root.text(table, "node") or "").strip()
        if constraint and len(constraint) <= _npm.MAX_SPECIFIER:
            yield DeclaredRuntime("node", _npm.SCHEME, constraint)


def _workspace(root: Table) -> tuple[Declaration, ...]:
    return _npm.workspace(root.array("workspaces") or root.array("workspaces", "packages"))


def _section(group: str, *, widens: bool = False) -> Reader:
    def read(path: str, node: Node) -> Iterator[Statement]:
        return _npm.section(_npm.site(path, group, widens=widens), node)

    return read


def _overrides(path: str, node: Node) -> Iterator[Statement]:
    """The nested objects of npm's ``overrides``, with "." for the package that holds them.

    Walked with a stack, in the order of the text. Source: the same page, "overrides".
    """
    at = _npm.site(path, "overrides")
    stack = [("", "", node)]
    while stack:
        name, selector, value = stack.pop()
        if not isinstance(value, Table):
            yield _npm.statement(at, name, value, selector)
            continue
        for key, inner in reversed(list(_npm.entries(value))):
            target = (name, selector) if key.value == "." else _npm.split_selector(key.value)
            stack.append((*target, inner))


def _resolutions(path: str, node: Node) -> Iterator[Statement]:
    """Yarn's ``resolutions``: ``foo``, ``**/foo``, ``parent/foo``, ``foo@npm:^1``.

    Source: https://yarnpkg.com/configuration/manifest#resolutions.
    """
    at = _npm.site(path, "resolutions")
    if isinstance(node, Table):
        for key, value in _npm.entries(node):
            name, selector = _npm.split_selector(_target(key.value))
            yield _npm.statement(at, name, value, selector.removeprefix("npm:"))


def _target(key: str) -> str:
    """The last package of a resolution's path: ``a/**/@scope/b@npm:^1`` -> ``@scope/b@npm:^1``."""
    front, _, last = key.rpartition("/")
    scope = front.rpartition("/")[2]
    return f"{scope}/{last}" if scope.startswith("@") and "@" not in scope[1:] else last


def _pnpm(path: str, node: Node) -> Iterator[Statement]:
    if isinstance(node, Table) and (overrides := node.get("overrides")) is not None:
        yield from _npm.selected_overrides(path, overrides)


def _workspaces(path: str, node: Node) -> Iterator[Statement]:
    """Bun's catalogs, which stand in ``workspaces`` (https://bun.com/docs/install/catalogs)."""
    if not isinstance(node, Table):
        return
    for key, value in _npm.entries(node):
        if key.value == "catalog":
            yield from _npm.catalog(path, value)
        elif key.value == "catalogs":
            yield from _npm.catalogs(path, value)


def _package_manager(path: str, node: Node) -> Iterator[Statement]:
    """Corepack's ``packageManager`` (https://github.com/nodejs/corepack#readme).

    The hash covers the package's archive for npm, pnpm and Yarn 1, which is what the registry
    lists as ``dist.integrity``; for Yarn 2 and later it covers one file inside it.
    """
    if not isinstance(node, Scalar) or not node.string:
        return
    name, _, rest = node.value.partition("@")
    version, plus, digest = rest.partition("+")
    obstacle = _manager_obstacle(name, version, digest) if plus else _manager_obstacle(name, version, "")
    pins = () if obstacle else _manager_pins(path, node, version, digest)
    if not obstacle and not pins:
        obstacle = _unsupported("it is written with escapes: write its characters as they are")
    yield Statement(
        package=Package(_npm.REGISTRY, _manager_package(name, version)[: _npm.MAX_NAME]),
        kind=Kind.TOOL,
        scheme=_npm.SCHEME,
        constraint=version[:80],
        pins=pins,
        line=node.line,
        context=Context(group="packageManager"),
        obstacle=obstacle,
        lockable=False,
    )


def _manager_package(name: str, version: str) -> str:
    """Yarn 2 and later are published under another name than Yarn 1."""
    modern = name == "yarn" and not version.startswith(("0.", "1."))
    return "@yarnpkg/cli-dist" if modern else name


def _manager_obstacle(name: str, version: str, digest: str) -> Obstacle | None:
    if name not in _MANAGERS:
        return Obstacle(SkipReason.INVALID_NAME, "it is none of the package managers npm, pnpm, yarn and bun")
    if not _VERSION.fullmatch(version):
        return _unsupported("it is not one full version such as 9.1.0")
    if not digest:
        return None
    if not _SHA512.fullmatch(digest):
        return _unsupported("its hash is not a sha512, the only kind that the registry lists")
    if _manager_package(name, version) == "@yarnpkg/cli-dist":
        return _unsupported("its hash covers a file inside the package, which the registry does not list")
    return None


def _manager_pins(path: str, node: Scalar, version: str, digest: str) -> tuple[Pin, ...]:
    """The pins of the version and of the hash, none where escapes hide one of them."""
    start = node.value.index("@") + 1
    found = [(start, version, Part.VERSION)]
    if digest:
        code = digest.removeprefix("sha512.")
        found.append((len(node.value) - len(code), code, Part.DIGEST))
    spans = [(node.locate(at, at + len(text)), text, part) for at, text, part in found]
    pins = tuple(Pin(path, span, text, part) for span, text, part in spans if span is not None)
    return pins if len(pins) == len(found) else ()


def _unsupported(detail: str) -> Obstacle:
    return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail)


def _engines(path: str, node: Node) -> Iterator[Statement]:
    """The Node.js that the package runs on (https://docs.npmjs.com/cli/v11/configuring-npm/package-json#engines)."""
    if isinstance(node, Table) and (found := ranged(node.get("node"))):
        yield floor("node", _npm.SCHEME, path, found)


def _volta(path: str, node: Node) -> Iterator[Statement]:
    """The Node.js that Volta runs the project's tools with (https://docs.volta.sh/advanced/project-toolchain)."""
    if isinstance(node, Table) and (found := ranged(node.get("node"))):
        yield word("node", path, found.text, found.span.start if found.span else None, found.line)


_READERS: dict[str, Reader] = {
    "engines": _engines,
    "volta": _volta,
    "dependencies": _section("dependencies"),
    "devDependencies": _section("devDependencies"),
    "optionalDependencies": _section("optionalDependencies"),
    "peerDependencies": _section("peerDependencies", widens=True),
    "overrides": _overrides,
    "resolutions": _resolutions,
    "pnpm": _pnpm,
    "workspaces": _workspaces,
    "catalog": _npm.catalog,
    "catalogs": _npm.catalogs,
    "packageManager": _package_manager,
}

ecosystem = Ecosystem(
    name="npm",
    patterns=("package.json",),
    version=2,
    extract=extract,
    complete=complete,
    comment="",
)
