"""Python scripts that state their requirements in a comment block (PEP 723).

Source: https://packaging.python.org/specifications/inline-script-metadata/.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import DeclaredRuntime, FileFacts, Obstacle, ParseError, Pin, SkipReason, Span, Statement
from bot.ecosystems._python import ESCAPE_DETAIL, Sources, requirements
from bot.ecosystems._uv import uv_sources, uv_statements
from bot.formats import lines, toml
from bot.formats.base import Table
from bot.formats.lines import Line

OPENING = "# /// script"
CLOSING = "# ///"


@dataclass(frozen=True, slots=True)
class _Block:
    """The TOML of a script: ``rows`` are (offset in it, offset in the file) of each of its lines."""

    text: str
    rows: tuple[tuple[int, int], ...]
    first_line: int

    def span(self, span: Span) -> Span | None:
        """The span in the file, None for one that goes over the end of a line."""
        row, last = self._row(span.start), self._row(span.end)
        if row != last:
            return None
        shift = self.rows[row][1] - self.rows[row][0]
        return Span(span.start + shift, span.end + shift)

    def _row(self, offset: int) -> int:
        return bisect_right(self.rows, (offset, 1 << 60)) - 1


def extract(path: str, text: str) -> FileFacts:
    """The facts of one script; raises ``ParseError`` for two blocks or invalid TOML in one."""
    block = _block(lines.split(text)) if OPENING in text else None
    if block is None:
        return FileFacts(path, "pep723", ())
    root = _toml(block)
    uv = root.table("tool", "uv")
    sources = Sources()
    uv_sources(uv, sources)
    found = [
        *requirements(root.array("dependencies"), path, "dependencies", lockable=False),
        *uv_statements(uv, path, lockable=False),
    ]
    moved = [_moved(statement, block) for statement in sources.apply(found)]
    python = root.text("requires-python")
    runtime = (DeclaredRuntime("python", "pep440", python.strip()),) if python else ()
    return FileFacts(path, "pep723", annotate(moved, lines.annotations(text)), (*runtime, *sources.indexes))


def _toml(block: _Block) -> Table:
    try:
        return toml.parse(block.text)
    except ParseError as error:
        line = None if error.line is None else error.line + block.first_line - 1
        message = re.sub(r"^line \d+: ", "", str(error))
        raise ParseError(message, line) from error


def _block(split: Sequence[Line]) -> _Block | None:
    """The block of type ``script``, None where there is none that is closed."""
    found: _Block | None = None
    at = 0
    while at < len(split):
        if split[at].text.rstrip() != OPENING:
            at += 1
            continue
        end, after = _closing(split, at + 1)
        if end is not None and found is not None:
            raise ParseError("a second block of script metadata", split[at].number)
        if end is not None:
            found = _content(split[at + 1 : end])
        at = after
    return found


def _closing(split: Sequence[Line], start: int) -> tuple[int | None, int]:
    """The last closing line of the comment that goes on from ``start``, and where that comment ends."""
    end: int | None = None
    for at in range(start, len(split)):
        text = split[at].text
        if text != "#" and not text.startswith("# "):
            return end, at
        if text.rstrip() == CLOSING:
            end = at
    return end, len(split)


def _content(split: Sequence[Line]) -> _Block:
    pieces: list[str] = []
    rows: list[tuple[int, int]] = []
    offset = 0
    for line in split:
        prefix = min(2, len(line.text))
        rows.append((offset, line.span.start + prefix))
        pieces.append(line.text[prefix:])
        offset += len(pieces[-1]) + 1
    return _Block("\n".join(pieces), tuple(rows), split[0].number if split else 0)


def _moved(statement: Statement, block: _Block) -> Statement:
    line = statement.line + block.first_line - 1
    if not statement.pins:
        return replace(statement, line=line)
    (pin,) = statement.pins
    span = block.span(pin.span)
    if span is None:
        obstacle = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, ESCAPE_DETAIL)
        return replace(statement, line=line, pins=(), obstacle=statement.obstacle or obstacle)
    return replace(statement, line=line, pins=(Pin(pin.path, span, pin.text),))


ecosystem = Ecosystem(
    name="pep723",
    patterns=("*.py",),
    version=1,
    extract=extract,
    hints=(OPENING,),
)
