"""What every JavaScript manifest shares: specifiers, package names, catalogs and registries.

Sources: npm's package.json (https://docs.npmjs.com/cli/v11/configuring-npm/package-json), its
package names (https://github.com/npm/validate-npm-package-name), pnpm's catalogs
(https://pnpm.io/catalogs) and Yarn's protocols (https://yarnpkg.com/protocols).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import dirname

from bot.core.model import (
    Context,
    Declaration,
    Index,
    Kind,
    Locked,
    Obstacle,
    Package,
    ParseError,
    Pin,
    SkipReason,
    Statement,
    Workspace,
)
from bot.formats import yaml
from bot.formats.base import EMPTY, Node, Scalar, Table

REGISTRY = "npm"
SCHEME = "npm"
MAX_NAME = 214
MAX_SPECIFIER = 512
"""Longer specifiers are refused: the longest in real manifests is below 200 characters."""

OWN = "workspace:*"

_SCOPED = re.compile(r"@[A-Za-z0-9_-][\w.-]*/[A-Za-z0-9_][\w.-]*", re.ASCII)
_UNSCOPED = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_FORBIDDEN = frozenset({"node_modules", "favicon.ico"})
_ANYTHING = re.compile(r"(?:[*xX](?:\.[*xX])*)?")
_COMMON = re.compile(r"(?:[\^~=v]|[<>]=?)?\d[\w.+-]*", re.ASCII)
"""Nearly all ranges: one look at them instead of five."""
_RANGE_START = re.compile(r"[\d^~<>=*]|[vV]\d|[xX](?:[.\s]|\Z)")
_TAG = re.compile(r"[A-Za-z][\w.+-]*", re.ASCII)
_LOCAL = re.compile(r"(?:workspace|file|link|portal):|~?/|\.\.?(?:/|\Z)|[A-Za-z]:[\\/]")
_GIT = re.compile(r"git(?:\+\w+)?:|git@|ssh:|(?:github|gitlab|bitbucket|gist):", re.ASCII)
_PROTOCOL = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):")
_USER_INFO = re.compile(r"(?<=//)[^/?#\s]*@")
_SECRETS = re.compile(_USER_INFO.pattern + r"|\?.*", re.DOTALL)
"""What may be a secret in a URL: user info and the query."""
_URL = re.compile(r"https?://[^\s/]|\$\{")
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\"'<>\\]")


@dataclass(frozen=True, slots=True)
class Specifier:
    """What stands to the right of a name: the package it means and the range it gives.

    ``start`` is the offset of ``constraint`` in the value, None where there is nothing to edit.
    """

    name: str
    constraint: str
    start: int | None = None
    obstacle: Obstacle | None = None
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """The section that statements stand in."""

    path: str
    context: Context
    widens: bool = False


def site(path: str, group: str, *, widens: bool = False) -> Site:
    """The section called ``group`` of a file."""
    return Site(path, Context(group=group), widens)


def valid_name(name: str) -> bool:
    """Whether npm would look this name up; capitals pass, as old packages have them."""
    if not 0 < len(name) <= MAX_NAME or name.lower() in _FORBIDDEN:
        return False
    return bool((_SCOPED if name[0] == "@" else _UNSCOPED).fullmatch(name))


def specifier(name: str, value: str) -> Specifier:
    """The meaning of ``value`` for the dependency called ``name``.

    Reads ranges, ``npm:`` aliases, ``catalog:``; names what points elsewhere. Source: npm's
    package specifiers (https://docs.npmjs.com/cli/v11/using-npm/package-spec).
    """
    text = value.strip()
    start = len(value) - len(value.lstrip())
    if len(text) > MAX_SPECIFIER:
        return _stays(name, text[:80] + "…", f"it is longer than {MAX_SPECIFIER} characters")
    if text.startswith("npm:"):
        return _alias(name, text[4:], start + 4)
    if text.startswith("catalog:"):
        return Specifier(name, "", follows=f"catalog:{text[8:].strip() or 'default'}")
    return _plain(name, text, start)


def _alias(name: str, body: str, start: int) -> Specifier:
    """``npm:other@^1``, ``npm:other`` and Yarn's ``npm:^1`` (the same package)."""
    at = body.find("@", 1)
    if at > 0:
        text = body[at + 1 :]
        return _plain(body[:at], text.strip(), start + at + 1 + len(text) - len(text.lstrip()))
    if _RANGE_START.match(body):
        return _plain(name, body, start)
    return _floats(body or name, "it names no version, so it follows the tag “latest”")


def _plain(name: str, text: str, start: int) -> Specifier:
    if _COMMON.fullmatch(text):
        return Specifier(name, text, start)
    if _ANYTHING.fullmatch(text):
        return _floats(name, "it admits every version")
    elsewhere = _elsewhere(text)
    if elsewhere is not None:
        return Specifier(name, _SECRETS.sub("", text), obstacle=elsewhere)
    if not _RANGE_START.match(text) and _TAG.fullmatch(text):
        tag = Obstacle(SkipReason.FLOATING, f"it follows the tag “{text}”")
        return Specifier(name, text, obstacle=tag)
    return Specifier(name, text, start)


def _elsewhere(text: str) -> Obstacle | None:
    """The obstacle of a specifier that is no range of a registry (its URL may hold a secret)."""
    if _LOCAL.match(text):
        return Obstacle(SkipReason.LOCAL, "it is taken from this repository, not from a registry")
    if text[0] == "$":
        return _unsupported(f"it follows the dependency “{text[1:]}” of the same file")
    if text == "-":
        return _unsupported("it takes the dependency out")
    if _GIT.match(text):
        return _unsupported("it points at a git repository, which Freshline does not move yet")
    protocol = _PROTOCOL.match(text)
    if protocol is not None and protocol[1] in ("http", "https"):
        return _unsupported("it points at a URL, which Freshline does not move yet")
    if protocol is not None:
        return _unsupported(f"it uses the protocol “{protocol[1]}:”, which Freshline does not read yet")
    if "/" in text:
        return _unsupported("it points at a git repository, which Freshline does not move yet")
    return None


def _unsupported(detail: str) -> Obstacle:
    return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail)


