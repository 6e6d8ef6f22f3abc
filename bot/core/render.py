"""The words: branch names, commit messages, titles and bodies of pull requests. Pure.

Everything that comes from a repository or a registry is escaped before it is put into Markdown.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Literal

import msgspec

from bot.core.model import Bump, Change, Package, Part, Update
from bot.core.notes import ReleaseNotes, section
from bot.core.rules import CommitStyle
from bot.core.runtimes import named

BRANCH_PREFIX = "freshline/"
TRAILER = "Freshline"

_MAX_PART = 100
"""Longer names are shortened in a branch: a file system takes 255 bytes for one component."""

_MAX_TEXT = 68
"""Longer names and constraints are shortened in titles, of which GitHub takes 256 characters."""

_REF_SAFE = re.compile(r"[A-Za-z0-9@_-]")
_INNER_DOT = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z0-9])(?!(?:lock|major)\Z)")
_CONVENTIONAL = re.compile(r"^(build|chore|ci|docs|feat|fix|perf|refactor|revert|style|test)(\([^)]*\))?!?: ")
_DEPENDENCY_TYPE = re.compile(r"^(build|chore|fix)\((deps|dependencies)(?:-[a-z-]{1,20})?\)!?: ")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()|~!&$])")
_LIST = re.compile(r"^([-+=]|\d+(?=\.(?: |$)))")
_REFERENCE = re.compile(r"@|#|:(?=//)|\bwww(?=\.)|\bgh-(?=\d)", re.IGNORECASE)
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{1,500}")
_SIGN = re.compile(r"[^A-Za-z0-9 ^=,/+.-]|(?<=www)\.", re.IGNORECASE)

_BUMP_WORDS = {
    Bump.PIN: "pin",
    Bump.DIGEST: "digest",
    Bump.IMAGE: "image",
    Bump.PATCH: "patch",
    Bump.MINOR: "minor",
    Bump.CALENDAR: "calendar",
    Bump.MAJOR: "**major**",
}


def branch_name(updates: Sequence[Update], prefix: str = BRANCH_PREFIX) -> str:
    """The branch of a proposal: a function of what moves, never of where it moves to.

    After the prefix, one subject gives ``<registry>/<name>`` (``+`` stands for the slash of a
    scope), a group ``group/<pipeline>/<group>``; a major update split from a smaller one ends in
    ``.major``, which no name can end in.
    """
    first = updates[0]
    track = f".{first.track}" if first.track else ""
    if first.group is not None:
        return f"{prefix}group/{_ref_part(first.pipeline)}/{_ref_part(first.group)}{track}"
    separator = "/" if "/" in first.subject else ":"
    registry, _, name = first.subject.partition(separator)
    return f"{prefix}{_ref_part(registry)}/{_ref_part(name)}{track}"


def _ref_part(text: str) -> str:
    """One component of a ref name (git-check-ref-format), another one for every text.

    Anything unusual becomes %XX; dots between letters are kept; "%%" and a digest end a name
    that was cut, and "%" stands for no name at all.
    """
    escaped = "+".join(_escaped_ref(part) for part in text.split("/")) if text else "%"
    if len(escaped) <= _MAX_PART:
        return escaped
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{escaped[: _MAX_PART - 18]}%%{digest[:16]}"


def _escaped_ref(text: str) -> str:
    dots = {match.start() for match in _INNER_DOT.finditer(text)}
    return "".join(
        char if at in dots or (_REF_SAFE.match(char) and (at or char != "-")) else _percent(char)
        for at, char in enumerate(text)
    )


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def commit_style(subjects: Iterable[str], wanted: CommitStyle) -> str:
    """The prefix of commit subjects: "" for plain words, else ``build(deps): `` or what the history uses.

    ``subjects`` are the latest ones on the base. A history is conventional when at least half of
    them (merges aside) follow https://www.conventionalcommits.org/en/v1.0.0/.
    """
    lines = [line for line in subjects if not line.startswith("Merge ")]
    used = [match for line in lines if (match := _DEPENDENCY_TYPE.match(line))]
    prefix = f"{used[0][1]}({used[0][2]}): " if used else "build(deps): "
    if wanted is CommitStyle.CONVENTIONAL:
        return prefix
    conventional = sum(bool(_CONVENTIONAL.match(line)) for line in lines)
    fits = bool(lines) and conventional * 2 >= len(lines)
    return prefix if wanted is CommitStyle.AUTO and fits else ""


def title(updates: Sequence[Update], prefix: str = "") -> str:
    """One line: what moves, from where, to where."""
    first = updates[0]
    words = (
        f"update {_flat(first.group or 'dependencies')} ({len(updates)} updates)" if len(updates) > 1 else _moves(first)
    )
    return f"{prefix}{words}" if prefix else words[0].upper() + words[1:]


def _moves(update: Update) -> str:
    # A runtime is called by its own name, whatever the place is called where it is looked up.
    name = _flat(named(update.subject) or update.package.name)
    stated = [change for change in update.changes if change.pin.part is Part.VERSION]
    if not stated or any(change.pin.text.lstrip("=v ") == update.from_version for change in stated):
        return f"bump {name} from {_flat(update.from_version)} to {_flat(update.version)}"
    return f"update {name} requirement from {_flat(stated[0].pin.text)} to {_flat(stated[0].text)}"


def _flat(text: str) -> str:
    """Text on one line, without control characters, cut where it is long."""
    return shortened(text, _MAX_TEXT)


def commit_message(updates: Sequence[Update], prefix: str = "") -> str:
    """The whole message: the title, what moves where, and a trailer for each update."""
    changes = [change for update in updates for change in _once(update)]
    places = [f"{_path(c.pin.path)}: {_flat(c.pin.text)} -> {_flat(c.text)}" for c in changes]
    trailers = [f"{TRAILER}: {_path(str(update.package))}@{_path(update.version)}" for update in updates]
    return "\n".join([title(updates, prefix), "", *places, "", *trailers, ""])


def _path(text: str) -> str:
    """Text that is kept whole, but on its line."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _once(update: Update) -> tuple[Change, ...]:
    return tuple({(c.pin.path, c.pin.span): c for c in update.changes}.values())


