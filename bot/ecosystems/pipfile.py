"""Pipfile, the manifest of Pipenv.

Source: https://pipenv.pypa.io/en/latest/pipfile.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import Declaration, DeclaredRuntime, FileFacts, Obstacle, SkipReason, Statement
from bot.ecosystems._python import NAME, Sources, at, bounded, canonical, versioned
from bot.ecosystems._uv import direct_table
from bot.formats import lines, toml
from bot.formats.base import Array, Scalar, Table

_OTHER = frozenset({"source", "requires", "scripts", "pipenv"})
_GROUPS = {"packages": "dependencies", "dev-packages": "dev"}
_MARKERS = (
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_version",
    "python_full_version",
    "implementation_name",
    "implementation_version",
)


def extract(path: str, text: str) -> FileFacts:
    """The facts of one Pipfile; raises ``ParseError`` for invalid TOML."""
    root = toml.parse(text)
    sources = Sources()
    _sources(root, sources)
    sections = [(key.value, table) for key, table in root.tables() if key.value not in _OTHER]
    for _, table in sections:
        for key, node in table.tables():
            if index := node.text("index"):
                sources.name_index(key.value, index)
    found = [s for name, table in sections for s in _section(name, table, path)]
    statements = annotate(sources.apply(found), lines.annotations(text))
    return FileFacts(path, "pipfile", statements, (*_runtimes(root), *sources.indexes))


def _sources(root: Table, sources: Sources) -> None:
    """The first source stands in for the default index, unless it is the default by name."""
    for position, node in enumerate(root.array("source")):
        if not isinstance(node, Table) or not (url := node.text("url")):
            continue
        public = node.text("name") == "pypi"
        sources.name(node.text("name") or "", None if public else url)
        if not public:
            sources.add_index(url, primary=position == 0)


def _section(name: str, table: Table, path: str) -> Iterator[Statement]:
    group = _GROUPS.get(name, f"group:{name}")
    for key, node in table.entries:
        if not isinstance(node, Array):
            yield _entry(key, node, path, group)


def _entry(key: Scalar, node: Scalar | Table, path: str, group: str) -> Statement:
    place = at(key, path, group)
    if not re.fullmatch(NAME, key.value):
        return place.blocked(key.value, Obstacle(SkipReason.INVALID_NAME, "it is no valid name (PEP 508)"))
    if isinstance(node, Scalar):
        return versioned(key.value, node, at(node, path, group))
    marker = _marker(node)
    if obstacle := direct_table(node):
        return place.blocked(key.value, obstacle, marker)
    version = node.get("version")
    if not isinstance(version, Scalar):
        return place.stated(canonical(key.value), "", (), marker=marker)
    stated = versioned(key.value, version, at(version, path, group))
    return replace(stated, context=replace(stated.context, marker=bounded(marker)))


def _marker(table: Table) -> str:
    """The marker (PEP 508) of an entry: ``markers``, and keys named like its variables."""
    parts = [table.text("markers") or ""]
    parts += [f"{key} {value}" for key in _MARKERS if (value := table.text(key))]
    given = [part for part in parts if part]
    return " and ".join(f"({part})" for part in given) if len(given) > 1 else "".join(given)


def _runtimes(root: Table) -> Iterator[Declaration]:
    requires = root.table("requires")
    version = requires.text("python_full_version") or requires.text("python_version")
    if version:
        yield DeclaredRuntime("python", "pep440", version)


ecosystem = Ecosystem(
    name="pipfile",
    patterns=("Pipfile",),
    version=1,
    extract=extract,
)
