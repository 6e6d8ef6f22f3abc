"""What every test can use: parts that a machine may lack."""

from __future__ import annotations

import pytest

_required: frozenset[str] = frozenset()

pytest_plugins = ("tests.fakes.postgres",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require",
        default="",
        metavar="PARTS",
        help="parts that must be there, by comma, or 'all': a test that lacks one fails instead of being skipped",
    )


def pytest_configure(config: pytest.Config) -> None:
    global _required  # noqa: PLW0603 - need() is called from fixtures and tests that have no config at hand
    _required = frozenset(filter(None, str(config.getoption("--require")).split(",")))


def need(part: str, why_not: str | None) -> None:
    """Skip the test when a part of the machine is missing, or fail under ``--require``.

    ``why_not`` says why the part can't be used, None when it can.
    """
    if why_not is None:
        return
    if _required & {part, "all"}:
        pytest.fail(f"{part} is required and missing: {why_not}", pytrace=False)
    pytest.skip(f"{part}: {why_not}")
