"""For which Pythons a release has compiled wheels. Pure.

https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_INTERPRETER = re.compile(r"cp([0-9])([0-9]{1,3})")
_STABLE = "abi3"
_ANYWHERE = "any"
"""Stands for a wheel that every later Python can install."""


def tags(filenames: Iterable[str]) -> tuple[str, ...]:
    """The Pythons that the compiled wheels among a release's files are for: ``cp312``, ``abi3-cp39`` (3.9 and later).

    None where there is no such wheel, or one that will do for every Python. Wheels for other
    implementations (``pp310``), of Python 2 and of builds without the global lock (``cp313t``) are
    for none that is asked about.
    """
    # A release has many files and few pairs of tags.
    ends = {tuple(name.rsplit("-", 3)[1:3]) for name in filenames if name.endswith(".whl")}
    found = {tag for end in ends if len(end) == 2 for tag in _tags(*end)}
    return () if _ANYWHERE in found else tuple(sorted(found))


@lru_cache(maxsize=4096)
def _tags(python_tag: str, abi_tag: str) -> tuple[str, ...]:
    pythons, abis = python_tag.split("."), abi_tag.split(".")
    if "none" in abis and any(python.startswith("py3") for python in pythons):
        return (_ANYWHERE,)
    if _STABLE in abis:
        return tuple(f"{_STABLE}-{python}" for python in pythons if _line(python))
    return tuple(python for python in pythons if _line(python) and any(_ordinary(abi, python) for abi in abis))


def _ordinary(abi: str, python: str) -> bool:
    """Whether an ABI is the usual one of an interpreter (``cp37m``, ``cp312``), or none in particular."""
    return abi in {"none", python, f"{python}m", f"{python}mu"}


def _line(python: str) -> tuple[int, int] | None:
    found = _INTERPRETER.fullmatch(python)
    return (int(found[1]), int(found[2])) if found and found[1] != "2" else None


def serve(wheels: tuple[str, ...], python: tuple[int, int]) -> bool:
    """Whether a release with these wheels (``Release.wheels``) can be installed on a Python without a compiler.

    True for a release without any: then nothing is claimed.
    """
    return not wheels or any(_serves(wheel, python) for wheel in wheels)


def _serves(wheel: str, python: tuple[int, int]) -> bool:
    stable, _, oldest = wheel.rpartition("-")
    own = _line(oldest)
    return own is not None and (own == python or (bool(stable) and own <= python))
