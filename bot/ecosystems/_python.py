"""What the Python ecosystems share: PEP 508 requirement text into statements with exact spans."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from bot.core.model import Context, Index, Kind, Obstacle, Package, Pin, SkipReason, Span, Statement
from bot.formats.base import Node, Scalar

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,212}[A-Za-z0-9])?"
_CLAUSE = r"(?:===?|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9._*+!-]+"
_HEAD = re.compile(rf"\s*({NAME})(?![A-Za-z0-9._-])\s*(?:\[[^\]\[;@]{{0,500}}\])?\s*")
_SPECIFIERS = re.compile(rf"{_CLAUSE}(?:\s*,\s*{_CLAUSE})*")
_TAIL = re.compile(r"\s*(?:;(.*))?", re.DOTALL)
_OPENING = re.compile(r"\(\s*")
_CLOSING = re.compile(r"\s*\)")
_COMMA = re.compile(r"\s*,?")
_DIRECT = re.compile(r"(?:git|hg|svn|bzr)\+|[A-Za-z][A-Za-z0-9+.-]{1,20}://", re.IGNORECASE)
_FILE = re.compile(r"file:|\.{0,2}[/\\]|\.{1,2}(?:$|[\[#])|[A-Za-z]:[/\\]|.*\{root:", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.(?:gz|bz2|xz)|tgz)(?:$|[#\s\[])", re.IGNORECASE)
_EDITABLE = re.compile(r"\s*(?:-e|--editable)[\s=]\s*")
_EGG = re.compile(rf"[#&]egg=({NAME})")

URL_DETAIL = "it points at a URL, which Freshline does not move yet"
GIT_DETAIL = "it points at a revision of a repository, which Freshline does not move yet"
LOCAL_DETAIL = "it points at a path of this repository or machine"
ESCAPE_DETAIL = "an escape or a line break stands inside the constraint; write it plainly to have it moved"

FLOATING = Obstacle(SkipReason.FLOATING, "any version is admitted")

Locate = Callable[[int, int], Span | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where requirement text stands: ``locate`` maps offsets in it to a span of the file."""

    path: str
    line: int
    locate: Locate
    group: str = ""
    lockable: bool = True
    scheme: str = "pep440"

    def pins(self, text: str, start: int, end: int) -> tuple[tuple[Pin, ...], Obstacle | None]:
        """The pin over ``text[start:end]``, or why it has none."""
        span = self.locate(start, end)
        if span is None:
            return (), Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, ESCAPE_DETAIL)
        return (Pin(self.path, span, text[start:end]),), None

    def blocked(self, name: str, obstacle: Obstacle, marker: str = "") -> Statement:
        """A statement that states no version and can't be moved."""
        valid = re.fullmatch(NAME, name) is not None
        return self.stated(canonical(name) if valid else shown(name), "", (), marker=marker, obstacle=obstacle)

    def stated(
        self, name: str, constraint: str, pins: tuple[Pin, ...], *, marker: str = "", obstacle: Obstacle | None = None
    ) -> Statement:
        """A statement at this place about the package of this canonical name."""
        return Statement(
            package=Package("pypi", name),
            kind=Kind.LIBRARY,
            scheme=self.scheme,
            constraint=constraint,
            pins=pins,
            line=self.line,
            context=Context(group=self.group, marker=bounded(marker)),
            obstacle=obstacle,
            lockable=self.lockable,
        )


def at(scalar: Scalar, path: str, group: str, *, lockable: bool = True, scheme: str = "pep440") -> Place:
    """The place of a scalar."""
    return Place(path, scalar.line, scalar.locate, group, lockable, scheme)


def bounded(marker: str) -> str:
    """The marker, "" for one so long or so deep that whoever reads it could be hurt."""
    return marker if len(marker) <= 1000 and marker.count("(") <= 30 else ""


