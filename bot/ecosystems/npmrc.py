"""``.npmrc``: which registry npm and pnpm ask, for all packages or for a scope.

Nothing else is kept: tokens and passwords stand in the same file. Source:
https://docs.npmjs.com/cli/v11/configuring-npm/npmrc.
"""

from __future__ import annotations

import re

from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Index
from bot.ecosystems import _npm

_SETTING = re.compile(r"[ \t]*(?:(@[^:=\s]{1,214}):)?registry[ \t]*=[ \t]*([^\s;#]+)")
_ENDS = re.compile(r"[\r\n]+")


def extract(path: str, text: str) -> FileFacts:
    """The registries that an ``.npmrc`` sets; where one is set twice the last counts."""
    found: dict[str, tuple[Index, ...]] = {}
    for line in _ENDS.split(text.removeprefix("\ufeff")):
        if line.lstrip().startswith("["):
            break  # keys below the header of a section are not npm's settings
        setting = _SETTING.match(line)
        if setting is not None:
            scope = setting[1] or ""
            found[scope] = _npm.index(setting[2].strip("\"'"), scope)
    return FileFacts(path, "npmrc", (), tuple(one for indexes in found.values() for one in indexes))


ecosystem = Ecosystem(name="npmrc", patterns=(".npmrc",), version=1, extract=extract, hints=("registry",))