# The pull request's text

LIMIT = 65_536
"""The most characters that GitHub takes in a pull request's text."""

_MANY = 4
"""From so many updates on, the reasons are folded away."""

_MAX_CELL = 150
_MAX_REASON = 400
_MAX_REASONS = 20
_MAX_RULES = 5
_MIN_NOTES = 600
"""Release notes with less room than this say too little to be worth a section."""


def body(
    updates: Sequence[Update],
    minimum_age: timedelta,
    now: datetime,
    notes: Mapping[Package, ReleaseNotes] | None = None,
    *,
    talks: bool = False,
) -> str:
    """The pull request's text (GitHub Markdown, at most ``LIMIT`` characters): what, why now, and how to say no.

    ``talks`` tells that it is for a forge with pull requests: then it says what one can do there,
    and ends in a hidden ``marker``. What does not fit gives way in this order: release notes,
    reasons, rows of the table.
    """
    ending = f"{_next(updates, talks=talks)}\n\n{_say_no(updates, talks=talks)}"
    if talks:
        ending += f"\n\n{marker(updates)}"
    makers: tuple[Callable[[int], str], ...] = (
        lambda room: _table(updates, now, room),
        lambda room: _reasons(updates, minimum_age, room),
        lambda room: _notes(updates, notes or {}, room),
    )
    said = ""
    for make in makers:
        part = make(LIMIT - len(said) - len(ending) - len("\n\n\n"))
        said += f"{part}\n\n" if part else ""
    return f"{said}{ending}\n"


def _fitting(lines: Sequence[str], room: int) -> int:
    """How many of the lines fit into this many characters."""
    lengths = accumulate(len(line) + len("\n") for line in lines)
    return sum(1 for length in lengths if length <= room)


