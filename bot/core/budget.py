"""How many writes GitHub takes, what they go to first when there are too many, and how many upgrades that carries."""

from __future__ import annotations

from enum import IntEnum


class Work(IntEnum):
    """What a write is for; the first goes first when not all fit."""

    SECURITY = 0
    REVERT = 1
    MERGE = 2
    NEW = 3
    UPDATE = 4
    DASHBOARD = 5
