"""How a figure is told: what was measured, its limit, and their ratio, which is 1 or less where the limit is kept."""

from __future__ import annotations

Figure = dict[str, float]


def figure(measured: float, limit: float) -> Figure:
    """Something that should be at most ``limit`` (seconds, MB)."""
    return {"measured": round(measured, 4), "at_most": round(limit, 4), "ratio": round(measured / limit, 2)}


def rate(measured: float, least: float) -> Figure:
    """Something that should be at least ``least`` (MB/s)."""
    return {"measured": round(measured, 2), "at_least": least, "ratio": round(least / measured, 2)}
