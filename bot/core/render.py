"""The words: branch names, commit messages, titles and bodies of pull requests. Pure.

Everything that comes from a repository or a registry is escaped before it is put into Markdown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.core.model import Bump, Change, Part, Update
from bot.core.rules import CommitStyle

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


def branch_name(updates: Sequence[Update]) -> str:
    """The branch of a proposal: a function of what moves, never of where it moves to.

    One subject gives ``freshline/<registry>/<name>`` (``+`` stands for the slash of a scope), a
    group ``freshline/group/<pipeline>/<group>``; a major update split from a smaller one ends in
    ``.major``, which no name can end in.
    """
    first = updates[0]
    track = f".{first.track}" if first.track else ""
    if first.group is not None:
        return f"{BRANCH_PREFIX}group/{_ref_part(first.pipeline)}/{_ref_part(first.group)}{track}"
    separator = "/" if "/" in first.subject else ":"
    registry, _, name = first.subject.partition(separator)
    return f"{BRANCH_PREFIX}{_ref_part(registry)}/{_ref_part(name)}{track}"


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
    name = _flat(update.package.name)
    stated = [change for change in update.changes if change.pin.part is Part.VERSION]
    if not stated or any(change.pin.text.lstrip("=v ") == update.from_version for change in stated):
        return f"bump {name} from {_flat(update.from_version)} to {_flat(update.version)}"
    return f"update {name} requirement from {_flat(stated[0].pin.text)} to {_flat(stated[0].text)}"


def _flat(text: str) -> str:
    """Text on one line, without control characters, cut where it is long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MAX_TEXT else f"{line[: _MAX_TEXT - 1]}…"


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


def body(updates: Sequence[Update], minimum_age: timedelta, now: datetime) -> str:
    """The pull request's text (GitHub Markdown): what, why now, how proved, how to say no."""
    parts = [_table(updates), *(_why(update, minimum_age, now) for update in updates), _next(updates), _say_no(updates)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(updates: Sequence[Update]) -> str:
    rows = ["| package | from | to | change | where |", "|---|---|---|---|---|"]
    for update in updates:
        for change in _once(update):
            line = _line_of(update, change)
            where = f"{code(change.pin.path)}{line}"
            cells = (code(update.package.name), code(change.pin.text), code(change.text), _BUMP_WORDS[update.bump])
            rows.append(f"| {' | '.join((*cells, where))} |")
    return "\n".join(rows)


def _line_of(update: Update, change: Change) -> str:
    for dependency in update.dependencies:
        if change.pin in dependency.pins and dependency.path == change.pin.path:
            return f", line {dependency.statement.line}"
    return ""


def _why(update: Update, minimum_age: timedelta, now: datetime) -> str:
    release = update.release
    lines = [f"**{code(update.package.name)} {escape(update.version)}**"]
    if release.since is not None:
        age, day = (now - release.since).days, f"{release.since:%Y-%m-%d}"
        verb = "published" if release.published else "first seen"
        lines.append(
            f"- {verb} on {day}, {_count(age, 'day')} ago; releases younger than {_days(minimum_age)} are not proposed"
        )
    lines.append(f"- {_bump_sentence(update)}")
    lines += [f"- requires {escape(name)} {code(needed)}" for name, needed in release.requires]
    lines += [f"- {escape(reason)}" for reason in update.reasons]
    if release.notes_url:
        lines.append(f"- release notes: {_link(release.notes_url)}")
    return "\n".join(lines)


def _link(url: str) -> str:
    """A link, where the address is a plain one of the web; else the address as code."""
    return f"<{url}>" if _URL.fullmatch(url) else code(url)


def _days(length: timedelta) -> str:
    if length < timedelta(days=1):
        return _count(int(length.total_seconds() // 3600), "hour")
    return _count(length.days, "day")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _bump_sentence(update: Update) -> str:
    if update.bump is Bump.MAJOR:
        return f"a major step from {escape(update.from_version)}: its author may have changed what it promises"
    if update.bump is Bump.CALENDAR:
        return f"versions are dates here (from {escape(update.from_version)}), so they do not say how much changed"
    return f"a {update.bump.value} step from {escape(update.from_version)}"


def _next(updates: Sequence[Update]) -> str:
    pipeline = escape(updates[0].pipeline)
    return (
        f"This goes through the **{pipeline}** pipeline. Each edit was read back and proved: "
        "nothing but the places above changed."
    )


def _say_no(updates: Sequence[Update]) -> str:
    names = ", ".join(code(name) for name in sorted({update.package.name for update in updates}))
    rules = "\n\n".join(
        f'[[ignore]]\nname = {_toml(update.package.name)}\nversions = {_toml(">=" + update.version)}\nreason = "why"'
        for update in updates
    )
    stays = "stays as it is" if len(updates) == 1 else "stay as they are"
    return f"Not wanted? Add this to `.github/freshline.toml`, and {names} {stays}:\n\n```toml\n{rules}\n```"


def _toml(text: str) -> str:
    return '"' + _path(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


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
