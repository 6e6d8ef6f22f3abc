"""Machine images (AMI ids): whose they are, which family they belong to, and which one follows.

Pure. The registry describes images, this decides: ``place`` reads an owner and a name by a table of
publisher grammars, ``newest`` and ``newest_everywhere`` choose, ``major_successors`` only answers.
The tables are loaded when they are first asked for: most scans meet no machine image.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from bot.core.machine_images.model import (
    Choice,
    Chosen,
    Everywhere,
    Family,
    ImageRules,
    Kept,
    MapChoice,
    OperatorFamily,
    Order,
    Place,
    Position,
    Reason,
    TrustedOwner,
)
from bot.core.model import Image

if TYPE_CHECKING:
    from bot.core.machine_images.choose import newest, newest_everywhere
    from bot.core.machine_images.grammar import family, owners, partition, place
    from bot.core.machine_images.parameters import recommended_parameter
    from bot.core.machine_images.successors import major_successors, succeeds

_LATER = {
    "newest": "choose",
    "newest_everywhere": "choose",
    "family": "grammar",
    "owners": "grammar",
    "partition": "grammar",
    "place": "grammar",
    "recommended_parameter": "parameters",
    "major_successors": "successors",
    "succeeds": "successors",
}

__all__ = [
    "Choice",
    "Chosen",
    "Everywhere",
    "Family",
    "Image",
    "ImageRules",
    "Kept",
    "MapChoice",
    "OperatorFamily",
    "Order",
    "Place",
    "Position",
    "Reason",
    "TrustedOwner",
    "family",
    "major_successors",
    "newest",
    "newest_everywhere",
    "owners",
    "partition",
    "place",
    "recommended_parameter",
    "succeeds",
]


def __getattr__(name: str) -> object:
    """What is loaded later (PEP 562); raises ``AttributeError`` for what there is not."""
    if name not in _LATER:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
