"""What a person sees when something fails: one line for an expected error, a report for the rest."""

from __future__ import annotations

import errno
import platform
import re
import sys
import tempfile
import traceback
from pathlib import Path

from bot import __version__
from bot.core.errors import ExpectedError

EXPECTED, UNEXPECTED = 1, 3
_CREDENTIALS = re.compile(r"://[^\s\"'<>]{1,2000}@")
"""Also a password with a slash or an at sign in it: rather too much is hidden than too little."""
_SECRETS = re.compile(
    r"(?i)\b((?:[a-z_]{0,40}(?:token|password|passwd|secret|api_?key|signature))\b['\"]?\s{0,3}[=:]\s{0,3}|(?:bearer|basic)\s)\S{1,2000}"
)


def explained(error: Exception) -> int:
    """Print what went wrong to standard error; answers the exit code."""
    if isinstance(error, ExpectedError):
        print(f"freshline: {_line(str(error))}", file=sys.stderr)  # noqa: T201 - the command line's own words
        return EXPECTED
    if isinstance(error, BrokenPipeError):  # whoever read the output has gone, and wants no more words
        return EXPECTED
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        words = f"there is no room left ({_line(str(error))}); make some and run again"
        print(f"freshline: {words}", file=sys.stderr)  # noqa: T201 - as above
        return EXPECTED
    words = f"something unexpected went wrong ({type(error).__name__}); {_report(error)}: please send it to us"
    print(f"freshline: {words}", file=sys.stderr)  # noqa: T201 - as above
    return UNEXPECTED


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text).split())


def _report(error: Exception) -> str:
    """Where the report is: in a file, or, where none can be written, above on standard error."""
    text = report_of(error)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", prefix="freshline-report-", suffix=".txt", delete=False
        ) as file:
            file.write(text)
    except OSError:
        print(text, file=sys.stderr)  # noqa: T201 - the only place left
        return "the report above could not be put into a file"
    return f"a report is in {Path(file.name)}"


def report_of(error: Exception) -> str:
    """The traceback: places in the code, the error's class and words, no values of variables, no credentials."""
    frames = "".join(traceback.format_exception(error))
    head = f"freshline {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
    return head + _SECRETS.sub(r"\1***", _CREDENTIALS.sub("://***@", frames))
