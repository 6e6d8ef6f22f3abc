"""What the ecosystems that state the engines of RDS databases share."""

from __future__ import annotations

import re

from bot.core.model import Caution, Context, Kind, Obstacle, Package, Pin, SkipReason, Statement
from bot.core.runtimes import SUBJECT
from bot.core.versions import scheme
from bot.formats.base import Scalar

ENGINE = re.compile(r"[a-z][a-z0-9-]{1,40}")
"""What an engine's name looks like."""

_PRODUCTS = {"postgres": "postgresql", "mysql": "mysql", "mariadb": "mariadb"}
"""What endoflife.date calls the engines whose versions it lists, after ``amazon-rds-``."""

_NO_WAY_BACK = "a newer line of the database engine can't be taken back"
_RULES = scheme("runtime")
_LONGEST = 100


def statement(path: str, engine: str, scalar: Scalar) -> Statement:
    """The statement of a database engine's version; ``engine`` is the name that RDS gives it."""
    product = _PRODUCTS.get(engine, engine)
    value, span = scalar.value[:_LONGEST], scalar.locate(0, len(scalar.value))
    why = _unmovable(engine, scalar) or ("" if span else "its version is written with escapes")
    return Statement(
        package=Package("endoflife", f"amazon-rds-{product}"),
        kind=Kind.TOOL,
        scheme=_RULES.name,
        constraint=value,
        pins=(Pin(path, span, value),) if span and not why else (),
        line=scalar.line,
        context=Context(group="database"),
        obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, why) if why else None,
        lockable=False,
        cautions=(Caution(_NO_WAY_BACK, by_hand=True, majors=True),),
        subject=f"{SUBJECT}rds-{product}" if engine in _PRODUCTS else "",
    )


def _unmovable(engine: str, scalar: Scalar) -> str:
    """Why the version of a database can't be moved, "" where it can."""
    if engine.startswith("aurora"):
        return "Aurora's versions are not listed"
    if engine not in _PRODUCTS:
        return f"the versions of RDS's {engine} are not listed"
    if not _RULES.valid(scalar.value):
        return f"{scalar.value[:_LONGEST]!r} is not a version of {engine}"
    if not scalar.string and "." in scalar.value:
        # 13.10 would be read as 13.1.
        return f"{scalar.value} is written as a number; it can move once it stands in quotes"
    return ""
