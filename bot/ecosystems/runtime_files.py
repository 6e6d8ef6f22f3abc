"""Files that only name the language runtime of a project.

Sources: https://github.com/pyenv/pyenv (``.python-version``), https://asdf-vm.com
(``.tool-versions``), https://github.com/nvm-sh/nvm (``.nvmrc``); ``runtime.txt`` is Heroku's.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from bot.core.ecosystem import Ecosystem
from bot.core.model import DeclaredRuntime, FileFacts
from bot.formats import lines

_PYTHON = re.compile(r"(?:c?python[-@]?)?(\d{1,4}(?:\.\d{1,6}){0,2}(?:(?:a|b|rc)\d{1,4})?)", re.IGNORECASE)
_NODE = re.compile(r"(?:node[-@/]?)?(v?\d{1,4}(?:\.\d{1,6}){0,2})", re.IGNORECASE)
_TOOLS = {"python": "python", "nodejs": "node", "node": "node"}


def extract(path: str, text: str) -> FileFacts:
    """The runtimes that the file names as versions; aliases (``lts/*``, ``system``) name none."""
    return FileFacts(path, "runtime_files", (), tuple(_runtimes(posixpath.basename(path), text)))


def _runtimes(file: str, text: str) -> Iterator[DeclaredRuntime]:
    rows = [words for line in lines.split(text) if (words := line.text.partition("#")[0].split())]
    if file == ".tool-versions":
        for tool, *versions in rows:
            if tool in _TOOLS and versions:
                yield from _runtime(_TOOLS[tool], versions[0])
    elif rows:
        yield from _runtime("node" if file in {".nvmrc", ".node-version"} else "python", rows[0][0])


def _runtime(name: str, version: str) -> Iterator[DeclaredRuntime]:
    pattern, scheme = (_PYTHON, "pep440") if name == "python" else (_NODE, "npm")
    if found := pattern.fullmatch(version):
        yield DeclaredRuntime(name, scheme, found[1])


ecosystem = Ecosystem(
    name="runtime_files",
    patterns=(".python-version", "runtime.txt", ".tool-versions", ".nvmrc", ".node-version"),
    version=1,
    extract=extract,
)
