"""Facts as bytes: msgpack, decoded in C.

The declarations are a union of dataclasses, which msgspec can't tell apart; they are kept as
runs of one class each, in order. The layout's fingerprint goes with them, so that facts written
for other nouns are a miss and never a wrong answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from itertools import groupby
from typing import Any, get_args, get_type_hints

import msgspec

from bot.core.model import Declaration, FileFacts, FileReason, SkippedFile, Statement

_CLASSES: tuple[type, ...] = get_args(Declaration)


class _Kept(msgspec.Struct, array_like=True):
    """Facts as they are written: ``runs`` pair a class's name with the declarations of that class."""

    fingerprint: str
    path: str
    ecosystem: str
    statements: tuple[Statement, ...]
    runs: list[tuple[str, msgspec.Raw]]


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(_Kept).decode
_DECODE_RUN = {cls.__name__: msgspec.msgpack.Decoder(tuple[cls, ...]).decode for cls in _CLASSES}  # type: ignore[valid-type] # a class found at run time


def encode(facts: FileFacts) -> bytes | None:
    """The facts as bytes; None when they hold text that is not Unicode (a path in another encoding)."""
    runs = [(cls.__name__, list(run)) for cls, run in groupby(facts.declarations, type)]
    try:
        raw = [(name, msgspec.Raw(_ENCODE(run))) for name, run in runs]
        return _ENCODE(_Kept(FINGERPRINT, facts.path, facts.ecosystem, facts.statements, raw))
    except UnicodeEncodeError:
        return None


def decode(data: bytes) -> FileFacts | None:
    """The facts that ``encode`` made bytes of; None when they were written for other nouns, or are damaged."""
    try:
        kept = _DECODE(data)
        if kept.fingerprint != FINGERPRINT:
            return None
        declarations = tuple(one for name, run in kept.runs for one in _DECODE_RUN[name](run))
    except (msgspec.DecodeError, KeyError):
        return None
    return FileFacts(kept.path, kept.ecosystem, kept.statements, declarations)


def _shapes(root: Any, seen: set[type]) -> Iterator[str]:
    """Every dataclass and enum that a type is made of, with its fields."""
    for part in get_args(root):
        yield from _shapes(part, seen)
    if not isinstance(root, type) or root in seen:
        return
    seen.add(root)
    if issubclass(root, Enum):
        yield f"{root.__name__}={[member.value for member in root]}"
    if is_dataclass(root):
        hints = get_type_hints(root)
        yield f"{root.__name__}={[(field.name, str(hints[field.name]), _default(field)) for field in fields(root)]}"
        for hint in hints.values():
            yield from _shapes(hint, seen)


def _default(field: Field[Any]) -> str:
    """The default in words that are the same in every process (``MISSING`` shows its address)."""
    return "" if field.default is MISSING else repr(field.default)


FINGERPRINT = hashlib.sha256("\n".join(sorted(_shapes(FileFacts, set()))).encode()).hexdigest()[:16]


class _Reading(msgspec.Struct, array_like=True):
    """What a whole repository says, as it is written."""

    files: list[bytes]
    skipped: list[tuple[str, str, str]]


_DECODE_READING = msgspec.msgpack.Decoder(_Reading).decode


def encode_reading(files: Iterable[FileFacts], skipped: Iterable[SkippedFile]) -> bytes:
    """What was read of a repository as bytes; empty where some text of it is not Unicode."""
    encoded = [encode(one) for one in files]
    if None in encoded:
        return b""
    try:
        return _ENCODE(_Reading([e for e in encoded if e], [(s.path, s.reason.value, s.detail) for s in skipped]))
    except UnicodeEncodeError:
        return b""


def decode_reading(data: bytes) -> tuple[tuple[FileFacts, ...], tuple[SkippedFile, ...]] | None:
    """What ``encode_reading`` made bytes of; None when it was written for other nouns, or is damaged."""
    try:
        kept = _DECODE_READING(data)
        skipped = tuple(SkippedFile(path, FileReason(reason), detail) for path, reason, detail in kept.skipped)
    except (msgspec.DecodeError, ValueError):
        return None
    files = [decode(one) for one in kept.files]
    return None if None in files else (tuple(one for one in files if one is not None), skipped)