def _floats(name: str, detail: str) -> Specifier:
    return Specifier(name, "*", obstacle=Obstacle(SkipReason.FLOATING, detail))


def _stays(name: str, constraint: str, detail: str) -> Specifier:
    return Specifier(name, constraint, obstacle=_unsupported(detail))


def statement(at: Site, name: str, node: Node, selector: str = "") -> Statement:
    """The statement of ``name: node`` in a section.

    ``selector`` is the range that limits an override (``foo@^1``): then it must not leave it.
    """
    value = node if isinstance(node, Scalar) and node.string else None
    spec = specifier(name, value.value) if value else _stays(name, _shown(node), "its value is not a text")
    pins, unmapped = _pins(at.path, value, spec)
    limited = _unsupported(f"it stands in only for versions that match “{selector[:80]}”") if selector else None
    obstacle = _bad_name(spec.name) or spec.obstacle or unmapped or limited
    return Statement(
        package=Package(REGISTRY, spec.name[: MAX_NAME + 1]),
        kind=Kind.LIBRARY,
        scheme=SCHEME,
        constraint=spec.constraint,
        pins=() if obstacle else pins,
        line=node.line,
        context=at.context,
        obstacle=obstacle,
        follows=spec.follows,
        widens=at.widens,
    )


def _shown(node: Node) -> str:
    return node.value[:80] if isinstance(node, Scalar) else ""


def _bad_name(name: str) -> Obstacle | None:
    if valid_name(name):
        return None
    return Obstacle(SkipReason.INVALID_NAME, "npm does not allow this name for a package")


def _pins(path: str, value: Scalar | None, spec: Specifier) -> tuple[tuple[Pin, ...], Obstacle | None]:
    if value is None or spec.start is None:
        return (), None
    span = value.locate(spec.start, spec.start + len(spec.constraint))
    if span is None:
        return (), _unsupported("it is written with escapes: write its characters as they are")
    return (Pin(path, span, spec.constraint),), None


