"""The ``[tool.uv]`` table, in pyproject.toml and in script metadata.

Source: https://docs.astral.sh/uv/reference/settings/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.model import Obstacle, SkipReason, Statement, Workspace
from bot.ecosystems._python import GIT_DETAIL, LOCAL_DETAIL, URL_DETAIL, Sources, canonical, requirements
from bot.formats.base import Array, Node, Scalar, Table

GROUPS = {
    "dev-dependencies": "group:dev",
    "constraint-dependencies": "uv:constraints",
    "override-dependencies": "uv:overrides",
    "build-constraint-dependencies": "uv:build-constraints",
}
"""The arrays of requirements and the names that their groups get."""

DIRECT_URL = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, URL_DETAIL)
DIRECT_GIT = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, GIT_DETAIL)
DIRECT_PATH = Obstacle(SkipReason.LOCAL, LOCAL_DETAIL)
WORKSPACE_MEMBER = Obstacle(SkipReason.LOCAL, "it is a member of this workspace")
_REMOTE = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]*://")
_SEVERAL = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "it comes from several indexes, depending on the platform")


def uv_statements(uv: Table, path: str, *, lockable: bool = True) -> Iterator[Statement]:
    """The statements of uv's own arrays of requirements."""
    for key, group in GROUPS.items():
        yield from requirements(uv.array(key), path, group, lockable=lockable and not key.startswith("build"))


def uv_sources(uv: Table, sources: Sources) -> None:
    """Notes the indexes and the sources of packages that ``[tool.uv]`` names."""
    for node in uv.array("index"):
        if isinstance(node, Table) and (url := node.text("url")):
            _index(node, url, sources)
    if url := uv.text("index-url"):
        sources.add_index(url, primary=True)
    for extra in uv.array("extra-index-url"):
        if isinstance(extra, Scalar):
            sources.add_index(extra.value, primary=False)
    for key, node in uv.table("sources").entries:
        _source(canonical(key.value), node, sources)


def uv_workspace(uv: Table) -> Workspace | None:
    """The workspace of which this file is the root."""
    workspace = uv.get("workspace")
    if not isinstance(workspace, Table):
        return None
    return Workspace(_strings(workspace.array("members")), _strings(workspace.array("exclude")))


def _strings(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    return tuple(node.value for node in nodes if isinstance(node, Scalar) and node.string)


def _index(node: Table, url: str, sources: Sources) -> None:
    name = node.text("name")
    if name:
        sources.name(name, url)
    if not truth(node.get("explicit")):
        sources.add_index(url, primary=truth(node.get("default")))


def truth(node: Node | None) -> bool:
    """Whether a value is the boolean true."""
    return isinstance(node, Scalar) and not node.string and node.value == "true"


def _source(package: str, node: Node, sources: Sources) -> None:
    tables = [item for item in (node.items if isinstance(node, Array) else (node,)) if isinstance(item, Table)]
    obstacles = [found for table in tables if (found := direct_table(table))]
    indexes = {name for table in tables if (name := table.text("index"))}
    if obstacles:
        sources.obstacles[package] = obstacles[0]
    elif len(indexes) > 1:
        sources.obstacles[package] = _SEVERAL
    elif indexes:
        sources.name_index(package, indexes.pop())


def direct_table(table: Table) -> Obstacle | None:
    """Why a table that names a repository, a URL or a path can't be moved; None if it names none."""
    if truth(table.get("workspace")):
        return WORKSPACE_MEMBER
    if not {"git", "hg", "svn"}.isdisjoint(table.index):
        return DIRECT_GIT
    if "url" in table.index or _REMOTE.match(table.text("file") or ""):
        return DIRECT_URL
    return DIRECT_PATH if not {"path", "file"}.isdisjoint(table.index) else None
