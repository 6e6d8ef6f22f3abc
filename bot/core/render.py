"""The words: branch names, commit messages, titles and bodies of pull requests. Pure.

Everything that comes from a repository or a registry is escaped before it is put into Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.core.model import Bump, Change, Update
from bot.core.rules import CommitStyle

BRANCH_PREFIX = "freshline/"
TRAILER = "Freshline"

_REF_SAFE = re.compile(r"[^A-Za-z0-9@+_-]")
_CONVENTIONAL = re.compile(r"^(build|chore|ci|docs|feat|fix|perf|refactor|revert|style|test)(\([^)]*\))?!?: ")
_DEPENDENCY_TYPE = re.compile(r"^(build|chore|fix)\((deps[^)]*)\)!?: ")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#|~!@])")

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
    ``/major``'s stand-in ``.major``, which no name can end in.
    """
    first = updates[0]
    if first.group is not None:
        return f"{BRANCH_PREFIX}group/{_ref_part(first.pipeline)}/{_ref_part(first.group)}"
    registry, _, name = first.subject.partition("/")
    track = f".{first.track}" if first.track else ""
    return f"{BRANCH_PREFIX}{_ref_part(registry)}/{_ref_part(name.replace('/', '+'))}{track}"


def _ref_part(text: str) -> str:
    """One component of a ref name (git-check-ref-format): anything unusual as %XX, dots between letters kept."""
    kept = re.sub(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z0-9])(?!lock$|major$)", "\x00", text)
    escaped = _REF_SAFE.sub(lambda m: "." if m[0] == "\x00" else "".join(f"%{b:02X}" for b in m[0].encode()), kept)
    return escaped if not escaped.startswith("-") else f"%2D{escaped[1:]}"


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
    many = f"update {first.group or 'dependencies'} ({len(updates)} updates)"
    words = many if len(updates) > 1 else _moves(first)
    return f"{prefix}{words}" if prefix else words[0].upper() + words[1:]


def _moves(update: Update) -> str:
    name = update.package.name
    change = next(change for change in update.changes if change.pin.part.value == "version")
    if change.pin.text == update.from_version or change.pin.text.lstrip("=v ") == update.from_version:
        return f"bump {name} from {update.from_version} to {update.version}"
    return f"update {name} requirement from {change.pin.text} to {change.text}"


def commit_message(updates: Sequence[Update], prefix: str = "") -> str:
    """The whole message: the title, what moves where, and a trailer for each update."""
    places = [f"{c.pin.path}: {c.pin.text} -> {c.text}" for update in updates for c in _once(update)]
    trailers = [f"{TRAILER}: {update.package}@{update.version}" for update in updates]
    return "\n".join([title(updates, prefix), "", *places, "", *trailers, ""])


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
            cells = (escape(update.package.name), code(change.pin.text), code(change.text), _BUMP_WORDS[update.bump])
            rows.append(f"| {' | '.join((*cells, where))} |")
    return "\n".join(rows)


def _line_of(update: Update, change: Change) -> str:
    for dependency in update.dependencies:
        if change.pin in dependency.pins and dependency.path == change.pin.path:
            return f", line {dependency.statement.line}"
    return ""


def _why(update: Update, minimum_age: timedelta, now: datetime) -> str:
    release = update.release
    lines = [f"**{escape(update.package.name)} {escape(update.version)}**"]
    if release.since is not None:
        age, day = (now - release.since).days, f"{release.since:%Y-%m-%d}"
        verb = "published" if release.published else "first seen"
        lines.append(f"- {verb} on {day}, {age} days ago; releases younger than {_days(minimum_age)} are not proposed")
    lines.append(f"- {_bump_sentence(update)}")
    lines += [f"- requires {escape(name)} {code(needed)}" for name, needed in release.requires]
    lines += [f"- {escape(reason)}" for reason in update.reasons]
    if release.notes_url:
        lines.append(f"- release notes: <{release.notes_url}>")
    return "\n".join(lines)


def _days(length: timedelta) -> str:
    if length < timedelta(days=1):
        return f"{int(length.total_seconds() // 3600)} hours"
    return f"{length.days} day{'' if length.days == 1 else 's'}"


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
    names = ", ".join(sorted({update.package.name for update in updates}))
    return (
        "Not wanted? Close this and this version is not proposed again. To keep "
        f"{escape(names)} where it is for longer, add to `.github/freshline.toml`:\n\n"
        f"```toml\n[[ignore]]\nname = {_toml(updates[0].package.name)}\nversions = "
        f'{_toml(">=" + updates[0].version)}\nreason = "why"\n```'
    )


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def escape(text: str) -> str:
    """Text made harmless in Markdown: on one line, nothing in it is markup, a mention or a link."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _MARKDOWN.sub(r"\\\1", line)


def code(text: str) -> str:
    """Text as a code span that can't be broken out of, in or out of a table."""
    line = "".join(c if c.isprintable() else " " for c in text).replace("|", "\\|")
    fence = "``" if "`" in line else "`"
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}" if line else "nothing"
