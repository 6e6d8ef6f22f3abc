"""requirements files, and those that pip-compile and uv write (which are lock files).

Sources: https://pip.pypa.io/en/stable/reference/requirements-file-format/,
https://pip-tools.readthedocs.io/, https://docs.astral.sh/uv/pip/compile/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Declaration,
    FileFacts,
    Include,
    Index,
    Locked,
    LockFile,
    Obstacle,
    ParseError,
    SkipReason,
    Span,
    Statement,
)
from bot.ecosystems._compiled import Compiled, compiled
from bot.ecosystems._python import Place, Sources, beside, direct, requirement, with_default_index
from bot.formats import lines
from bot.formats.lines import Line

HASHED = Obstacle(SkipReason.LOCK_NOT_REFRESHED, "its hashes must be refreshed with pip-compile or uv")

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_OPTIONS = re.compile(r"(?:^|(?<=\s))--?[A-Za-z]")
_OPTION = re.compile(r"(--[A-Za-z-]+|-[A-Za-z])\s*=?\s*(.*)", re.DOTALL)
_HASH = re.compile(r"(?:^|\s)--hash[=\s]")
_EXACT = re.compile(r"===?\s*([^\s,*]+)")
_ALIASES = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable", "-i": "--index-url", "-f": "--find-links"}


@dataclass(frozen=True, slots=True)
class _Logical:
    """A line with its continuations; the comment and the line breaks are blanked out, so offsets stay.

    ``breaks`` are the offsets in the file at which it goes on on another line.
    """

    number: int
    start: int
    text: str
    breaks: tuple[int, ...]


def extract(path: str, text: str) -> FileFacts:
    """The facts of one requirements file.

    Raises ``ParseError`` where most of it is no requirement: other texts have such names too.
    """
    logical = list(_logical(text))
    sources = Sources()
    includes = [i for line in logical if (i := _option(path, line, sources))]
    found = [s for line in logical if (s := _statement(path, line))]
    refused = [statement for statement in found if _refused(statement)]
    if len(refused) * 2 > len(found):
        raise ParseError("most of it is neither a requirement (PEP 508) nor an option of pip", refused[0].line)
    if header := compiled(path, text):
        return FileFacts(path, "requirements", (), (*_locked(header, found), *sources.indexes))
    statements = annotate(sources.apply(found), lines.annotations(text))
    return FileFacts(path, "requirements", statements, (*includes, *sources.indexes))


def _refused(statement: Statement) -> bool:
    """Whether the text was no requirement at all."""
    obstacle = statement.obstacle
    if obstacle is None or statement.pins or obstacle.reason is SkipReason.LOCAL:
        return False
    return obstacle.reason is SkipReason.INVALID_NAME or "PEP 440" in obstacle.detail


def _logical(text: str) -> Iterator[_Logical]:
    held: list[Line] = []
    for line in lines.split(text):
        comment = line.text.lstrip().startswith("#")
        held.append(line)
        if line.text.endswith("\\") and not comment:
            continue
        yield _joined(held)
        held = []
    if held:
        yield _joined(held)  # the last line ends in a backslash, which pip ignores


def _joined(held: Sequence[Line]) -> _Logical:
    pieces: list[str] = []
    for line, following in zip(held, [*held[1:], None], strict=True):
        end = following.span.start if following else line.span.end
        body = line.text if line.text.lstrip().startswith("#") else line.text.removesuffix("\\")
        pieces.append(body.ljust(end - line.span.start))
    text = _COMMENT.sub(_blank, "".join(pieces))
    return _Logical(held[0].number, held[0].span.start, text, tuple(line.span.end - 1 for line in held[:-1]))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _statement(path: str, line: _Logical) -> Statement | None:
    text = line.text
    stripped = text.strip()
    if not stripped:
        return None
    if stripped.startswith("-"):
        return _editable(path, line)
    options = _OPTIONS.search(text)
    wanted = text[: options.start()] if options else text
    statement = requirement(wanted.rstrip(), _place(path, line))
    hashed = options is not None and _HASH.search(text, options.start() - 1 if options.start() else 0)
    return replace(statement, obstacle=HASHED) if hashed and not statement.obstacle else statement


def _place(path: str, line: _Logical) -> Place:
    def locate(start: int, end: int) -> Span | None:
        broken = any(line.start + start <= at < line.start + end for at in line.breaks)
        return None if broken else Span(line.start + start, line.start + end)

    return Place(path, line.number, locate)


def _editable(path: str, line: _Logical) -> Statement | None:
    name, value = _split(line.text)
    if name != "--editable" or not value:
        return None
    return direct(value, _place(path, line))


def _split(text: str) -> tuple[str, str]:
    found = _OPTION.match(text.strip())
    if found is None:
        return "", ""
    return _ALIASES.get(found[1], found[1]), found[2].strip().strip("\"'")


def _option(path: str, line: _Logical, sources: Sources) -> Include | None:
    """What an option line declares; indexes are noted in ``sources``."""
    if not line.text.lstrip().startswith("-"):
        return None
    name, value = _split(line.text)
    if name in {"--requirement", "--constraint"} and value:
        target = beside(path, value)
        return Include(target, constraints=name == "--constraint") if target else None
    if name in {"--index-url", "--pypi-url"} and value:
        sources.add_index(value, primary=True)
    elif name in {"--extra-index-url", "--find-links"} and "://" in value:
        sources.add_index(value, primary=False)
    return None


def _locked(header: Compiled, found: Sequence[Statement]) -> Iterator[Declaration]:
    importers = tuple(dict.fromkeys(header.importers))
    yield LockFile(header.tool, header.manifests, importers)
    importer = importers[0] if len(importers) == 1 else None
    for statement in found:
        exact = _EXACT.fullmatch(statement.constraint)
        if exact:
            yield Locked("pypi", statement.package.name, exact[1], importer)


def complete(own: Sequence[FileFacts], _every: Sequence[FileFacts]) -> tuple[FileFacts, ...]:
    """The facts, where a file that ``-r`` or ``-c`` takes in has the index of the one that does so.

    pip reads all of them with one set of indexes, wherever it is named: it goes down to the
    included files and up to the including ones, the nearest first.
    """
    indexes = {f.path: i.url for f in own for i in f.declarations if isinstance(i, Index) and i.primary}
    if not indexes:
        return tuple(own)
    down = {f.path: [d.path for d in f.declarations if isinstance(d, Include)] for f in own}
    up: dict[str, list[str]] = {}
    for path, targets in down.items():
        for target in targets:
            up.setdefault(target, []).append(path)
    spread = _spread(_spread(_spread(indexes, down), up), down)
    return tuple(
        replace(f, statements=with_default_index(f.statements, spread[f.path])) if f.path in spread else f for f in own
    )


def _spread(indexes: Mapping[str, str], edges: Mapping[str, Sequence[str]]) -> dict[str, str]:
    reached = dict(indexes)
    front = sorted(reached)
    while front:
        following: list[str] = []
        for path in front:
            for target in edges.get(path, ()):
                if target not in reached:
                    reached[target] = reached[path]
                    following.append(target)
        front = following
    return reached


_NAMES = ("requirement", "constraint")
_ENDINGS = ("txt", "in", "pip")

ecosystem = Ecosystem(
    name="requirements",
    patterns=(
        *(f"*{name}*.{ending}" for name in _NAMES for ending in _ENDINGS),
        *(f"**/{name}s/**/*.{ending}" for name in _NAMES for ending in _ENDINGS[:2]),
    ),
    version=1,
    extract=extract,
    complete=complete,
)
