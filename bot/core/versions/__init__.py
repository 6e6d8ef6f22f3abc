"""Version schemes, one file each, found by name: ``scheme("pep440")``."""

from __future__ import annotations

import importlib
from functools import cache
from pkgutil import iter_modules

from bot.core.versions.base import Scheme


def names() -> tuple[str, ...]:
    """The names of all schemes: the modules of this package but ``base`` and shared code ("_…")."""
    return tuple(sorted(m.name for m in iter_modules(__path__) if m.name != "base" and not m.name.startswith("_")))


@cache
def scheme(name: str) -> Scheme:
    """The scheme of this name; raises ``ModuleNotFoundError`` for one that does not exist."""
    module = importlib.import_module(f"{__name__}.{name}")
    found: Scheme = module.scheme
    return found