def canonical(name: str) -> str:
    """The name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(text: str, place: Place) -> Statement:
    """The statement that a PEP 508 requirement makes.

    What is no such requirement (a URL, a path, other words) gives a statement with an obstacle.
    Source: https://packaging.python.org/specifications/dependency-specifiers/
    """
    if editable := _EDITABLE.match(text):
        return direct(text[editable.end() :].strip(), place)
    if _DIRECT.match(text.strip()) or _FILE.match(text.strip()):
        return direct(text.strip(), place)
    head = _HEAD.match(text)
    if head is None:
        return place.blocked(text, Obstacle(SkipReason.INVALID_NAME, "it begins with no valid name (PEP 508)"))
    name, rest = head[1], text[head.end() :]
    if rest.startswith("@"):
        return direct(rest[1:].strip(), place, name)
    if _ARCHIVE.search(text):
        return direct(text.strip(), place)
    return _specified(text, head.end(), name, place)


def _specified(text: str, at_: int, name: str, place: Place) -> Statement:
    inner = _OPENING.match(text, at_)
    begin = inner.end() if inner else at_
    specifiers = _SPECIFIERS.match(text, begin)
    start, end = specifiers.span() if specifiers else (begin, begin)
    after = _COMMA.match(text, end) if specifiers else None
    rest = after.end() if after else end
    closing = _CLOSING.match(text, rest) if inner else None
    tail = _TAIL.fullmatch(text, closing.end() if closing else rest)
    if tail is None or (inner is not None) != (closing is not None):
        detail = "what follows the name is no version specifier (PEP 440)"
        return place.blocked(name, Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail))
    marker = (tail[1] or "").strip()
    if start == end:
        return place.stated(canonical(name), "", (), marker=marker)
    pins, obstacle = place.pins(text, start, end)
    return place.stated(canonical(name), text[start:end], pins, marker=marker, obstacle=obstacle)


def direct(target: str, place: Place, name: str = "") -> Statement:
    """The statement of a requirement that is a URL or a path; its name where the text has one.

    The address itself is not kept: it may hold credentials.
    """
    address, _, marker = target.partition(" ;")
    egg = _EGG.search(address)
    label = name or (egg[1] if egg else _last_part(address))
    return place.blocked(label, direct_obstacle(address), marker.strip())


def direct_obstacle(address: str) -> Obstacle:
    """Why a requirement at this address is not moved."""
    if re.match(r"(?:git|hg|svn|bzr)\+file:|file:", address, re.IGNORECASE) or _FILE.match(address):
        return Obstacle(SkipReason.LOCAL, LOCAL_DETAIL)
    if re.match(r"(?:git|hg|svn|bzr)(?:\+|://)|git@", address, re.IGNORECASE):
        return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, GIT_DETAIL)
    if "://" in address or address.startswith("${"):
        return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, URL_DETAIL)
    return Obstacle(SkipReason.LOCAL, LOCAL_DETAIL)


def _last_part(address: str) -> str:
    bare = re.split(r"[?#\[\s]", address, maxsplit=1)[0].rstrip("/\\")
    last = re.split(r"[/\\]", bare)[-1].partition("@")[0].removesuffix(".git")
    found = re.match(NAME, last.partition("-")[0] if _ARCHIVE.search(last) else last)
    return found[0] if found else shown(last or ".")


def shown(text: str) -> str:
    """At most 80 printable characters of a text that is no name, to show it as one."""
    return "".join(c for c in text.strip()[:80] if c.isprintable()) or "?"


def versioned(name: str, scalar: Scalar, place: Place) -> Statement:
    """The statement of an entry ``name = constraint``; ``*`` and nothing at all leave nothing to edit.

    ``*`` is no PEP 440 specifier but Poetry's: Pipenv, which has it too, gets that scheme for it.
    """
    constraint = scalar.value.strip()
    if not scalar.string:
        detail = "the version is no string"
        return place.blocked(name, Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail))
    if constraint == "*":
        return replace(place, scheme="poetry").stated(canonical(name), constraint, (), obstacle=FLOATING)
    if not constraint:
        return place.stated(canonical(name), "", ())
    start = scalar.value.index(constraint)
    pins, obstacle = place.pins(scalar.value, start, start + len(constraint))
    return place.stated(canonical(name), constraint, pins, obstacle=obstacle)


def requirements(nodes: Iterable[Node], path: str, group: str, *, lockable: bool = True) -> Iterator[Statement]:
    """The statements of an array of PEP 508 strings; what is no string is left out."""
    for node in nodes:
        if isinstance(node, Scalar) and node.string:
            yield requirement(node.value, at(node, path, group, lockable=lockable))


def bare_url(url: str) -> str:
    """A URL without user name, password, query and fragment, and without a slash at its end.

    Credentials come from the operator's own configuration, bound to their origin.
    """
    head, separator, rest = re.split(r"[?#]", url.strip(), maxsplit=1)[0].partition("://")
    if not separator:
        return head.rstrip("/")
    authority, slash, tail = rest.partition("/")
    return f"{head}://{authority.rpartition('@')[2]}{slash}{tail}".rstrip("/")


@dataclass(slots=True)
class Sources:
    """Where packages come from, as one file says.

    ``primary`` stands in for the default index; ``named`` are index URLs by the names that the
    file gives them (None for the default one); ``urls`` and ``obstacles`` are by canonical
    package name.
    """

    indexes: list[Index] = field(default_factory=list)
    named: dict[str, str | None] = field(default_factory=dict)
    urls: dict[str, str | None] = field(default_factory=dict)
    obstacles: dict[str, Obstacle] = field(default_factory=dict)

    @property
    def primary(self) -> str | None:
        """The address that stands in for the default index."""
        return next((index.url for index in self.indexes if index.primary), None)

    def add_index(self, url: str, *, primary: bool) -> None:
        """Notes an index that is asked for every package."""
        self.indexes.append(Index("pypi", bare_url(url), primary))

    def name(self, name: str, url: str | None) -> None:
        """Notes the name that the file gives to an index, None for the default one."""
        self.named[name] = bare_url(url) if url else None

    def name_index(self, package: str, index: str) -> None:
        """Notes that a package comes from the index of this name."""
        if index in self.named:
            self.urls[canonical(package)] = self.named[index]
            return
        detail = f"it comes from the index {shown(index)!r}, which this file does not define"
        self.obstacles[canonical(package)] = Obstacle(SkipReason.UNKNOWN_REGISTRY, detail)

    def apply(self, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        """The statements with the index that each comes from, and what stands in their way."""
        primary = self.primary
        return tuple(self._applied(statement, primary) for statement in statements)

    def _applied(self, statement: Statement, primary: str | None) -> Statement:
        name = statement.package.name
        url = statement.package.url or self.urls.get(name, primary)
        placed = statement if url is None else replace(statement, package=replace(statement.package, url=url))
        obstacle = self.obstacles.get(name)
        return placed if obstacle is None or placed.obstacle else replace(placed, obstacle=obstacle)


def with_default_index(statements: Iterable[Statement], url: str) -> tuple[Statement, ...]:
    """The statements, with this index for the packages that name none (a runtime is none)."""
    return tuple(
        replace(s, package=replace(s.package, url=url)) if s.package.registry == "pypi" and not s.package.url else s
        for s in statements
    )


def beside(path: str, relative: str) -> str | None:
    """A path written in a file, from the repository's root; None if it leaves the repository."""
    if relative.startswith(("/", "~")) or "\\" in relative or "\0" in relative or "://" in relative:
        return None
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))
    return None if joined == ".." or joined.startswith("../") else joined
