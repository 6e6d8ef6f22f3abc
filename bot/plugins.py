"""Ecosystems and registries: the built-in ones, and those that other distributions bring.

A distribution brings one through the entry-point groups ``freshline.ecosystems`` and
``freshline.registries`` (https://packaging.python.org/en/latest/specifications/entry-points/):
an entry that names an ``Ecosystem``, or an object that is a ``Registry``. Only the operator
installs distributions; a repository can bring none.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from bot import ecosystems as own_ecosystems
from bot import registries as own_registries
from bot.core.ecosystem import Ecosystem
from bot.core.errors import ExpectedError
from bot.registries.base import Registry

ECOSYSTEMS = "freshline.ecosystems"
REGISTRIES = "freshline.registries"


class PluginError(ExpectedError):
    """An entry point that can't be used: which, what is wrong, and what to do."""


@cache
def ecosystems() -> tuple[Ecosystem, ...]:
    """Every ecosystem, in order of name; raises ``PluginError``."""
    known = {one.name: one for one in own_ecosystems.built_in()}
    for entry in entry_points(group=ECOSYSTEMS):
        found = _loaded(entry)
        if not isinstance(found, Ecosystem):
            raise _unusable(entry, "it is no Ecosystem")
        if found.name in known:
            raise _unusable(entry, f"there is an ecosystem {found.name} already")
        known[found.name] = found
    return tuple(known[name] for name in sorted(known))


@cache
def registries() -> Mapping[str, Registry]:
    """Every registry by name; raises ``PluginError``."""
    own, brought = own_registries.built_in(), dict[str, Registry]()
    for entry in entry_points(group=REGISTRIES):
        found = _loaded(entry)
        name = getattr(found, "name", None)
        if not isinstance(name, str) or not all(hasattr(found, part) for part in ("scheme", "default_url", "fetch")):
            raise _unusable(entry, "it is no Registry")
        if name in own or name in brought:
            raise _unusable(entry, f"there is a registry {name} already")
        brought[name] = found
    # Only looked up, never written to: a ChainMap's type asks for more than it needs.
    return ChainMap(brought, cast("MutableMapping[str, Registry]", own)) if brought else own


def _loaded(entry: EntryPoint) -> Registry:
    """What the entry names; the type is checked by those who asked."""
    try:
        found: Registry = entry.load()
    except (ImportError, AttributeError) as error:
        raise _unusable(entry, f"it can't be loaded ({error})") from error
    return found


def _unusable(entry: EntryPoint, problem: str) -> PluginError:
    source = entry.dist.name if entry.dist else entry.value
    return PluginError(f"the plugin {entry.name} of {source} can't be used: {problem}; correct or uninstall {source}")
