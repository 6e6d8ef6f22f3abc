"""Python programs as trees, for the ecosystems that read literals in them; nothing is executed."""

from __future__ import annotations

import ast
import warnings

from bot.core.model import ParseError

MAX_SIZE = 1_000_000
"""Longer sources than this, in code points, are refused: parsing Python can't be interrupted."""


def parsed(text: str) -> ast.Module:
    """The program's tree; raises ``ParseError`` for what is no Python of this version, or too long."""
    if len(text) > MAX_SIZE:
        raise ParseError(f"it is longer than {MAX_SIZE:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of the author's escapes is not our business
            return ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise ParseError(f"it is no Python of this version: {error.msg}", error.lineno) from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise ParseError(f"it can't be parsed: {str(error) or type(error).__name__}") from error