_BY_HAND = "Whatever the policy lets through, a person merges this one: see what to look at first."

_HEADER = "| package | from | to | change | age | where |\n|---|---|---|---|---|---|"
_ROOM_FOR_MORE = 100


def _table(updates: Sequence[Update], now: datetime, room: int) -> str:
    rows = [_row(update, change, now) for update in updates for change in _once(update)]
    fit = _fitting(rows, room - len(_HEADER) - _ROOM_FOR_MORE)
    more = [f"| … and {_count(len(rows) - fit, 'more place')} | | | | | |"] if fit < len(rows) else []
    return "\n".join([_HEADER, *rows[:fit], *more])


def _row(update: Update, change: Change, now: datetime) -> str:
    since = change.release.since
    cells = (
        code(_cut(update.package.name)),
        code(_cut(change.pin.text)),
        code(_cut(change.text)),
        _BUMP_WORDS[update.bump],
        "not known" if since is None else _days(now - since),
        f"{code(_cut(change.pin.path))}{_line_of(update, change)}",
    )
    return f"| {' | '.join(cells)} |"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"


def _line_of(update: Update, change: Change) -> str:
    for dependency in update.dependencies:
        if change.pin in dependency.pins and dependency.path == change.pin.path:
            region = dependency.statement.context.region
            return f", line {dependency.statement.line}{f' ({escape(region)})' if region else ''}"
    return ""


def _reasons(updates: Sequence[Update], minimum_age: timedelta, room: int) -> str:
    """Why each update is proposed; folded away where there are many, "" where there is no room."""
    blocks = [_why(update, minimum_age, named=len(updates) > 1) for update in updates]
    start, end = (
        ("<details><summary>Update by update</summary>\n\n", "\n\n</details>") if len(blocks) >= _MANY else ("", "")
    )
    heading = f"### Why now\n\n{start}"
    fit = _fitting([f"{block}\n" for block in blocks], room - len(heading) - len(end) - _ROOM_FOR_MORE)
    if not fit:
        return ""
    more = [f"… and {len(blocks) - fit} more"] if fit < len(blocks) else []
    return heading + "\n\n".join([*blocks[:fit], *more]) + end


def _why(update: Update, minimum_age: timedelta, *, named: bool) -> str:
    release = update.release
    lines = [f"**{code(_cut(update.package.name))} {escape(_cut(update.version))}**"] if named else []
    if release.since is not None:
        verb = "published" if release.published else "first seen"
        young = f"releases younger than {_days(minimum_age)} are not proposed"
        lines.append(f"- {verb} on {release.since:%Y-%m-%d}; {young}")
    lines.append(f"- {_bump_sentence(update)}")
    lines += [
        f"- requires {escape(_cut(name))} {code(_cut(needed))}" for name, needed in release.requires[:_MAX_REASONS]
    ]
    lines += [f"- **look first:** {escape(shortened(one.text, _MAX_REASON))}" for one in update.cautions[:_MAX_REASONS]]
    lines += [f"- {escape(shortened(reason, _MAX_REASON))}" for reason in update.reasons[:_MAX_REASONS]]
    if len(update.reasons) > _MAX_REASONS:
        lines.append(f"- … and {len(update.reasons) - _MAX_REASONS} more")
    if release.notes_url:
        lines.append(f"- release notes: {_link(release.notes_url)}")
    return "\n".join(lines)


def _link(url: str) -> str:
    """A link, where the address is a plain one of the web; else the address as code."""
    return f"<{url}>" if _URL.fullmatch(url) else code(_cut(url))


