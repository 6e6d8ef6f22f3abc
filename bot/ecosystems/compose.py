"""Compose files: the language runtimes that the images of services are.

Sources: https://docs.docker.com/reference/compose-file/services/#image,
https://docs.docker.com/reference/compose-file/interpolation/,
https://docs.docker.com/reference/compose-file/build/#args
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import Caution, FileFacts, Obstacle, ParseError, SkipReason, Span, Statement
from bot.core.runtimes import RUNTIMES
from bot.ecosystems import _runtimes as runtimes
from bot.ecosystems._images import HINTS, stated, unfinished
from bot.formats import lines, yaml
from bot.formats.base import EMPTY, Array, Node, Scalar, Table
from bot.formats.dockerfile import Literal, Piece, Variable, expand

_BUILT = ("python", "node", "go", "ruby", "php", "rust")
_NAMES = {"NODEJS": "node", "GOLANG": "go"} | {name.upper(): name for name in _BUILT}
_ARGUMENTS = {f"{name}_VERSION": RUNTIMES[runtime] for name, runtime in _NAMES.items()}
"""Build arguments that by their names hold the version of a runtime, or the tag of its official image."""

_PLAIN = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6}){0,2}")

_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*+)|\{([A-Za-z_][A-Za-z0-9_]*+)(\}|:?[-+?]))")
_END = re.compile(r"[$}]")
_MOST_NESTED = 10
_MOST_PIECES = 100


def extract(path: str, text: str) -> FileFacts:
    """The runtimes that the services' images are, each place once; raises ``ParseError`` for what is no YAML.

    A service that is built names with ``image`` what its own image will be called: that states
    nothing.
    """
    found: dict[Span, Statement] = {}
    for root in yaml.parse(text):
        services = root.table("services") if isinstance(root, Table) else EMPTY
        for _, service in services.tables():
            for scalar, one in _of_service(path, text, service):
                found.setdefault(scalar.span, one)
    return FileFacts(path, "compose", annotate(found.values(), lines.annotations(text)))


def _of_service(path: str, text: str, service: Table) -> Iterator[tuple[Scalar, Statement]]:
    build, image = _merged(service, "build"), _merged(service, "image")
    if build is not None:
        yield from _of_build(path, text, build)
    elif isinstance(image, Scalar):
        one = _image(path, image, _pieces(image, 0))
        if one is not None:
            yield image, one


def _merged(service: Table, key: str) -> Node | None:
    """What a service says under a key, itself or through the mappings that ``<<`` merges into it."""
    stack: list[Node | None] = [service]
    while stack:
        one = stack.pop()
        if isinstance(one, Array):
            stack += reversed(one.items)
        elif isinstance(one, Table):
            found = one.get(key)
            if found is not None:
                return found
            stack.append(one.get("<<"))
    return None


# Images


def _image(path: str, scalar: Scalar, pieces: tuple[Piece, ...]) -> Statement | None:
    """The statement of a reference; what the environment says in place of a default is told."""
    told = expand(pieces, {})
    if told.missing:
        detail = f"the variable {told.missing[0]} has no default here: the environment says which version"
        return unfinished(pieces, {}, scalar.line, Obstacle(SkipReason.UNPINNED, detail))
    one = stated(path, told, scalar.line)
    return None if one is None else replace(one, cautions=_shadowed(pieces))


def _shadowed(pieces: tuple[Piece, ...]) -> tuple[Caution, ...]:
    names = dict.fromkeys(piece.name for piece in pieces if isinstance(piece, Variable))
    return tuple(
        Caution(f"where the environment (or a file .env) sets {name}, that counts and not this default", by_hand=False)
        for name in names
    )


def _of_build(path: str, text: str, build: Node) -> Iterator[tuple[Scalar, Statement]]:
    """The versions and tags that are handed to a build by a runtime's name (``PYTHON_VERSION``)."""
    for name, value, at in _arguments(build):
        runtime = _ARGUMENTS.get(name)
        if runtime is None:
            continue
        span = _whole(value, text)
        if not at and _PLAIN.fullmatch(text[value.span.start : value.span.end]):
            found = runtimes.stated(runtime.name, path, text[span.start : span.end], span, value.line)
            yield value, replace(found, scheme="yaml_values")
            continue
        # Of what belongs to something else only a version can be told.
        one = _image(path, value, (_unwritten(f"{runtime.images[0]}:"), *_pieces(value, at)))
        if one is not None and one.pins:
            yield value, one


