"""Workspace globs, segment by segment: ``*`` is one segment, ``**`` any number of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from bot.core.model import Workspace


def member(folder: str, workspace: Workspace) -> bool:
    """Whether a folder, seen from the workspace's root, belongs to the workspace."""
    return _listed(folder, workspace.members) and not _listed(folder, workspace.excluded)


def _listed(folder: str, globs: Iterable[str]) -> bool:
    parts = folder.split("/")
    return any(_matches(parts, posixpath.normpath(glob).split("/")) for glob in globs)


def _matches(parts: Sequence[str], glob: Sequence[str]) -> bool:
    """Linear, as it keeps all places of the glob that are reached."""
    reached = _passed({0}, glob)
    for part in parts:
        steps = (at for at in reached if at < len(glob) and (glob[at] == "**" or fnmatchcase(part, glob[at])))
        reached = _passed({at if glob[at] == "**" else at + 1 for at in steps}, glob)
    return len(glob) in reached


def _passed(reached: set[int], glob: Sequence[str]) -> set[int]:
    """The places reached, and those behind a ``**`` that stands for nothing."""
    for at in range(len(glob)):
        if at in reached and glob[at] == "**":
            reached.add(at + 1)
    return reached
