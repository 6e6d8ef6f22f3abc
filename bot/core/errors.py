"""The one base class of expected errors: what went wrong, where, and what to do next, in one line."""

from __future__ import annotations


class ExpectedError(Exception):
    """An error that a person can do something about; its text is shown as it is, with exit code 1."""
