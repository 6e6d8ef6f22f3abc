"""What a person sees when something fails: one line for an expected error, a report for the rest."""

from __future__ import annotations

import platform
import re
import sys
import tempfile
import traceback
from pathlib import Path

from bot import __version__
from bot.core.errors import ExpectedError

EXPECTED, UNEXPECTED = 1, 3
_CREDENTIALS = re.compile(r"://[^/@\s]{1,2000}@")


def explained(error: Exception) -> int:
    """Print what went wrong to standard error; answers the exit code."""
    if isinstance(error, ExpectedError):
        print(f"freshline: {_line(str(error))}", file=sys.stderr)  # noqa: T201 - the command line's own words
        return EXPECTED
    where = _report(error)
    words = f"something unexpected went wrong ({type(error).__name__}); a report is in {where}: please send it to us"
    print(f"freshline: {words}", file=sys.stderr)  # noqa: T201 - as above
    return UNEXPECTED


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text).split())


def _report(error: Exception) -> Path:
    """A file with the traceback: places in the code and the error's class, no values of variables."""
    frames = traceback.format_exception(error)
    head = f"freshline {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", errors="replace", prefix="freshline-report-", suffix=".txt", delete=False
    ) as file:
        file.write(head + _CREDENTIALS.sub("://***@", "".join(frames)))
    return Path(file.name)
