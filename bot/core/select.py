"""Which files are worth reading, and by which ecosystem. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.ecosystem import Ecosystem


@dataclass(frozen=True, slots=True)
class Selector:
    """Patterns compiled once: file names that match literally, and one expression for the rest."""

    literal: dict[str, tuple[Ecosystem, ...]]
    patterns: tuple[tuple[re.Pattern[str], Ecosystem], ...]
    any_pattern: re.Pattern[str]
    excluded: re.Pattern[str]

    def ecosystems(self, path: str) -> tuple[Ecosystem, ...]:
        """The ecosystems that read this path, in order of their names; none for an excluded one."""
        name = path.rsplit("/", 1)[-1]
        found = self.literal.get(name, ())
        if self.any_pattern.match(path):
            found = (*found, *(ecosystem for pattern, ecosystem in self.patterns if pattern.match(path)))
        if not found or self.excluded.search(f"/{path}"):
            return ()
        return tuple(sorted(set(found), key=lambda ecosystem: ecosystem.name))


def selector(ecosystems: Sequence[Ecosystem], excluded: Iterable[str]) -> Selector:
    """A selector for these ecosystems.

    ``excluded`` are globs: without a slash in it or before it the name of a folder (or file)
    anywhere, with one a path from the root; everything below a folder goes with it.
    """
    literal: dict[str, list[Ecosystem]] = {}
    patterns: list[tuple[re.Pattern[str], Ecosystem]] = []
    for ecosystem in ecosystems:
        for pattern in ecosystem.patterns:
            if re.search(r"[*?/]", pattern):
                patterns.append((re.compile(_expression(pattern), re.DOTALL), ecosystem))
            else:
                literal.setdefault(pattern, []).append(ecosystem)
    whole = "|".join(f"(?:{pattern.pattern})" for pattern, _ in patterns) or r"(?!)"
    return Selector(
        {name: tuple(found) for name, found in literal.items()},
        tuple(patterns),
        re.compile(whole, re.DOTALL),
        re.compile("|".join(_excluded(glob) for glob in excluded) or r"(?!)"),
    )


def _expression(pattern: str) -> str:
    """A glob as an expression over the whole path; one without a slash matches the name in any folder."""
    if "/" not in pattern:
        return rf"(?:.*/)?{_segment(pattern)}\Z"
    parts = [r"(?:[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in pattern.split("/")]
    joined = "".join(parts)
    return (joined[:-1] if joined.endswith("/") else f"{joined}[^/]+") + r"\Z"


def _segment(glob: str) -> str:
    """One path segment: ``*`` and ``?`` stop at a slash; atomic groups keep the match linear."""
    first, *rest = (re.escape(piece).replace(r"\?", "[^/]") for piece in glob.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle) + f"[^/]*{last}"


def _excluded(glob: str) -> str:
    """A policy's glob as an expression over ``/path``.

    The glob may come from a repository: each run of segments between two ``**`` is an atomic
    group, which takes the first place that fits, so that no glob makes the match backtrack.
    """
    clean = glob.removeprefix(".").strip("/") if glob.startswith("./") else glob.strip("/")
    if "/" not in clean and not glob.startswith(("/", "./")):
        return rf"/{_segment(clean)}(?:/|\Z)"
    runs: list[list[str]] = [[]]
    for part in clean.split("/"):
        if part == "**":
            runs.append([])
        elif part:
            runs[-1].append(_segment(part))
    first, *rest = ("".join(f"/{segment}(?=/|\\Z)" for segment in run) for run in runs)
    return rf"\A{first}" + "".join(f"(?>(?:/[^/]+)*?{run})" for run in rest if run) + r"(?:/|\Z)"
