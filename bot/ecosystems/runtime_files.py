"""Files that only name the language runtimes of a project.

Sources: https://github.com/pyenv/pyenv (``.python-version``; rbenv, goenv, jenv, nodenv, tfenv and
tofuenv follow it), https://asdf-vm.com (``.tool-versions``), https://mise.jdx.dev
(``mise.toml``), https://github.com/nvm-sh/nvm (``.nvmrc``),
https://rust-lang.github.io/rustup/overrides.html (``rust-toolchain``),
https://learn.microsoft.com/dotnet/core/tools/global-json; ``runtime.txt`` is Heroku's.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import DeclaredRuntime, FileFacts, Obstacle, SkipReason, Statement
from bot.ecosystems._runtimes import unmoved, word
from bot.formats import json, lines, toml
from bot.formats.base import Array, Node, Scalar, Table

_PYTHON = re.compile(r"(?:c?python[-@]?)?(\d{1,4}(?:\.\d{1,6}){0,2}(?:(?:a|b|rc)\d{1,4})?)", re.IGNORECASE)
_NODE = re.compile(r"(?:node[-@/]?)?(v?\d{1,4}(?:\.\d{1,6}){0,2})", re.IGNORECASE)
_WORD = re.compile(r"\S+")

_SINGLE = {
    ".python-version": "python",
    "runtime.txt": "python",
    ".nvmrc": "node",
    ".node-version": "node",
    ".ruby-version": "ruby",
    ".go-version": "go",
    ".java-version": "java",
    ".terraform-version": "terraform",
    ".opentofu-version": "opentofu",
    "rust-toolchain": "rust",
}
"""The runtime of each file that is about one."""

_TOOLS = {
    "python": "python",
    "nodejs": "node",
    "node": "node",
    "golang": "go",
    "go": "go",
    "ruby": "ruby",
    "java": "java",
    "rust": "rust",
    "php": "php",
    "dotnet": "dotnet",
    "dotnet-core": "dotnet",
    "terraform": "terraform",
    "opentofu": "opentofu",
}
"""The runtime of each plugin of asdf and tool of mise that is one."""

_MISE = ("mise.toml", ".mise.toml", "mise/config.toml", ".mise/config.toml", ".config/mise.toml")
_MISE_DEEP = ".config/mise/config.toml"
_MORE = 20
"""How many versions beside the first are told of, a tool."""
_BESIDE = Obstacle(SkipReason.IGNORED, "it is installed beside the first one, which is the one that runs and moves")


@dataclass(frozen=True, slots=True)
class _Said:
    """A word about a runtime; ``start`` is None where it can't be edited, ``first`` for the one that runs."""

    name: str
    text: str
    start: int | None
    line: int
    first: bool = True


def extract(path: str, text: str) -> FileFacts:
    """The runtimes that the file names; raises ``ParseError`` for a TOML or JSON file that is none."""
    file = posixpath.basename(path)
    said = list(_said(file, text))
    statements = (_statement(path, one) for one in said if file != "runtime.txt" or one.text.startswith("python-"))
    notes = lines.annotations(text, "//" if file == "global.json" else "#")
    declared = (found for one in said if one.first for found in _runtime(one.name, one.text))
    return FileFacts(path, "runtime_files", annotate(statements, notes), tuple(declared))


def _said(file: str, text: str) -> Iterator[_Said]:
    if file == ".tool-versions":
        return _tool_versions(text)
    if file == "global.json":
        return _global_json(text)
    if file == "rust-toolchain.toml" or (file == "rust-toolchain" and "[toolchain]" in text):
        return _texts("rust", toml.parse(text).get("toolchain", "channel"))
    if file in _SINGLE:
        return _plain(_SINGLE[file], text, several=file == ".python-version")
    return _mise(toml.parse(text).table("tools"))


def _statement(path: str, said: _Said) -> Statement:
    found = word(said.name, path, said.text, said.start, said.line)
    return found if said.first else unmoved(found, _BESIDE)


def _plain(name: str, text: str, *, several: bool) -> Iterator[_Said]:
    """One version, the first that stands there; pyenv takes several."""
    words = (_Said(name, found, start, line) for row in _rows(text) for found, start, line in row)
    return _ranked(words, _MORE if several else 0)


def _tool_versions(text: str) -> Iterator[_Said]:
    for (tool, _, _), *versions in _rows(text):
        if tool in _TOOLS:
            yield from _ranked((_Said(_TOOLS[tool], *version) for version in versions), _MORE)


def _rows(text: str) -> Iterator[list[tuple[str, int, int]]]:
    """The words of each line with where they stand and their line, without comments and empty lines."""
    for line in lines.split(text):
        said = line.text.partition("#")[0]
        words = [(found[0], line.span.start + found.start(), line.number) for found in _WORD.finditer(said)]
        if words:
            yield words


def _ranked(words: Iterable[_Said], more: int) -> Iterator[_Said]:
    """The first as it is, and some more as such."""
    every = iter(words)
    yield from islice(every, 1)
    for one in islice(every, more):
        yield _Said(one.name, one.text, one.start, one.line, first=False)


def _mise(tools: Table) -> Iterator[_Said]:
    for key, node in tools.entries:
        if key.value.removeprefix("core:") in _TOOLS:
            yield from _texts(_TOOLS[key.value.removeprefix("core:")], node)


def _texts(name: str, node: Node | None) -> Iterator[_Said]:
    """A version, a table with one, or an array of either."""
    items = node.items if isinstance(node, Array) else (node,)
    versions = (item.get("version") if isinstance(item, Table) else item for item in items)
    scalars = (one for one in versions if isinstance(one, Scalar) and one.string and one.value.strip())
    return _ranked((_scalar(name, one) for one in scalars), _MORE)


def _scalar(name: str, scalar: Scalar) -> _Said:
    span = scalar.locate(0, len(scalar.value))
    return _Said(name, scalar.value, span.start if span else None, scalar.line)


def _global_json(text: str) -> Iterator[_Said]:
    root = json.parse(text, lenient=True)
    return _texts("dotnet", root.get("sdk", "version") if isinstance(root, Table) else None)


def _runtime(name: str, version: str) -> Iterator[DeclaredRuntime]:
    if name not in {"python", "node"}:
        return
    pattern, scheme = (_PYTHON, "pep440") if name == "python" else (_NODE, "npm")
    if found := pattern.fullmatch(version):
        yield DeclaredRuntime(name, scheme, found[1])


ecosystem = Ecosystem(
    name="runtime_files",
    patterns=(*_SINGLE, ".tool-versions", "rust-toolchain.toml", "global.json", *_MISE, _MISE_DEEP),
    version=2,
    extract=extract,
)
