"""Dockerfiles: the language runtimes that their images are.

Sources: https://docs.docker.com/reference/dockerfile/ and, for what tags say,
https://github.com/docker-library/official-images. Only official images of a runtime count.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core import images
from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.images import ImageReference, LocatedReference
from bot.core.model import (
    FileFacts,
    Kind,
    Obstacle,
    Package,
    ParseError,
    Part,
    Pin,
    SkipReason,
    Span,
    Statement,
    Strategy,
)
from bot.core.runtimes import OF_IMAGE, Runtime
from bot.core.versions import docker
from bot.formats import dockerfile, lines
from bot.formats.dockerfile import Dockerfile, Expansion, Image, Origin

REGISTRY = "oci"
SCHEME = "docker"

_TEMPLATES = (".j2", ".jinja", ".jinja2", ".tmpl", ".gotmpl", ".tpl", ".template", ".erb", ".ejs", ".hbs", ".mustache")
_ASIDE = ".dockerignore"
"""``Dockerfile.dockerignore`` belongs to a Dockerfile and is none."""

_ANY_RELEASE = "0.0.0.0.0.0.0.0"
"""More numbers than any tag states: what can't be rewritten for it can't be for anything."""

_NODE_LINES = re.compile(r"(?:argon|boron|carbon|dubnium|erbium|fermium|gallium|hydrogen|iron|jod|krypton)(?:-|\Z)")
"""Tags of node for one line, by code name (https://github.com/nodejs/Release): no versions, yet they do not float."""


@dataclass(frozen=True, slots=True)
class _Named:
    """An image that the file names, and what that states of a runtime (None for any other image)."""

    image: Image
    statement: Statement | None


def extract(path: str, text: str) -> FileFacts:
    """The runtimes that the file's images are; raises ``ParseError`` for a template and what BuildKit refuses."""
    if path.endswith(_ASIDE):
        return FileFacts(path, "dockerfile", ())
    if path.lower().endswith(_TEMPLATES):
        raise ParseError("it is a template: what it says is known only when it has been filled in")
    file = dockerfile.parse(text)
    scope = file.arguments()
    notes, starts = lines.annotations(text), lines.starts(text)
    named: list[_Named] = []
    for image in file.images():
        statement = _statement(path, image, file, scope)
        named.append(_Named(image, _noted(statement, notes, starts) if statement else None))
    return FileFacts(path, "dockerfile", tuple(_together(named)))


def _statement(path: str, image: Image, file: Dockerfile, scope: Mapping[str, Expansion]) -> Statement | None:
    if image.text.missing:
        return _unfinished(image, file, scope)
    located = images.locate(image.text.text)
    runtime = OF_IMAGE.get(located.reference.name) if located else None
    if located is None or runtime is None:
        return None
    seen = _seen(runtime, located.reference, image.line)
    obstacle = _obstacle(located.reference)
    return replace(seen, obstacle=obstacle) if obstacle else _pinned(seen, path, image.text, located)


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


def _unfinished(image: Image, file: Dockerfile, scope: Mapping[str, Expansion]) -> Statement | None:
    """The statement of a base image of which the file tells the name and not the whole tag.

    In ``--from`` no variables are known; a name that is not told may be any image's.
    """
    if image.keyword is not dockerfile.Keyword.FROM or image.stage is None:
        return None
    head = _head(file.stages[image.stage].base.pieces, scope)
    name, _, _ = head.partition("@")
    if not any(sign in head.rpartition("/")[2] for sign in ":@"):
        return None
    reference = images.parse(name.removesuffix(":"))
    runtime = OF_IMAGE.get(reference.name) if reference else None
    if reference is None or runtime is None:
        return None
    detail = f"the build argument {image.text.missing[0]} has no default here: who builds the image says which version"
    seen = _seen(runtime, replace(reference, tag=None), image.line)
    return replace(seen, obstacle=Obstacle(SkipReason.UNPINNED, detail))


def _head(pieces: Sequence[dockerfile.Piece], scope: Mapping[str, Expansion]) -> str:
    """What is told before the first piece that is not; "" where every piece is told (and the whole is too long)."""
    told: list[str] = []
    for piece in pieces:
        value = dockerfile.expand((piece,), scope)
        if value.missing:
            return "".join(told)
        told.append(value.text)
    return ""


# What a tag says


def _obstacle(reference: ImageReference) -> Obstacle | None:
    """Why the runtime can't be moved there, None when it can."""
    tag = reference.tag or ""
    shape = docker.shape(tag)
    if shape is not None and shape.prefix in {"", "v"}:
        if docker.scheme.rewrite(tag, _ANY_RELEASE, Strategy.REPLACE) is not None:
            return None
        return _unsupported(f"{tag} names a build or a pre-release, and can't be written anew for another version")
    if reference.digest is not None:
        return _unsupported(f"{tag or 'the image'} is no version: only the digest tells what it is")
    if _NODE_LINES.match(tag):
        return _unsupported(f"{tag} names a line by its code name, and can't be written anew for another one")
    if not tag:
        return Obstacle(SkipReason.FLOATING, "no tag is stated: it is whatever is the latest")
    # What stands in `alpine3.19` is the version of the operating system.
    if docker.form(tag) is docker.Form.FLOATING or (shape is not None and shape.os):
        return Obstacle(SkipReason.FLOATING, f"{tag} names no version: it is whatever is the newest")
    return _unsupported(f"{tag!r} is no version that can be written anew for another one")


def _unsupported(detail: str) -> Obstacle:
    return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail)


