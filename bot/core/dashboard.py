"""The dashboard issue of a repository: what is open, what waits and why, and boxes to tick. Pure.

The text changes only when something happens (dates, never ages), so that an unchanged repository
costs no write. Everything from a repository or a registry is escaped; what a ticked box is for is
a hint from people, which the bot checks against what it knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TypeVar

from bot.core.machine_images.asked import known_as
from bot.core.model import Decision, Package, Skip, SkippedFile, SkipReason
from bot.core.render import LIMIT, code, escape, shortened

TITLE = "Freshline dashboard"
MARKER = "<!-- freshline:dashboard -->"
"""Stands in every dashboard's text, by which it is found again when somebody renames it."""

EVERYTHING = "*"
"""The key of the box "all at once"; no branch can be called that."""

T = TypeVar("T")


class Act(StrEnum):
    """What a ticked box asks for."""

    PROPOSE = "propose"
    REBASE = "rebase"
    RETRY = "retry"
    UNIGNORE = "unignore"


@dataclass(frozen=True, slots=True)
class Tick:
    """A ticked box.

    ``key`` is the branch of a proposal (``EVERYTHING`` for all that wait), ``registry/name@version``
    of a declined update, or the key in ``Picture.liftable`` that was shown.
    """

    act: Act
    key: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal: ``number`` is its pull request's, 0 where there is none (yet)."""

    branch: str
    title: str
    number: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """A version that is not proposed ("" where none is held back), why, and the places (``path:line``) it concerns."""

    reason: SkipReason
    registry: str
    name: str
    version: str
    detail: str
    where: tuple[str, ...]

    @property
    def package(self) -> str:
        """The package as a key."""
        return f"{self.registry}/{self.name}"

    @property
    def key(self) -> str:
        """The package at this version as a key."""
        return f"{self.package}@{self.version}"


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a dashboard shows; an empty part is left out.

    ``waiting`` is held back by nothing but a limit; ``left_alone`` are branches with somebody
    else's commits; ``liftable`` are the packages (``registry/name``) and versions
    (``registry/name@version``) that are ignored because a comment asked for it, and so can be
    taken up again by a tick. What policy ignores is none of them.
    """

    open: tuple[Shown, ...] = ()
    waiting: tuple[Shown, ...] = ()
    left_alone: tuple[Shown, ...] = ()
    held: tuple[Stay, ...] = ()
    declined: tuple[Stay, ...] = ()
    ignored: tuple[Stay, ...] = ()
    quarantined: tuple[Stay, ...] = ()
    files: tuple[SkippedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    liftable: frozenset[str] = frozenset()


AT_REST = frozenset(
    {SkipReason.UP_TO_DATE, SkipReason.IN_RANGE, SkipReason.FLOATING, SkipReason.UNPINNED, SkipReason.LOCAL}
)
"""Reasons with which nothing waits: ``freshline explain`` tells them."""

OWN_SECTION = frozenset({SkipReason.IGNORED, SkipReason.DECLINED, SkipReason.QUARANTINED})

REASONS: dict[SkipReason, str] = {
    SkipReason.TOO_YOUNG: "**Too new.** A release is proposed once it has been out for a while.",
    SkipReason.HELD_BY_WAVE: "**Not their turn yet.** Other repositories take these versions first.",
    SkipReason.HELD: "**Held back by policy.**",
    SkipReason.NEEDS_RUNTIME: "**Need a newer language runtime** than this repository says it runs on.",
    SkipReason.NEEDS_WHEELS: "**Not built yet** for every platform that this repository installs on.",
    SkipReason.LOCK_NOT_REFRESHED: "**Need their lock file refreshed** by its own tool; Freshline can't run that yet.",
    SkipReason.BLOCKED_SITE: "**Another place can't follow**, and all places that state a version move together.",
    SkipReason.UNSUPPORTED_CONSTRAINT: "**Written in a way that Freshline does not edit yet.**",
    SkipReason.NOT_PROVED: "**The edit could not be proved safe**, so it was not made.",
    SkipReason.WITHDRAWN: "**Withdrawn by their publishers**, with nothing newer to move to.",
    SkipReason.ABOVE_LATEST: "**Newer than what their publishers call the latest.**",
    SkipReason.NOT_FOUND: "**Not found** where Freshline looked.",
    SkipReason.UNKNOWN_REGISTRY: "**From a registry that Freshline was not told about.** Its operator can add it.",
    SkipReason.REGISTRY_UNAVAILABLE: "**Their registry did not answer.** Freshline asks again by itself.",
    SkipReason.INVALID_NAME: "**Not a valid name**, so it was not looked up.",
    SkipReason.FAMILY_UNKNOWN: "**Of an image family that could not be told.**",
}
"""What is said of each reason for which something is held back, in the order they are shown."""


def picture_of(decisions: Iterable[Decision]) -> Picture:
    """What the decisions hold back, sorted into the parts of a dashboard; the caller adds what it knows of branches."""
    merged: dict[tuple[SkipReason, str, str, str, str], list[str]] = {}
    every = ((decision.subject, *one) for decision in decisions for one in decision.skips)
    for subject, dependency, skip in every:
        if skip.reason not in AT_REST:
            identity = _identity(known_as(subject, dependency), skip)
            merged.setdefault(identity, []).append(f"{dependency.path}:{dependency.statement.line}")
    stays = [Stay(*identity, tuple(dict.fromkeys(where))) for identity, where in merged.items()]
    stays.sort(key=lambda stay: (stay.name, stay.registry, stay.version, stay.where))
    return Picture(
        held=tuple(stay for stay in stays if stay.reason not in OWN_SECTION),
        declined=tuple(stay for stay in stays if stay.reason is SkipReason.DECLINED),
        ignored=tuple(stay for stay in stays if stay.reason is SkipReason.IGNORED),
        quarantined=tuple(stay for stay in stays if stay.reason is SkipReason.QUARANTINED),
    )


def _identity(package: Package, skip: Skip) -> tuple[SkipReason, str, str, str, str]:
    return skip.reason, package.registry, package.name, skip.candidate.version if skip.candidate else "", skip.detail


# The text


@dataclass(frozen=True, slots=True)
class _Block:
    """A part of the text: words, a list of at most ``_MOST`` lines out of ``total``, and a last line of the list."""

    words: str
    lines: tuple[str, ...] = ()
    total: int = 0
    last: str = ""

    def written(self, most: int) -> str:
        """The block with at most this many lines."""
        hidden = self.total - min(most, len(self.lines))
        rest = [f"- … and {hidden} more"] if hidden else []
        listed = "\n".join([*self.lines[:most], *rest, *([self.last] if self.last else [])])
        return "\n\n".join(part for part in (self.words, listed) if part)


_MOST = 500
_CUTS = (_MOST, 250, 100, 50, 25, 10, 5, 2, 1, 0)
"""How many lines a list may have: the first number with which the whole fits is taken."""

_INTRODUCTION = (
    "What Freshline sees in this repository, and what you can ask of it: "
    "tick a box, and it gets to work. It keeps this text up to date by itself."
)
_ALL_WELL = "**Everything is as new as it may be.**"
_ENDING = (
    "---\n"
    "On a pull request, comment `/freshline help` to see what else you can ask for. "
    "To do without this issue, close it, or write `dashboard = false` under `[pull_requests]` "
    "in `.github/freshline.toml`."
)


def compose(picture: Picture) -> str:
    """The text of the dashboard issue (GitHub Markdown), at most ``LIMIT`` characters."""
    blocks = [block for make in _PARTS for block in make(picture)]
    texts = (_joined(blocks, most) for most in _CUTS)
    return next(text for text in texts if len(text) <= LIMIT)


def _joined(blocks: Sequence[_Block], most: int) -> str:
    return "\n\n".join([MARKER, _INTRODUCTION, *(block.written(most) for block in blocks), _ENDING]) + "\n"


def _block(words: str, items: Sequence[T], line: Callable[[T], str], last: str = "") -> tuple[_Block, ...]:
    """One block with a line for each item; none where there are no items."""
    if not items:
        return ()
    return (_Block(words, _lines(line(item) for item in items), len(items), last),)


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    """As many of the lines as could fit into a text at all; the rest is not even written."""
    found: list[str] = []
    room = LIMIT
    for line in islice(lines, _MOST):
        room -= len(line)
        if room < 0:
            break
        found.append(line)
    return tuple(found)


def _warnings(picture: Picture) -> tuple[_Block, ...]:
    return _block("", picture.warnings, lambda warning: f"- **Please look:** {_said(warning)}")


def _all_well(picture: Picture) -> tuple[_Block, ...]:
    pending = picture.open or picture.waiting or picture.left_alone or picture.held
    return () if pending or picture.warnings else (_Block(_ALL_WELL),)


def _open(picture: Picture) -> tuple[_Block, ...]:
    words = "### Open\n\nTick one to have it rebuilt on the newest commit of the base branch."
    return _block(words, picture.open, lambda one: _proposal(Act.REBASE, one))


def _waiting(picture: Picture) -> tuple[_Block, ...]:
    words = (
        "### Ready, and waiting for room\n\nOnly a limit on pull requests holds these back. Tick one to have it now."
    )
    last = f"{_box(Act.PROPOSE, EVERYTHING)}**All of them at once**" if len(picture.waiting) > 1 else ""
    return _block(words, picture.waiting, lambda one: _proposal(Act.PROPOSE, one), last)


def _left_alone(picture: Picture) -> tuple[_Block, ...]:
    words = (
        "### In your hands\n\nSomebody else committed to these branches, so Freshline leaves them alone. "
        "Ticking one **throws those commits away** and starts again."
    )
    return _block(words, picture.left_alone, lambda one: _proposal(Act.RETRY, one))


def _held(picture: Picture) -> tuple[_Block, ...]:
    """A block for each reason, in the order of ``REASONS``; the first carries the heading."""
    found = [
        block
        for reason, words in REASONS.items()
        for block in _block(words, [stay for stay in picture.held if stay.reason is reason], _stay)
    ]
    heading = (_Block("### Held back\n\nThese move by themselves once the reason is gone."),)
    return (*heading, *found) if found else ()


def _declined(picture: Picture) -> tuple[_Block, ...]:
    words = (
        "### Declined\n\nThe pull requests of these versions were closed; newer versions will be proposed. "
        "Tick one to have the same version proposed again."
    )
    return _block(words, picture.declined, lambda one: _stay(one, _box(Act.RETRY, one.key)))


def _ignored(picture: Picture) -> tuple[_Block, ...]:
    """What is ignored; also the packages that a tick could take up again, whether or not a release waits."""
    known = {stay.package for stay in picture.ignored}
    unseen = sorted(key for key in picture.liftable if key not in known and _is_package(key))
    lines = _lines(
        chain(
            (_stay(one, _unignore(one, picture.liftable)) for one in picture.ignored),
            (f"{_box(Act.UNIGNORE, key)}{_name(key.partition('/')[2])}" for key in unseen),
        )
    )
    words = "### Ignored"
    if picture.liftable:
        words += "\n\nTick one to have it looked after again. What has no box is ignored by a file."
    return (_Block(words, lines, len(picture.ignored) + len(unseen)),) if lines else ()


def _is_package(key: str) -> bool:
    """Whether a key names no version; the name of an npm package may begin with "@"."""
    return "@" not in key.partition("/")[2].removeprefix("@")


def _unignore(stay: Stay, liftable: frozenset[str]) -> str:
    key = next((key for key in (stay.package, stay.key) if key in liftable), None)
    return _BULLET if key is None else _box(Act.UNIGNORE, key)


def _quarantined(picture: Picture) -> tuple[_Block, ...]:
    words = "### Quarantined\n\nThese versions turned out to be bad. The next newer one will be proposed."
    return _block(words, picture.quarantined, _stay)


def _files(picture: Picture) -> tuple[_Block, ...]:
    words = "### Files that could not be read\n\nWhat they ask for is not looked after until they can be."
    return _block(words, picture.files, lambda one: f"- {_name(one.path)}: {_said(one.detail)}")


_PARTS: tuple[Callable[[Picture], tuple[_Block, ...]], ...] = (
    _warnings,
    _all_well,
    _open,
    _waiting,
    _left_alone,
    _held,
    _declined,
    _ignored,
    _quarantined,
    _files,
)
"""The parts of the text in their order."""


# One line

_BULLET = "- "
_MAX_SAID = 300
_MAX_NAME = 120
_PLACES = 3


def _proposal(act: Act, shown: Shown) -> str:
    number = f"#{shown.number} " if shown.number else ""
    detail = f" ({_said(shown.detail)})" if shown.detail else ""
    return f"{_box(act, shown.branch)}{number}{_said(shown.title)}{detail}"


def _stay(stay: Stay, start: str = _BULLET) -> str:
    version = f" {escape(shortened(stay.version, _MAX_NAME))}" if stay.version else ""
    return f"{start}{_name(stay.name)}{version}: {_said(stay.detail)}{_places(stay.where)}"


def _places(where: Sequence[str]) -> str:
    if not where:
        return ""
    more = f" and {len(where) - _PLACES} more" if len(where) > _PLACES else ""
    return f" ({', '.join(_name(place) for place in where[:_PLACES])}{more})"


def _name(text: str) -> str:
    return code(shortened(text, _MAX_NAME))


def _said(text: str) -> str:
    return escape(shortened(text, _MAX_SAID))


# Boxes

_MAX_KEY = 1500
_MAX_TICKS = 1000
_MAX_BODY = 4 * LIMIT
_PLAIN = re.compile(rb"[A-Za-z0-9_./@]")
_BYTE = re.compile(rb"%([0-9A-F]{2})")
_LINE_END = re.compile(r"\r\n|\r|\n")
_TICKED = re.compile(
    rf"[ \t]{{0,20}}(?:[-*+]|\d{{1,9}}[.)])[ \t]{{1,20}}\[[xX]\][ \t]{{0,20}}"
    rf"<!--[ ]freshline:([a-z]{{1,20}})=([A-Za-z0-9_./@%]{{1,{_MAX_KEY}}})[ ]-->"
)


def _box(act: Act, key: str) -> str:
    """The beginning of a line with a box; a plain bullet where the key is too long to be one, or empty."""
    written = _encoded(key)
    return f"- [ ] <!-- freshline:{act}={written} -->" if 0 < len(written) <= _MAX_KEY else _BULLET


def _encoded(key: str) -> str:
    """The key without any sign that means something in Markdown or in a comment, such as "--"."""
    raw = key.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if _PLAIN.match(bytes([byte])) else f"%{byte:02X}" for byte in raw)


def _decoded(text: str) -> str | None:
    raw = _BYTE.sub(lambda m: bytes([int(m[1], 16)]), text.encode("ascii"))
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None


def ticked(body: str) -> tuple[Tick, ...]:
    """The boxes that people ticked in a dashboard's text, each once, in the order they stand."""
    lines = _LINE_END.split(body[:_MAX_BODY])
    matches = (match for line in lines if (match := _TICKED.match(line)))
    found = (tick for match in matches if (tick := _tick(match[1], match[2])))
    return tuple(dict.fromkeys(found))[:_MAX_TICKS]


def _tick(act: str, key: str) -> Tick | None:
    name = _decoded(key)
    return None if name is None or act not in set(Act) else Tick(Act(act), name)