def _days(length: timedelta) -> str:
    if length < timedelta(days=1):
        return _count(int(length.total_seconds() // 3600), "hour")
    return _count(length.days, "day")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _bump_sentence(update: Update) -> str:
    old = escape(_cut(update.from_version))
    if update.bump is Bump.MAJOR:
        return f"a major step from {old}: its author may have changed what it promises"
    if update.bump is Bump.CALENDAR:
        return f"versions are dates here (from {old}), so they do not say how much changed"
    article = "an" if update.bump is Bump.IMAGE else "a"
    return f"{article} {update.bump.value} step from {old}"


def _notes(updates: Sequence[Update], notes: Mapping[Package, ReleaseNotes], room: int) -> str:
    """The release notes, each with an equal share of the room that those before it left."""
    found = [notes[update.package] for update in updates if update.package in notes]
    heading = "### Release notes"
    left, sections = room - len(heading), []
    for at, one in enumerate(found):
        share = left // (len(found) - at) - len("\n\n")
        text = section(one, share) if share >= _MIN_NOTES else ""
        if text:
            sections.append(text)
            left -= len(text) + len("\n\n")
    return "\n\n".join([heading, *sections]) if sections else ""


def _next(updates: Sequence[Update], *, talks: bool) -> str:
    first = (
        f"This goes through the **{escape(updates[0].pipeline)}** pipeline. Each edit was read back and proved: "
        "nothing but the places above changed."
    )
    by_hand = any(update.by_hand for update in updates)
    if not talks:
        return f"{first} {_BY_HAND}" if by_hand else first
    lines = (
        first,
        *((_BY_HAND,) if by_hand else ()),
        "The checks of this repository run on it, and then a person merges it: Freshline does not.",
        "Until then, a newer release moves this pull request along.",
        "Once somebody else commits to this branch, it is theirs and Freshline leaves it alone.",
    )
    return "\n".join(["### What happens next", "", *(f"- {line}" for line in lines)])


def _say_no(updates: Sequence[Update], *, talks: bool) -> str:
    rules = _ignore_rules(updates)
    if not talks:
        stays = "stays as it is" if len(updates) == 1 else "stay as they are"
        return f"Not wanted? Add this to `.github/freshline.toml`, and {_names(updates)} {stays}:\n\n{rules}"
    these, packages = ("this version", "this package") if len(updates) == 1 else ("these versions", "these packages")
    return (
        "### Not wanted?\n\n"
        f"- Not {these}: close this pull request. What is newer will still be proposed.\n"
        f"- Not {packages} at all: comment `/freshline ignore this package`.\n"
        "- What else you can ask for: comment `/freshline help`.\n\n"
        f"Or put it into `.github/freshline.toml` (without `versions`, nothing newer is ever proposed):\n\n{rules}"
    )


def _names(updates: Sequence[Update]) -> str:
    names = sorted({update.package.name for update in updates})
    more = [f"{len(names) - _MAX_RULES} more"] if len(names) > _MAX_RULES else []
    return ", ".join([*(code(_cut(name)) for name in names[:_MAX_RULES]), *more])


def _ignore_rules(updates: Sequence[Update]) -> str:
    """The policy that says no to the updates; for many, how it begins."""
    rules = [
        f"[[ignore]]\nname = {_toml(_pattern(update.package.name))}\n"
        f'versions = {_toml(_cut(">=" + update.version))}\nreason = "why"'
        for update in updates[:_MAX_RULES]
    ]
    if len(updates) > _MAX_RULES:
        rules.append(f"# and so on for the other {len(updates) - _MAX_RULES}")
    return "\n\n".join(["```toml", *rules]).replace("\n\n", "\n", 1) + "\n```"


def _pattern(name: str) -> str:
    """The name as policy takes it: of a very long one the beginning."""
    return name if len(name) <= _MAX_CELL else f"{name[:_MAX_CELL]}*"


def _toml(text: str) -> str:
    return '"' + _path(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


# The hidden marker

_MARKER, _MARKER_END = "<!-- freshline:", " -->"
_MARKER_ROOM = 16_000


class Moved(msgspec.Struct, frozen=True, rename={"from_version": "from", "version": "to"}):
    """One update as the marker tells it: ``package`` is ``registry/name``."""

    package: str
    from_version: str
    version: str


class _State(msgspec.Struct, frozen=True):
    schema: Literal[1]
    updates: tuple[Moved, ...]


def marker(updates: Sequence[Update]) -> str:
    """What moves, as JSON in a comment that nobody sees: a hint for machines, which decides nothing (DESIGN law 8).

    Of very many updates it names the first.
    """
    moved = [Moved(str(update.package), update.from_version, update.version) for update in updates]
    fit = _fitting([_hidden(one) for one in moved], _MARKER_ROOM)
    return f"{_MARKER}{_hidden(_State(1, tuple(moved[:fit])))}{_MARKER_END}"


def _hidden(value: object) -> str:
    """JSON in ASCII without anything that begins or ends a comment (https://spec.commonmark.org/0.29/#html-comment)."""
    text = json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "-\\u002d")


def read_marker(body: str) -> tuple[Moved, ...] | None:
    """What the last marker in a pull request's text says, None where there is none that can be understood."""
    start = body.rfind(_MARKER)
    end = body.find(_MARKER_END, start)
    if start < 0 or end < 0:
        return None
    try:
        return msgspec.json.decode(body[start + len(_MARKER) : end].encode("utf-8", "replace"), type=_State).updates
    except (msgspec.DecodeError, RecursionError):
        return None


# What is said while a pull request lives, and at its end


class Ending(StrEnum):
    """Why the bot closes a pull request."""

    LANDED = "landed"
    NOT_NEEDED = "not needed"
    IGNORED_VERSION = "ignored version"
    IGNORED_PACKAGE = "ignored package"
    QUARANTINED = "quarantined"


_ENDINGS = {
    Ending.LANDED: "what it changes is on the base branch already.",
    Ending.NOT_NEEDED: "it is not needed any more.",
    Ending.IGNORED_VERSION: "this version will not be proposed here again; a newer one will.",
    Ending.IGNORED_PACKAGE: "nothing newer of it is proposed here. `/freshline recreate` takes that back.",
    Ending.QUARANTINED: "this version is quarantined for every repository of this account until a newer one is out.",
}


def closed(why: Ending, login: str = "") -> str:
    """The comment with which the bot closes a pull request; ``login`` is who asked for it, and is not pinged."""
    asked = f" on request of {code(_cut(login))}" if login else ""
    return f"Closed{asked}: {_ENDINGS[why]}"


def hands_off() -> str:
    """The comment, said once, on a branch that somebody else committed to."""
    return (
        "Somebody else committed to this branch: it is yours now, and Freshline leaves it alone. "
        "`/freshline recreate` throws the other commits away and starts again."
    )


def no_room(pipeline: str, max_open: int) -> str:
    """Why a proposal waits: as many as policy allows are open (plain text)."""
    return f"{_count(max_open, 'pull request')} of the {_flat(pipeline)} pipeline may be open at once"


def hour_full(max_new_per_hour: int) -> str:
    """Why a proposal waits: as many as policy allows were opened within the hour (plain text)."""
    return f"{_count(max_new_per_hour, 'new pull request')} may be opened here in an hour"


# Text from outside, made harmless


def escape(text: str) -> str:
    """Text made harmless in Markdown: on one line, nothing in it is markup, a mention or a link.

    GitHub looks for mentions, references and addresses in the rendered text, where a backslash
    is gone already: a zero-width space breaks those.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    marked = _LIST.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", _MARKDOWN.sub(r"\\\1", line))
    return _REFERENCE.sub(lambda m: f"{m[0]}\u200b", marked)


def code(text: str) -> str:
    """Text as a code span that can't be broken out of, in or out of a table.

    A bar or a backtick can't be written in one safely (a table ends its cell at the bar, whatever
    stands around it), so such text is HTML with its signs as character references.
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    if not line.strip():
        return "nothing"
    if "|" not in line and "`" not in line:
        return f"`{line}`"
    return f"<code>{_SIGN.sub(lambda m: f'&#{ord(m[0])};', line)}</code>"


def shortened(text: str, room: int) -> str:
    """Text on one line of at most ``room`` characters, without control characters; not escaped."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * room]).split())
    return line if len(line) <= room else f"{line[: room - 1]}…"
