"""Lock files of ``[[package]]`` blocks that machines write, read line by line for speed.

A whole TOML parse of a large lock file takes seconds; what is needed stands at the top of each
block in the plain form that the tools write. The list of a package's files is most of the text: its
lines are not looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.model import ParseError
from bot.core.wheels import tags

_BLOCK = re.compile(r"^\[\[(?:package|distribution)\]\][ \t]*\r?$", re.MULTILINE)
_SUBTABLE = re.compile(r"^\[(?:package|distribution)\.", re.MULTILINE)
_FIELD = re.compile(
    r'^([a-z_-]{1,40}) = (?:"([^"\\\r\n]*(?:\\["\\][^"\\\r\n]*)*)"|(\{[^\r\n]*\}|true|false))', re.MULTILINE
)
_APART = "\n[metadata.files]"
_FILES = re.compile(r'^"?([^"\s\[\]=]{1,200}(?: [^"\s\[\]=]{1,200})?)"? = \[', re.MULTILINE)
_LONGEST = 300
"""Code points of a marker that is looked at; real ones have fewer than a hundred."""
_CEILING = re.compile(r"\s*(<=?|==|~=)\s*([0-9][0-9a-z.*]{0,30})\s*")
MOST_MARKERS = 20
"""So many markers of one package are kept; real ones have a few."""
_ANYWHERE = 'py3-none-any.whl"'
_OTHER = re.compile(r"^\[(?!\[?(?:package|distribution)\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One package: its plain fields, what stands before and in the list of its files, and its sub-tables."""

    fields: dict[str, str]
    own: str
    files: str
    below: str

    @property
    def name(self) -> str:
        """The package's name."""
        return self.fields["name"]

    @property
    def version(self) -> str | None:
        """The version, None for a package that has none (a member of a workspace)."""
        return self.fields.get("version")

    @property
    def wheels(self) -> tuple[str, ...]:
        """The Pythons that its compiled wheels are for (``Locked.wheels``)."""
        return wheels(self.files)

    @property
    def marker(self) -> str:
        """The environment marker that it bears, "" for none or one in several parts."""
        text = self.fields.get("markers") or self.fields.get("marker", "")
        return "" if text.startswith("{") else text.replace('\\"', '"').replace("\\\\", "\\")


def head(text: str) -> str:
    """What stands before the first package."""
    first = _BLOCK.search(text)
    return text[: first.start()] if first else text


def wheels(files: str) -> tuple[str, ...]:
    """The Pythons that the wheels of a list of files are compiled for (``Locked.wheels``)."""
    if _ANYWHERE in files:
        return ()
    return tags(f"{name}.whl" for name in files.split('.whl"')[:-1])


def files_apart(text: str) -> dict[str, str]:
    """The lists of files by what stands before them, in older locks that keep them in a table of their own."""
    table = text.find(_APART)
    if table < 0:
        return {}
    starts = [(found[1], found.end()) for found in _FILES.finditer(text, table + len(_APART))]
    ends = [start for _, start in starts[1:]]
    return {name: text[start:end] for (name, start), end in zip(starts, [*ends, len(text)], strict=False)}


def ceiling(python: str) -> str:
    """The Pythons at which a range of them ends (``>=3.10, <3.13``), as a marker; "" where it is open."""
    clauses = (_CEILING.fullmatch(clause) for clause in python.split(","))
    return " and ".join(f"python_full_version {clause[1]} '{clause[2]}'" for clause in clauses if clause)


def within(markers: tuple[str, ...], ceilings: tuple[str, ...]) -> tuple[str, ...]:
    """The markers that are true where one of both is; very many limit nothing."""
    if not markers or not ceilings:
        return markers or ceilings
    both = tuple(f"({marker}) and {ceiling}" for marker in markers for ceiling in ceilings)
    return both if len(both) <= MOST_MARKERS else ceilings


def said(marker: str) -> tuple[str, ...]:
    """A marker as ``Locked.markers``: what extras decide counts as if nothing limited it, nor does a very long one."""
    return (marker,) if marker and len(marker) <= _LONGEST and "extra" not in marker else ()


def blocks(text: str, files: str = "files") -> Iterator[Block]:
    """The packages in order, ``files`` being the key of their files; raises ``ParseError`` for one without a name."""
    starts = [found.span() for found in _BLOCK.finditer(text)]
    ends = [start for start, _ in starts[1:]]
    for (start, top), end in zip(starts, [*ends, len(text)], strict=False):
        yield _block(text, (start, top, end), f"\n{files} = [")


def _block(text: str, at: tuple[int, int, int], files: str) -> Block:
    start, top, end = at
    below = _SUBTABLE.search(text, top, end)
    other = _OTHER.search(text, top, end)
    end = other.start() if other else end
    middle = min(below.start() if below else end, end)
    opened, closed = _list(text, files, top, middle)
    fields = {
        m[1]: m[2] if m[2] is not None else m[3]
        for part in ((top, opened), (closed, middle))
        for m in _FIELD.finditer(text, *part)
    }
    if not fields.get("name"):
        raise ParseError("a package without a plain name", text.count("\n", 0, start) + 1)
    return Block(fields, text[top:opened], text[opened:closed], text[middle:end])


def _list(text: str, opening: str, start: int, end: int) -> tuple[int, int]:
    """Where a list begins and ends: on its line, or at a bracket that stands at the beginning of another one."""
    opened = text.find(opening, start, end)
    if opened < 0:
        return end, end
    line = text.find("\n", opened + 1, end)
    if line >= 0 and text[opened + len(opening) : line].strip() == "":
        line = text.find("\n]", line, end)
    return opened, line if line >= 0 else end