def entries(table: Table) -> Iterator[tuple[Scalar, Node]]:
    """The entries that count: where a key stands twice the last wins, as in every JSON reader."""
    return ((key, node) for key, node in table.entries if table.index[key.value] is node and key.value != "<<")


def section(at: Site, node: Node) -> Iterator[Statement]:
    """The statements of a section ``{name: specifier}``."""
    if isinstance(node, Table):
        yield from (statement(at, key.value, value) for key, value in entries(node))


def catalog(path: str, node: Node) -> Iterator[Statement]:
    """The statements of ``catalog: {name: range}``, the default one."""
    return section(site(path, "catalog:default"), node)


def catalogs(path: str, node: Node) -> Iterator[Statement]:
    """The statements of ``catalogs: {catalog: {name: range}}``."""
    if isinstance(node, Table):
        for key, value in entries(node):
            yield from section(site(path, f"catalog:{key.value}"), value)


def selected_overrides(path: str, node: Node) -> Iterator[Statement]:
    """The statements of pnpm's ``overrides`` (``foo``, ``foo@^1``, ``parent@1>foo``).

    Source: https://pnpm.io/settings#overrides.
    """
    at = site(path, "overrides")
    if isinstance(node, Table):
        for key, value in entries(node):
            name, selector = split_selector(_last_step(key.value))
            yield statement(at, name, value, selector)


_STEP = re.compile(r"(?<=[^ |@])>")


def _last_step(key: str) -> str:
    """``parent@>1>foo@>2`` -> ``foo@>2``: a ">" after a space, "|" or "@" belongs to a range."""
    return _STEP.split(key)[-1].strip()


def split_selector(key: str) -> tuple[str, str]:
    """``@scope/name@^1`` -> (``@scope/name``, ``^1``)."""
    at = key.find("@", 1)
    return (key, "") if at < 0 else (key[:at], key[at + 1 :])


def workspace(items: Sequence[Node]) -> tuple[Declaration, ...]:
    """The workspace whose members these globs name; "!" in front takes some out again."""
    globs = [item.value.strip() for item in items if isinstance(item, Scalar) and item.string]
    members = tuple(_glob(glob) for glob in globs if glob and glob[0] != "!")
    excluded = tuple(_glob(glob[1:]) for glob in globs if glob and glob[0] == "!")
    return (Workspace(members, excluded),) if members else ()


def _glob(glob: str) -> str:
    return glob.removeprefix("./").rstrip("/") or "."


def yaml_table(text: str, what: str) -> Table:
    """The mapping of a YAML file, empty for an empty file; raises ``ParseError`` for others."""
    documents = yaml.parse(text)
    if not documents or (isinstance(documents[0], Scalar) and not documents[0].value):
        return EMPTY
    if len(documents) > 1 or not isinstance(documents[0], Table):
        raise ParseError(f"{what} is one YAML mapping", 1)
    return documents[0]


def upwards(folder: str) -> Iterator[str]:
    """A folder and all above it, "" for the root at the end."""
    while folder:
        yield folder
        folder = dirname(folder)
    yield ""


def own(root: Table) -> tuple[Declaration, ...]:
    """The package that a ``package.json`` itself is, so that its siblings are not looked up.

    Kept as a ``Locked`` that answers ``workspace:*``: this folder holds that version of it.
    """
    name, version = root.text("name") or "", root.text("version") or ""
    if not valid_name(name) or not 0 < len(version) <= MAX_NAME:
        return ()
    return (Locked(REGISTRY, name, version, importer=".", requested=OWN),)


def index(url: str, scope: str = "") -> tuple[Index, ...]:
    """The registry at ``url`` for a scope ("" for all), none where it is no address.

    User info is dropped: a repository's secrets are never kept. ``${VAR}`` stays as it is.
    """
    bare = _USER_INFO.sub("", url.strip(), count=1).rstrip("/")
    if len(bare) > MAX_SPECIFIER or not _URL.match(bare) or _UNSAFE.search(bare):
        return ()
    return (Index(REGISTRY, bare, primary=True, scope=scope),)
