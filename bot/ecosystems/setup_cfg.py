"""setup.cfg as setuptools reads it.

Source: https://setuptools.pypa.io/en/latest/userguide/declarative_config.html; the syntax is
that of ``configparser`` in the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Declaration,
    DeclaredRole,
    DeclaredRuntime,
    FileFacts,
    Include,
    Obstacle,
    ParseError,
    Role,
    SkipReason,
    Span,
    Statement,
)
from bot.ecosystems._python import Locate, Place, beside, requirement
from bot.ecosystems._runtimes import Range, floor
from bot.formats import lines
from bot.formats.lines import Line

_SECTION = re.compile(r"\[([^\]]*)\]")
_OPTION = re.compile(r"([^=:\s][^=:]*?)\s*[=:]")
_COMMENT = re.compile(r"\s#.*")
_GROUPS = {"install_requires": "dependencies", "setup_requires": "build-system", "tests_require": "tests"}
_REFERENCE = re.compile(r"%\(([^)]*)\)s")
_INTERPOLATED = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "it takes in another option of the file; write it plainly")
_PUBLIC = ("classifiers", "classifier", "url", "project_urls", "license", "long_description", "description_file")


@dataclass(slots=True)
class _Option:
    """One option: its value in pieces (text, offset in the file, line), the first on the key's own line."""

    section: str
    key: str
    pieces: list[tuple[str, int, int]] = field(default_factory=list)


def extract(path: str, text: str) -> FileFacts:
    """The facts of one setup.cfg; raises ``ParseError`` where ``configparser`` would."""
    options = list(_options(text))
    listed = frozenset((option.section, option.key) for option in options if _group(option))
    statements = [statement for option in options for statement in _statements(option, path, listed)]
    declarations = [found for option in options for found in _declarations(option, path)]
    return FileFacts(
        path,
        "setup_cfg",
        annotate(statements, lines.annotations(text)),
        (*declarations, *_role(options)),
    )


def _options(text: str) -> Iterator[_Option]:
    section: str | None = None
    option: _Option | None = None
    indent = 0
    for line in lines.split(text):
        body = line.text.strip()
        if not body or body[0] in "#;":
            continue
        depth = len(line.text) - len(line.text.lstrip())
        if option is not None and depth > indent:
            option.pieces.append((body, line.span.start + depth, line.number))
            continue
        if option is not None:
            yield option
        option, indent = None, depth
        if header := _SECTION.match(body):
            section = header[1]
            continue
        if section is None:
            raise ParseError("an option stands before the first [section]", line.number)
        option = _option(section, line, depth)
    if option is not None:
        yield option


def _option(section: str, line: Line, depth: int) -> _Option:
    found = _OPTION.match(line.text, depth)
    if found is None:
        raise ParseError("neither a [section] nor an option with a value", line.number)
    value = line.text[found.end() :].strip()
    start = line.text.index(value, found.end()) if value else found.end()
    return _Option(section, _key(found[1]), [(value, line.span.start + start, line.number)])


def _key(name: str) -> str:
    return name.lower().replace("-", "_")


def _group(option: _Option) -> str | None:
    if option.section == "options":
        return _GROUPS.get(option.key)
    return f"optional:{option.key}" if option.section == "options.extras_require" else None


def _statements(option: _Option, path: str, listed: frozenset[tuple[str, str]]) -> Iterator[Statement]:
    """The statements of an option; one that only repeats another option of the section (``%(name)s``) has none.

    Source: https://docs.python.org/3/library/configparser.html#configparser.BasicInterpolation.
    """
    group = _group(option)
    if python := _python(option):
        yield floor("python", "pep440", path, python)
    if group is None or option.pieces[0][0].startswith("file:"):
        return
    for text, start, number in _items(option.pieces):
        place = Place(path, number, _locate(start), group, lockable=group != "build-system")
        reference = _REFERENCE.search(text)
        if reference is None:
            yield requirement(text, place)
        elif reference[0] != text or (option.section, _key(reference[1])) not in listed:
            yield place.blocked(text, _INTERPOLATED)


def _items(pieces: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """One piece a requirement: a value on one line is split at semicolons, as setuptools does."""
    if len(pieces) > 1:
        for value, start, number in pieces:
            text = _COMMENT.sub("", value).rstrip()
            if text:
                yield text, start, number
        return
    value, start, number = pieces[0]
    for found in re.finditer(r"[^;]+", value):
        if text := found[0].strip():
            yield text, start + found.start() + found[0].index(text), number


def _locate(start: int) -> Locate:
    return lambda first, last: Span(start + first, start + last)


def _declarations(option: _Option, path: str) -> Iterator[Declaration]:
    value = option.pieces[0][0]
    if python := _python(option):
        yield DeclaredRuntime("python", "pep440", python.text)
    if _group(option) and value.startswith("file:"):
        targets = (beside(path, name.strip()) for name in value.removeprefix("file:").split(","))
        yield from (Include(target) for target in targets if target)


def _python(option: _Option) -> Range | None:
    """The Pythons that the project runs on, where one line says them."""
    said = [piece for piece in option.pieces if piece[0]]
    if (option.section, option.key) != ("options", "python_requires") or len(said) != 1:
        return None
    text, start, line = said[0]
    return Range(text, Span(start, start + len(text)), line)


def _role(options: Sequence[_Option]) -> Iterator[DeclaredRole]:
    """A named project is a library once it says anything to the public."""
    keys = {option.key for option in options if option.section == "metadata"}
    if "name" not in keys:
        return
    private = any("Private :: Do Not Upload" in piece[0] for option in options for piece in option.pieces)
    public = not private and any(key in keys for key in _PUBLIC)
    yield DeclaredRole(Role.LIBRARY if public else Role.APPLICATION)


ecosystem = Ecosystem(
    name="setup_cfg",
    patterns=("setup.cfg",),
    version=2,
    extract=extract,
    hints=("_require", "-require", "[metadata]"),
)
