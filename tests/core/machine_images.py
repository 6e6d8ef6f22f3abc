"""Images for tests: real names, with what EC2 says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.machine_images import Image, Place, Position, family, place

NOW = datetime(2026, 10, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=30)

AMAZON, ECS, EKS = "137112412989", "591542846629", "602401143452"
CANONICAL, RED_HAT, STRANGER, OURS = "099720109477", "309956199498", "666666666666", "111122223333"

_BASE = Image(
    id="",
    name="",
    owner=AMAZON,
    region="us-east-1",
    architecture="x86_64",
    virtualization="hvm",
    root_device="ebs",
    boot_mode="uefi-preferred",
    ena=True,
    platform="",
    usage_operation="RunInstances",
    product_codes=(),
    created=OLD,
    deprecated=None,
    state="available",
    public=True,
)


def image(name: str, owner: str = AMAZON, **more: Any) -> Image:
    """An image of that name; its id is made of owner, region and name unless one is given."""
    made = replace(_BASE, name=name, owner=owner, **more)
    return made if made.id else replace(made, id=f"ami-{made.owner}-{made.region}-{name}")


def al2023(release: str, **more: Any) -> Image:
    """Amazon Linux 2023 with kernel 6.1; ``release`` such as "3.20240108.0"."""
    return image(f"al2023-ami-2023.{release}-kernel-6.1-x86_64", **more)


def pattern(name: str, owner: str = AMAZON, **more: Any) -> str | None:
    """The pattern of the image's family."""
    found = family(image(name, owner, **more))
    return found.pattern if found else None


def position(name: str, owner: str = AMAZON, **more: Any) -> Position:
    """The image's position in its family."""
    found = place(image(name, owner, **more))
    assert isinstance(found, Place), found
    return found.position