def _pinned(seen: Statement, path: str, text: Expansion, located: LocatedReference) -> Statement:
    """The statement with its pins: the tag's numbers, and the digest where there is one."""
    tag, core = located.tag or Span(0, 0), docker.core(seen.constraint) or Span(0, 0)
    pins = [_pin(path, text, tag.start + core.start, tag.start + core.end, Part.VERSION)]
    if located.digest is not None:
        pins.append(_pin(path, text, located.digest.start, located.digest.end, Part.DIGEST))
    whole = tuple(pin for pin in pins if pin is not None)
    if len(whole) < len(pins):
        return replace(seen, obstacle=_unsupported("its version or digest is put together from several places"))
    if any(sum(origin.span == _holder(text, pin).span for origin in text.origins) > 1 for pin in whole):
        return replace(
            seen, obstacle=_unsupported("its version stands in a build argument that it uses more than once")
        )
    return replace(seen, pins=whole, frame=(seen.constraint[: core.start], seen.constraint[core.end :]))


def _pin(path: str, text: Expansion, start: int, end: int, part: Part) -> Pin | None:
    span = text.locate(start, end)
    return None if span is None else Pin(path, span, text.text[start:end], part)


# What several images share


def _noted(statement: Statement, notes: Mapping[int, str], starts: Sequence[int]) -> Statement:
    """As comments above the image want it, or above the arguments that its version stands in."""
    own = (statement.line, *(bisect_right(starts, pin.span.start) for pin in statement.pins))
    at = next((line for line in own if line in notes), None)
    if at is None:
        return statement
    (noted,) = annotate((replace(statement, line=at),), notes)
    return replace(noted, line=statement.line)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What becomes of all images that share a pin."""

    ignored: str | None
    obstacle: Obstacle | None


def _together(named: Sequence[_Named]) -> Iterator[Statement]:
    """The statements; those of images that share an argument move together, or not at all."""
    shared = {pin: _verdict(pin, users) for pin, users in _users(named).items()}
    for one in named:
        if one.statement is None:
            continue
        verdicts = [shared[pin] for pin in one.statement.pins]
        ignored = next((verdict.ignored for verdict in verdicts if verdict.ignored is not None), None)
        obstacle = next((verdict.obstacle for verdict in verdicts if verdict.obstacle is not None), None)
        if obstacle is None:
            yield replace(one.statement, ignored=ignored)
        else:
            yield replace(one.statement, ignored=ignored, obstacle=obstacle, pins=(), frame=("", ""))


def _users(named: Sequence[_Named]) -> dict[Pin, list[_Named]]:
    """The images that each pin is part of, whatever they are."""
    holders = {pin: _holder(one.image.text, pin).span for one in named if one.statement for pin in one.statement.pins}
    users: dict[Span, list[_Named]] = {holder: [] for holder in holders.values()}
    for one in named:
        for holder in {origin.span for origin in one.image.text.origins} & users.keys():
            users[holder].append(one)
    return {pin: users[holder] for pin, holder in holders.items()}


def _holder(text: Expansion, pin: Pin) -> Origin:
    """The piece of the file that the pin stands in."""
    return next(at for at in text.origins if at.span.start <= pin.span.start and pin.span.end <= at.span.end)


def _verdict(pin: Pin, users: Sequence[_Named]) -> _Shared:
    stated = [one.statement for one in users if one.statement is not None]
    ignored = next((one.ignored for one in stated if one.ignored is not None), None)
    other = next((one for one in users if not _alike(pin, stated[0], one.statement)), None)
    if other is None:
        return _Shared(ignored, None)
    detail = f"it stands in a build argument that line {other.image.line} uses for another image, or in another way"
    return _Shared(ignored, _unsupported(detail))


def _alike(pin: Pin, first: Statement, other: Statement | None) -> bool:
    """Whether an image can go where the first one goes: a digest is that of one tag."""
    if other is None or pin not in other.pins or other.subject != first.subject:
        return False
    return pin.part is not Part.DIGEST or (other.package, other.constraint) == (first.package, first.constraint)


ecosystem = Ecosystem(
    name="dockerfile",
    patterns=("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile", "Containerfile.*"),
    version=1,
    extract=extract,
    hints=tuple(sorted({name.rpartition("/")[2] for name in OF_IMAGE})),
)
