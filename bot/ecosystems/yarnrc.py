"""``.yarnrc.yml``: the settings of Yarn 2 and later, its catalogs and registries.

Source: https://yarnpkg.com/configuration/yarnrc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Index, Statement
from bot.ecosystems import _npm
from bot.ecosystems._npm_repository import complete
from bot.formats import lines
from bot.formats.base import Node, Table

_READERS: dict[str, Callable[[str, Node], Iterator[Statement]]] = {
    "catalog": _npm.catalog,
    "catalogs": _npm.catalogs,
}
_SERVER = "npmRegistryServer"


def extract(path: str, text: str) -> FileFacts:
    """What a ``.yarnrc.yml`` says; raises ``ParseError`` where it is no YAML mapping."""
    root = _npm.yaml_table(text, ".yarnrc.yml")
    statements = tuple(
        one for key, node in _npm.entries(root) if key.value in _READERS for one in _READERS[key.value](path, node)
    )
    return FileFacts(path, "yarnrc", annotate(statements, lines.annotations(text)), tuple(_indexes(root)))


def _indexes(root: Table) -> Iterator[Index]:
    yield from _npm.index(root.text(_SERVER) or "")
    for scope, table in root.table("npmScopes").tables():
        yield from _npm.index(table.text(_SERVER) or "", f"@{scope.value.removeprefix('@')}")


ecosystem = Ecosystem(
    name="yarnrc",
    patterns=(".yarnrc.yml",),
    version=1,
    extract=extract,
    complete=complete,
    hints=("catalog", _SERVER),
)
