"""Commands in comments on pull requests, and what is answered to them. Pure.

A command is the first line of a comment and begins with ``/freshline``: a slash, so that nobody
is pinged.
"""

from __future__ import annotations

import difflib
import re
from enum import StrEnum

from bot.core.render import escape
from bot.core.rules import Mode


class Command(StrEnum):
    """What can be asked for; the value of all but ``UNKNOWN`` is what people write after ``/freshline``."""

    REBASE = "rebase"
    RECREATE = "recreate"
    IGNORE_VERSION = "ignore this version"
    IGNORE_PACKAGE = "ignore this package"
    QUARANTINE = "quarantine"
    MERGE = "merge when green"
    HELP = "help"
    UNKNOWN = "unknown"


_KNOWN = tuple(command for command in Command if command is not Command.UNKNOWN)

_MAX_LINE = 200
"""Longer lines are cut: no command is half as long."""

_MAX_READ = 10_000
"""Whoever puts a command behind more empty lines than this does not mean it."""

# Four spaces or a tab make a block of code of a line (https://github.github.com/gfm/#indented-code-blocks).
_CALL = re.compile(r" {0,3}/freshline(?![\w/-])(.*)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")


def parse(body: str) -> Command | None:
    """The command that a comment begins with, None where it is no command at all.

    Only the first line that is not empty counts, so what is quoted or stands in a code fence is
    none. Case, more spaces, punctuation and words after the command do not matter; nothing
    after ``/freshline`` asks for help.
    """
    words = _words(body)
    if words is None:
        return None
    if not words:
        return Command.HELP
    fitting = (command for command in _KNOWN if words[: len(command.split())] == command.split())
    return next(fitting, Command.UNKNOWN)


def _words(body: str) -> list[str] | None:
    """The words after ``/freshline`` in lower case, None where the comment does not begin with it."""
    lines = body[:_MAX_READ].splitlines()
    first = next((line for line in lines if line.strip()), "")
    match = _CALL.fullmatch(first[:_MAX_LINE])
    return None if match is None else _WORD.findall(match[1].lower())


_DOES = {
    Command.REBASE: "rebuilds this pull request on the newest commit of the base branch",
    Command.RECREATE: "starts again, also after it was closed; **other people's commits on it are thrown away**",
    Command.IGNORE_VERSION: "closes this pull request and waits for a newer version, just as closing it does",
    Command.IGNORE_PACKAGE: "closes this pull request and proposes no other version of the package in this repository",
    Command.QUARANTINE: "closes this pull request and marks the version as bad, for every repository of this account",
    Command.MERGE: "merges this pull request once its checks are green, where policy lets it merge",
    Command.HELP: "shows this table",
}


_WHO = (
    "Where a pull request updates several packages, each of them is meant. "
    "Freshline listens to everyone who may write to this repository."
)


def _help() -> str:
    rows = [f"| `/freshline {command}` | {_DOES[command]} |" for command in _KNOWN]
    return "\n".join(
        [
            "Write one of these as the first line of a comment:",
            "",
            "| you write | Freshline |",
            "|---|---|",
            *rows,
            "",
            _WHO,
        ]
    )


HELP: str = _help()
"""The answer to ``/freshline help``, in GitHub Markdown."""


def unknown(body: str) -> str:
    """The answer to a command that is none: what may have been meant, then the help; repeats nothing of ``body``."""
    near = _near(" ".join(_words(body) or ()))
    meant = " or ".join(f"`/freshline {command}`" for command in near)
    hint = f" Did you mean {meant}?" if near else ""
    return f"Freshline does not know that command.{hint}\n\n{HELP}"


def _near(said: str) -> list[str]:
    begun = [str(command) for command in _KNOWN if said and command.startswith(said)]
    # Longer words than these are no typing error of a command.
    return begun or difflib.get_close_matches(said[:40], [str(command) for command in _KNOWN], n=2, cutoff=0.6)


# What can't be done


def cannot_merge(mode: Mode) -> str:
    """Why ``merge when green`` is refused where policy does not let the bot merge."""
    return (
        f'Freshline does not merge here (`mode = "{mode.value}"`): please merge it yourself once its checks are green.'
    )


def not_open() -> str:
    """The answer to a command on a pull request that is closed or merged."""
    return "This pull request is closed. Write `/freshline recreate` to have its update proposed again."


def nothing_to_rebase() -> str:
    """The answer to ``rebase`` where the branch stands on the newest base already."""
    return "This pull request is on the newest commit of the base branch already: there is nothing to rebase."


def theirs_now() -> str:
    """The answer to ``rebase`` on a branch that somebody else committed to."""
    return (
        "Somebody else committed to this branch, so Freshline leaves it alone: rebase it by hand, or write "
        "`/freshline recreate` to throw those commits away and start again."
    )


def not_wanted_now() -> str:
    """The answer to ``rebase`` and ``recreate`` where the bot would not propose the update any more."""
    return (
        "Freshline would not propose this update today, so it left the branch as it is: the dashboard issue says why."
    )


def could_not(detail: str) -> str:
    """The answer where the forge refused the change; ``detail`` is the forge's reason, in anybody's words."""
    return f"That did not work: {escape(detail[:500])}. Nothing was changed; please mend that and ask again."
