"""What the ecosystems that name images of language runtimes share.

Only official images of a runtime count (https://github.com/docker-library/official-images): what
their tags say is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core import images
from bot.core.images import ImageReference, LocatedReference
from bot.core.model import Kind, Obstacle, Package, Part, Pin, SkipReason, Span, Statement, Strategy
from bot.core.runtimes import OF_IMAGE, Runtime
from bot.core.versions import docker
from bot.formats.dockerfile import Expansion, Origin, Piece, expand

REGISTRY = "oci"
SCHEME = "docker"

HINTS = tuple(sorted({name.rpartition("/")[2] for name in OF_IMAGE}))
"""One of these stands in every text that names an image of a runtime."""

_ANY_RELEASE = "0.0.0.0.0.0.0.0"
"""More numbers than any tag states: what can't be rewritten for it can't be for anything."""

_NODE_LINES = re.compile(r"(?:argon|boron|carbon|dubnium|erbium|fermium|gallium|hydrogen|iron|jod|krypton)(?:-|\Z)")
"""Tags of node for one line, by code name (https://github.com/nodejs/Release): no versions, yet they do not float."""


def stated(path: str, text: Expansion, line: int) -> Statement | None:
    """What a reference that is told to its end states of a runtime, None for any other image."""
    located = images.locate(text.text)
    runtime = OF_IMAGE.get(located.reference.name) if located else None
    if located is None or runtime is None:
        return None
    seen = _seen(runtime, located.reference, line)
    obstacle = _obstacle(located.reference)
    return replace(seen, obstacle=obstacle) if obstacle else _pinned(seen, path, text, located)


def unfinished(
    pieces: Sequence[Piece], scope: Mapping[str, Expansion], line: int, obstacle: Obstacle
) -> Statement | None:
    """The statement of an image of which the file tells the name and not the whole tag.

    A name that is not told may be any image's: None.
    """
    head = _head(pieces, scope)
    name, _, _ = head.partition("@")
    if not any(sign in head.rpartition("/")[2] for sign in ":@"):
        return None
    reference = images.parse(name.removesuffix(":"))
    runtime = OF_IMAGE.get(reference.name) if reference else None
    if reference is None or runtime is None:
        return None
    return replace(_seen(runtime, replace(reference, tag=None), line), obstacle=obstacle)


def holder(text: Expansion, pin: Pin) -> Origin:
    """The piece of the file that the pin stands in."""
    return next(at for at in text.origins if at.span.start <= pin.span.start and pin.span.end <= at.span.end)


def unsupported(detail: str) -> Obstacle:
    """The obstacle of what can be read and not be written anew."""
    return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail)


def _seen(runtime: Runtime, reference: ImageReference, line: int) -> Statement:
    return Statement(
        package=Package(REGISTRY, reference.name),
        kind=Kind.RUNTIME,
        scheme=SCHEME,
        constraint=reference.tag or "",
        pins=(),
        line=line,
        lockable=False,
        subject=runtime.subject,
    )


def _head(pieces: Sequence[Piece], scope: Mapping[str, Expansion]) -> str:
    """What is told before the first piece that is not; "" where every piece is told (and the whole is too long)."""
    told: list[str] = []
    for piece in pieces:
        value = expand((piece,), scope)
        if value.missing:
            return "".join(told)
        told.append(value.text)
    return ""


def _obstacle(reference: ImageReference) -> Obstacle | None:
    """Why the runtime can't be moved there, None when it can."""
    tag = reference.tag or ""
    shape = docker.shape(tag)
    if shape is not None and shape.prefix in {"", "v"}:
        if docker.scheme.rewrite(tag, _ANY_RELEASE, Strategy.REPLACE) is not None:
            return None
        return unsupported(f"{tag} names a build or a pre-release, and can't be written anew for another version")
    if reference.digest is not None:
        return unsupported(f"{tag or 'the image'} is no version: only the digest tells what it is")
    if _NODE_LINES.match(tag):
        return unsupported(f"{tag} names a line by its code name, and can't be written anew for another one")
    if not tag:
        return Obstacle(SkipReason.FLOATING, "no tag is stated: it is whatever is the latest")
    # What stands in `alpine3.19` is the version of the operating system.
    if docker.form(tag) is docker.Form.FLOATING or (shape is not None and shape.os):
        return Obstacle(SkipReason.FLOATING, f"{tag} names no version: it is whatever is the newest")
    return unsupported(f"{tag!r} is no version that can be written anew for another one")


def _pinned(seen: Statement, path: str, text: Expansion, located: LocatedReference) -> Statement:
    """The statement with its pins: the tag's numbers, and the digest where there is one."""
    tag, core = located.tag or Span(0, 0), docker.core(seen.constraint) or Span(0, 0)
    pins = [_pin(path, text, tag.start + core.start, tag.start + core.end, Part.VERSION)]
    if located.digest is not None:
        pins.append(_pin(path, text, located.digest.start, located.digest.end, Part.DIGEST))
    whole = tuple(pin for pin in pins if pin is not None)
    if len(whole) < len(pins):
        return replace(seen, obstacle=unsupported("its version or digest is put together from several places"))
    if any(sum(origin.span == holder(text, pin).span for origin in text.origins) > 1 for pin in whole):
        return replace(seen, obstacle=unsupported("its version stands in a build argument that it uses more than once"))
    return replace(seen, pins=whole, frame=(seen.constraint[: core.start], seen.constraint[core.end :]))


def _pin(path: str, text: Expansion, start: int, end: int, part: Part) -> Pin | None:
    span = text.locate(start, end)
    return None if span is None else Pin(path, span, text.text[start:end], part)
