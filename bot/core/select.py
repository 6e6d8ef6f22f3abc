"""Which files are worth reading, and by which ecosystem. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.ecosystem import Ecosystem

_Ending = tuple[str, Ecosystem]
_Whole = tuple[re.Pattern[str], Ecosystem]


@dataclass(frozen=True, slots=True)
class Selector:
    """Patterns sorted so that a path is compared with few: by whole names, by extensions, and the rest.

    ``endings`` and ``wholes`` go by what stands behind the last dot of a file's name; under "" are
    the expressions of patterns that say no extension.
    """

    literal: dict[str, tuple[Ecosystem, ...]]
    endings: dict[str, tuple[_Ending, ...]]
    wholes: dict[str, tuple[_Whole, ...]]
    excluded: re.Pattern[str]

    def ecosystems(self, path: str) -> tuple[Ecosystem, ...]:
        """The ecosystems that read this path, in order of their names; none for an excluded one."""
        name = path.rsplit("/", 1)[-1]
        extension = name.rpartition(".")[2]
        found = {
            *self.literal.get(name, ()),
            *(ecosystem for ending, ecosystem in self.endings.get(extension, ()) if name.endswith(ending)),
            *(ecosystem for whole, ecosystem in self.wholes.get(extension, ()) if whole.match(f"/{path}")),
            *(ecosystem for whole, ecosystem in self.wholes.get("", ()) if whole.match(f"/{path}")),
        }
        if not found or self.excluded.search(f"/{path}"):
            return ()
        return tuple(sorted(found, key=lambda ecosystem: ecosystem.name))


_SUFFIX = re.compile(r"\*((?:\.[^*?/.]+)+)")
_EXTENSION = re.compile(r"\.([^*?/.]+)\Z")


def selector(ecosystems: Sequence[Ecosystem], excluded: Iterable[str]) -> Selector:
    """A selector for these ecosystems.

    ``excluded`` are globs: without a slash in it or before it the name of a folder (or file)
    anywhere, with one a path from the root; everything below a folder goes with it.
    """
    literal: dict[str, list[Ecosystem]] = defaultdict(list)
    endings: dict[str, list[_Ending]] = defaultdict(list)
    wholes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    named = {ecosystem.name: ecosystem for ecosystem in ecosystems}
    for ecosystem in ecosystems:
        for pattern in ecosystem.patterns:
            suffix, extension = _SUFFIX.fullmatch(pattern), _EXTENSION.search(pattern)
            if not re.search(r"[*?/]", pattern):
                literal[pattern].append(ecosystem)
            elif suffix and extension:
                endings[extension[1]].append((suffix[1], ecosystem))
            else:
                wholes[extension[1] if extension else ""][ecosystem.name].append(_expression(pattern))
    return Selector(
        {name: tuple(found) for name, found in literal.items()},
        {extension: tuple(found) for extension, found in endings.items()},
        {
            extension: tuple((_any(patterns), named[name]) for name, patterns in found.items())
            for extension, found in wholes.items()
        },
        re.compile("|".join(_excluded(glob) for glob in excluded) or r"(?!)"),
    )


def _any(expressions: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{expression})" for expression in expressions), re.DOTALL)


def _expression(pattern: str) -> str:
    """A glob as an expression over ``/path``; one without a slash matches the name in any folder.

    Policy may name globs too: each run of segments between two ``**`` takes the first place that
    fits, in an atomic group, so that no glob makes the match backtrack.
    """
    if "/" not in pattern:
        return rf".*/{_segment(pattern)}\Z"
    runs: list[list[str]] = [[]]
    for part in pattern.strip("/").split("/"):
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_segment(part))
    if not runs[-1]:
        runs[-1].append("[^/]+")  # below a folder is something
    first, *rest = ("".join(f"/{segment}" for segment in run) for run in runs)
    if not rest:
        return rf"{first}\Z"
    *middle, last = rest
    between = "".join(f"(?>(?:/[^/]+)*?{run}(?=/))" for run in middle if run)
    return rf"{first}{between}(?>(?:/[^/]+)*?{last}\Z)"


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
