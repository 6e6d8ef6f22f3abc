"""Dockerfiles: the language runtimes that their images are.

Sources: https://docs.docker.com/reference/dockerfile/ and, for what tags say,
https://github.com/docker-library/official-images. Only official images of a runtime count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Obstacle, ParseError, Part, Pin, SkipReason, Span, Statement
from bot.ecosystems._images import HINTS, holder, stated, unfinished, unsupported
from bot.formats import dockerfile, lines
from bot.formats.dockerfile import Dockerfile, Expansion, Image

_TEMPLATES = (".j2", ".jinja", ".jinja2", ".tmpl", ".gotmpl", ".tpl", ".template", ".erb", ".ejs", ".hbs", ".mustache")
_ASIDE = ".dockerignore"
"""``Dockerfile.dockerignore`` belongs to a Dockerfile and is none."""


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
    if not image.text.missing:
        return stated(path, image.text, image.line)
    # In `--from` no variables are known.
    if image.keyword is not dockerfile.Keyword.FROM or image.stage is None:
        return None
    detail = f"the build argument {image.text.missing[0]} has no default here: who builds the image says which version"
    return unfinished(file.stages[image.stage].base.pieces, scope, image.line, Obstacle(SkipReason.UNPINNED, detail))


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
    holders = {pin: holder(one.image.text, pin).span for one in named if one.statement for pin in one.statement.pins}
    users: dict[Span, list[_Named]] = {place: [] for place in holders.values()}
    for one in named:
        for place in {origin.span for origin in one.image.text.origins} & users.keys():
            users[place].append(one)
    return {pin: users[place] for pin, place in holders.items()}


def _verdict(pin: Pin, users: Sequence[_Named]) -> _Shared:
    known = [one.statement for one in users if one.statement is not None]
    ignored = next((one.ignored for one in known if one.ignored is not None), None)
    other = next((one for one in users if not _alike(pin, known[0], one.statement)), None)
    if other is None:
        return _Shared(ignored, None)
    detail = f"it stands in a build argument that line {other.image.line} uses for another image, or in another way"
    return _Shared(ignored, unsupported(detail))


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
    hints=HINTS,
)
