"""What the ecosystems that state language runtimes share."""

from __future__ import annotations

from bot.core.model import Kind, Obstacle, Package, Pin, Span, Statement
from bot.core.runtimes import LAMBDA, RUNTIMES

SCHEME = "runtime"


def stated(name: str, path: str, text: str, span: Span, line: int) -> Statement:
    """The statement of a runtime (a key of ``RUNTIMES``) whose version is what stands in the span."""
    runtime = RUNTIMES[name]
    return Statement(
        package=runtime.package,
        kind=Kind.RUNTIME,
        scheme=SCHEME,
        constraint=text,
        pins=(Pin(path, span, text),),
        line=line,
        lockable=False,
        subject=runtime.subject,
    )


def floor(name: str, scheme: str, pin: Pin, line: int) -> Statement:
    """The statement of a range of versions that a manifest runs on (``requires-python``, ``engines``)."""
    runtime = RUNTIMES[name]
    return Statement(
        package=runtime.package,
        kind=Kind.RUNTIME,
        scheme=scheme,
        constraint=pin.text,
        pins=(pin,),
        line=line,
        lockable=False,
        subject=runtime.subject,
    )


def unmoved(statement: Statement, obstacle: Obstacle) -> Statement:
    """The same where it is seen and not moved."""
    return Statement(
        package=statement.package,
        kind=statement.kind,
        scheme=statement.scheme,
        constraint=statement.constraint,
        pins=(),
        line=statement.line,
        obstacle=obstacle,
        lockable=False,
        subject=statement.subject,
    )


def function(name: str, pin: Pin, line: int) -> Statement:
    """The statement of an AWS Lambda runtime (``python3.11``)."""
    return Statement(
        package=Package(LAMBDA.registry, LAMBDA.name),
        kind=Kind.RUNTIME,
        scheme="function",
        constraint=pin.text,
        pins=(pin,),
        line=line,
        lockable=False,
        subject=RUNTIMES[name].subject,
    )