def _whole(value: Scalar, text: str) -> Span:
    """Where a value stands with its quotes: a plain ``3.10`` would be the number 3.1."""
    quoted = text[value.span.start - 1 : value.span.start] in {'"', "'"}
    return Span(value.span.start - quoted, value.span.end + quoted)


def _arguments(build: Node) -> Iterator[tuple[str, Scalar, int]]:
    """Each build argument: its name, the scalar that holds its value, and where in it that begins."""
    args = _merged(build, "args") if isinstance(build, Table) else None
    if isinstance(args, Table):
        yield from ((key.value, value, 0) for key, value in args.scalars())
    for item in args.items if isinstance(args, Array) else ():
        name, equals, _ = item.value.partition("=") if isinstance(item, Scalar) else ("", "", "")
        if equals and isinstance(item, Scalar):
            yield name, item, len(name) + 1


def _unwritten(text: str) -> Literal:
    """Text that stands nowhere in the file."""
    return Literal(text, Span(0, 0))


# Interpolation


def _pieces(scalar: Scalar, at: int) -> tuple[Piece, ...]:
    """What a scalar says from an offset on, its variables taken apart; a text that can't be is a literal."""
    try:
        return _Lexer(scalar).read(at)
    except ParseError:
        return (_unwritten(scalar.value[at:]),)


class _Lexer:
    """Takes one value apart; raises ``ParseError`` for what Compose refuses too."""

    def __init__(self, scalar: Scalar) -> None:
        self._scalar = scalar
        self._text = scalar.value
        self._count = 0

    def read(self, at: int) -> tuple[Piece, ...]:
        pieces, _ = self._read(at, depth=0)
        return pieces

    def _read(self, at: int, *, depth: int) -> tuple[tuple[Piece, ...], int]:
        """The pieces up to the end, or (in a variable's braces) up to the closing one; and where that is."""
        pieces: list[Piece] = []
        while at < len(self._text):
            self._count += 1
            found = _VARIABLE.match(self._text, at)
            if self._count > _MOST_PIECES:
                raise ParseError("a value with too many variables")
            if found is not None:
                piece, at = self._variable(found, depth)
            elif self._text[at] == "}" and depth:
                return tuple(pieces), at + 1
            elif self._text[at] == "$":
                raise ParseError("a dollar sign that begins no variable")
            else:
                piece, at = self._literal(at, self._stop(at, depth))
            pieces.append(piece)
        if depth:
            raise ParseError("a variable without an end")
        return tuple(pieces), at

    def _stop(self, at: int, depth: int) -> int:
        """Where the text that stands for itself ends; a brace that closes nothing is text."""
        if not depth:
            end = self._text.find("$", at)
            return len(self._text) if end < 0 else end
        found = _END.search(self._text, at)
        return found.start() if found else len(self._text)

    def _variable(self, found: re.Match[str], depth: int) -> tuple[Piece, int]:
        if found[1]:
            return _unwritten("$"), found.end()
        name, operator = found[2] or found[3], found[4] or ""
        if operator in {"", "}"}:
            return Variable(name, "", (), Span(0, 0)), found.end()
        if depth >= _MOST_NESTED:
            raise ParseError("variables nested too deep")
        word, end = self._read(found.end(), depth=depth + 1)
        return Variable(name, operator, word, Span(0, 0)), end

    def _literal(self, start: int, end: int) -> tuple[Literal, int]:
        return Literal(self._text[start:end], self._scalar.locate(start, end) or Span(0, 0)), end


ecosystem = Ecosystem(
    name="compose",
    patterns=("docker-compose*.yml", "docker-compose*.yaml", "compose*.yml", "compose*.yaml"),
    version=1,
    extract=extract,
    hints=(*HINTS, *sorted(_ARGUMENTS)),
)
