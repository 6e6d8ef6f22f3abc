"""What an ecosystem module gives: how to recognise, read and complete one kind of manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.core.model import FileFacts

Extract = Callable[[str, str], FileFacts]
Complete = Callable[[Sequence[FileFacts], Sequence[FileFacts]], tuple[FileFacts, ...]]


def as_they_are(own: Sequence[FileFacts], _every: Sequence[FileFacts]) -> tuple[FileFacts, ...]:
    """The default for ``complete``: nothing crosses files."""
    return tuple(own)


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """One kind of manifest or lock file.

    ``patterns`` are globs over repository paths: without a slash they match a file's name in
    any folder, with one the whole path. ``version`` changes whenever ``extract`` would answer
    differently, and is part of the cache key. ``extract(path, text)`` is pure and raises
    ``ParseError`` for a file it can't read. ``complete(own, every)`` adds what crosses files
    (catalogs, includes): given this ecosystem's facts and those of the whole repository, it
    returns the ecosystem's own. ``hints`` are substrings one of which must stand in a file for
    it to be worth reading (empty: always); ``comment`` is the token that starts a comment, ""
    where the syntax has none. ``worth(path, text)`` is a cheap test of a large file before a process
    of its own is started to read it; ``largest`` is the size in bytes above which a file can't be
    what the ecosystem reads (0: no such size). ``locks`` are, for a lock file, the names of the manifests that it
    stands for even when it can't be read: they must not look as if they had none.
    """

    name: str
    patterns: tuple[str, ...]
    version: int
    extract: Extract
    complete: Complete = as_they_are
    hints: tuple[str, ...] = ()
    comment: str = "#"
    worth: Callable[[str, str], bool] = lambda _path, _text: True
    largest: int = 0
    locks: tuple[str, ...] = ()
