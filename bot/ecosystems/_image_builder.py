"""What the ecosystems share that state the parents of EC2 Image Builder's recipes by version.

Source: https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_CreateImageRecipe.html (``parentImage``)
"""

from __future__ import annotations

import re

from bot.core.model import Caution, Kind, Obstacle, Package, Pin, SkipReason, Statement
from bot.ecosystems._machine_images import SCHEME
from bot.formats.base import Scalar

REGISTRY = "aws_image_builder"
"""The registry that lists the versions of Amazon's images."""

_FILLED_IN = r"\$\{[^{}]{1,200}\}"
_PARENT = re.compile(
    rf"\"?arn:(?:aws[a-z-]{{0,20}}|{_FILLED_IN}):imagebuilder:(?:[a-z0-9-]{{1,40}}|{_FILLED_IN}):"
    rf"(?P<owner>[a-z0-9-]{{1,40}}|{_FILLED_IN}):image/(?P<name>[a-z0-9_-]{{1,128}})/"
    r"(?P<version>(?:x|[0-9]{1,10})(?:\.(?:x|[0-9]{1,10})){2})(?P<build>/[0-9]{1,10})?\"?"
)
_SAME_VERSION = "the image recipe {} can't be made anew under the same version: raise that too"
_LONGEST = 1000
_LONGEST_NAME = 255


def recipe(name: str) -> Caution:
    """The caution for another parent of an image recipe."""
    return Caution(_SAME_VERSION.format(name[:_LONGEST_NAME]), by_hand=True)


def parent(path: str, scalar: Scalar, name: str) -> Statement | None:
    """The statement of a parent image by version, as the recipe ``name`` gives its ARN; None for any other value.

    Only the version has to be a literal; what stands before it may be filled in (``${AWS::Region}``).
    """
    found = _PARENT.fullmatch(scalar.value) if len(scalar.value) <= _LONGEST else None
    if found is None:
        return None
    held = _held(found)
    span = None if held else scalar.locate(*found.span("version"))
    escaped = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "its version is written with escapes")
    return Statement(
        package=Package(REGISTRY, found["name"]),
        kind=Kind.MACHINE_IMAGE,
        scheme=SCHEME,
        constraint=found["version"],
        pins=() if span is None else (Pin(path, span, found["version"]),),
        line=scalar.line,
        obstacle=held or (escaped if span is None else None),
        lockable=False,
        cautions=(recipe(name),),
    )


def _held(found: re.Match[str]) -> Obstacle | None:
    """Why a parent's version stays as it is, None where it can move."""
    if found["owner"] != "aws":
        return Obstacle(SkipReason.LOCAL, "it is not an image of Amazon's")
    if "x" in found["version"]:
        return Obstacle(SkipReason.FLOATING, "the newest that fits is taken whenever an image is built")
    if found["build"]:
        return Obstacle(
            SkipReason.UNSUPPORTED_CONSTRAINT, f"it is fixed to the build {found['build'][1:]} of its version"
        )
    return None
