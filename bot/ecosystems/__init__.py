"""Ecosystems, one file each, found by walking this package. Pure."""

from __future__ import annotations

import importlib
from functools import cache
from pkgutil import iter_modules

from bot.core.ecosystem import Ecosystem


@cache
def built_in() -> tuple[Ecosystem, ...]:
    """Every ecosystem of this package, by name (a module whose name starts with "_" is shared code)."""
    names = sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))
    return tuple(importlib.import_module(f"{__name__}.{name}").ecosystem for name in names)
