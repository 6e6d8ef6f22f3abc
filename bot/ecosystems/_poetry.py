"""The ``[tool.poetry]`` table of pyproject.toml.

Source: https://python-poetry.org/docs/dependency-specification/ and
https://python-poetry.org/docs/repositories/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.model import DeclaredRuntime, Obstacle, SkipReason, Statement
from bot.ecosystems._python import NAME, Place, Sources, at, bounded, canonical, versioned
from bot.ecosystems._uv import direct_table, truth
from bot.formats.base import Array, Node, Scalar, Table

_PYTHON_CLAUSE = re.compile(r"\s*,?\s*(\^|~=|~|[<>=!]=|[<>=])?\s*v?(\d+(?:\.\d+)*)(\.\*)?\s*")


def poetry_statements(poetry: Table, path: str, listed: frozenset[str]) -> Iterator[Statement]:
    """The statements of every section, Python itself left out.

    ``listed`` are the packages that ``[project]`` states: an entry without a version only says
    more about one of them.
    """
    for group, lockable, section in _sections(poetry):
        for key, node in section.entries:
            if key.value.lower() != "python":
                yield from _entry(key, node, _Section(path, group, lockable, listed))


@dataclass(frozen=True, slots=True)
class _Section:
    """Where an entry stands."""

    path: str
    group: str
    lockable: bool
    listed: frozenset[str]

    def place(self, scalar: Scalar) -> Place:
        return at(scalar, self.path, self.group, lockable=self.lockable, scheme="poetry")


def _sections(poetry: Table) -> Iterator[tuple[str, bool, Table]]:
    yield "dependencies", True, poetry.table("dependencies")
    yield "dev", True, poetry.table("dev-dependencies")
    for key, group in poetry.table("group").tables():
        yield f"group:{key.value}", True, group.table("dependencies")
    yield "poetry:plugins", False, poetry.table("requires-plugins")


def _entry(key: Scalar, node: Node, section: _Section) -> Iterator[Statement]:
    if isinstance(node, Array):
        for item in node.items:
            if not isinstance(item, Array):
                yield from _entry(key, item, section)
        return
    place = section.place(key)
    if not re.fullmatch(NAME, key.value):
        yield place.blocked(key.value[:80], Obstacle(SkipReason.INVALID_NAME, "it is no valid name (PEP 508)"))
    elif isinstance(node, Scalar):
        yield versioned(key.value, node, section.place(node))
    else:
        yield from _table(key.value, node, section, place)


def _table(name: str, table: Table, section: _Section, place: Place) -> Iterator[Statement]:
    marker = _marker(table)
    version = table.get("version")
    if obstacle := direct_table(table):
        yield place.blocked(name, obstacle, marker)
    elif isinstance(version, Scalar):
        stated = versioned(name, version, section.place(version))
        yield replace(stated, context=replace(stated.context, marker=bounded(marker)))
    elif canonical(name) not in section.listed:
        yield place.stated(canonical(name), "", (), marker=marker)


def _marker(table: Table) -> str:
    """The marker (PEP 508) that the keys ``markers`` and ``python`` make together."""
    parts = [table.text("markers") or "", python_marker(table.text("python") or "")]
    given = [part for part in parts if part]
    return f"({given[0]}) and ({given[1]})" if len(given) > 1 else "".join(given)


def python_marker(constraint: str) -> str:
    """Poetry's ``python`` constraint as a marker, "" for one that can't be told in markers."""
    alternatives = [_alternative(text) for text in re.split(r"\|\|?", constraint[:200])]
    if not all(alternatives):
        return ""
    return " or ".join(f"({a})" for a in alternatives) if len(alternatives) > 1 else alternatives[0]


def _alternative(text: str) -> str:
    parts: list[str] = []
    offset = 0
    while offset < len(text):
        found = _PYTHON_CLAUSE.match(text, offset)
        if found is None:
            return ""
        parts += _clause(found[1] or "", found[2], wild=bool(found[3]))
        offset = found.end()
    return " and ".join(parts)


def _clause(operator: str, version: str, *, wild: bool) -> list[str]:
    numbers = [int(number[:6]) for number in version.split(".")]
    variable = "python_version" if len(numbers) <= 2 else "python_full_version"
    if operator in {"^", "~", "~="} or wild:
        step = 1 if operator == "^" or len(numbers) == 1 else 2
        ceiling = ".".join(map(str, [*numbers[: step - 1], numbers[step - 1] + 1]))
        return [f'{variable} >= "{version}"', f'python_version < "{ceiling}"']
    return [f'{variable} {"==" if operator in {"", "="} else operator} "{version}"']


def poetry_sources(poetry: Table, sources: Sources) -> None:
    """Notes the sources, and which of them stands in for the default index.

    A source without an address is PyPI itself; where it is a primary source too, no other one
    stands in for it.
    """
    tables = [node for node in poetry.array("source") if isinstance(node, Table)]
    public = any(t.text("url") is None and _priority(t) in {"default", "primary"} for t in tables)
    for table in tables:
        url, name = table.text("url"), table.text("name")
        if name:
            sources.name(name, url)
        if url and _priority(table) != "explicit":
            sources.add_index(url, primary=_priority(table) in {"default", "primary"} and not public)


def poetry_explicit(poetry: Table, sources: Sources) -> None:
    """Notes which packages name the source that they come from."""
    for _, _, section in _sections(poetry):
        for key, node in section.entries:
            for item in node.items if isinstance(node, Array) else (node,):
                if isinstance(item, Table) and (source := item.text("source")):
                    sources.name_index(key.value, source)


def _priority(source: Table) -> str:
    if truth(source.get("secondary")):
        return "secondary"
    return (source.text("priority") or "primary").lower()


def poetry_runtime(poetry: Table) -> DeclaredRuntime | None:
    """The Python that ``[tool.poetry.dependencies]`` asks for."""
    node = poetry_python(poetry)
    text = node.value.strip() if node is not None and node.string else ""
    return DeclaredRuntime("python", "poetry", text) if text else None


def poetry_python(poetry: Table) -> Scalar | None:
    """The value that says it."""
    node = poetry.get("dependencies", "python")
    node = node.get("version") if isinstance(node, Table) else node
    return node if isinstance(node, Scalar) else None
