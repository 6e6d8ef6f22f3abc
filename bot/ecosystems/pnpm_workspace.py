"""``pnpm-workspace.yaml``: pnpm's workspace, its catalogs and overrides.

Source: https://pnpm.io/pnpm-workspace_yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Statement
from bot.ecosystems import _npm
from bot.ecosystems._npm_repository import complete
from bot.formats import lines
from bot.formats.base import Node

_READERS: dict[str, Callable[[str, Node], Iterator[Statement]]] = {
    "catalog": _npm.catalog,
    "catalogs": _npm.catalogs,
    "overrides": _npm.selected_overrides,
}


def extract(path: str, text: str) -> FileFacts:
    """What a ``pnpm-workspace.yaml`` says; raises ``ParseError`` where it is no YAML mapping."""
    root = _npm.yaml_table(text, "pnpm-workspace.yaml")
    statements = tuple(
        one for key, node in _npm.entries(root) if key.value in _READERS for one in _READERS[key.value](path, node)
    )
    noted = annotate(statements, lines.annotations(text))
    return FileFacts(path, "pnpm_workspace", noted, _npm.workspace(root.array("packages")))


ecosystem = Ecosystem(
    name="pnpm_workspace",
    patterns=("pnpm-workspace.yaml",),
    version=1,
    extract=extract,
    complete=complete,
)
