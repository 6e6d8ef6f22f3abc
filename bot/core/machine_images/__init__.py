"""Machine images (AMI ids): whose they are, which family they belong to, and which one follows.

Pure. The registry describes images, this decides: ``place`` reads an owner and a name by a table of
publisher grammars, ``newest`` and ``newest_everywhere`` choose, ``major_successors`` only answers.
"""

from bot.core.machine_images.choose import newest, newest_everywhere
from bot.core.machine_images.grammar import family, owners, partition, place
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
from bot.core.machine_images.parameters import recommended_parameter
from bot.core.machine_images.successors import major_successors, succeeds
from bot.core.model import Image

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
