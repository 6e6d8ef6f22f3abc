"""Small factories of the core's values, with everything beside the point filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.model import (
    Answer,
    Change,
    Context,
    Decision,
    Declaration,
    Dependency,
    FileFacts,
    History,
    Kind,
    Listing,
    Package,
    Pin,
    Release,
    Role,
    Runtime,
    Skip,
    Span,
    Statement,
    Update,
)
from bot.core.policy import decide
from bot.core.resolve import subject_of
from bot.core.rules import DEFAULTS, Policy, combine

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
OLD = 400
"""An age in days that no gate minds."""


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def package(name: str = "flask", registry: str = "pypi", url: str | None = None) -> Package:
    return Package(registry, name, url)


def statement(constraint: str = "==1.0", **other: Any) -> Statement:
    """A statement with one pin that holds the whole constraint, at an offset of its own for each line."""
    path, line = other.pop("path", "pyproject.toml"), other.pop("line", 1)
    at = Span(line * 1000, line * 1000 + len(constraint))
    registry = other.pop("registry", "pypi")
    given: dict[str, Any] = {
        "package": package(other.pop("name", "flask"), registry),
        "kind": Kind.LIBRARY,
        "scheme": "npm" if registry == "npm" else "pep440",
        "pins": (Pin(path, at, constraint),) if constraint else (),
        "line": line,
    }
    if "group" in other or "marker" in other:
        given["context"] = Context(group=other.pop("group", ""), marker=other.pop("marker", ""))
    return Statement(constraint=constraint, **(given | other))


_SITE = ("current", "locked", "lock", "role", "runtime", "ecosystem")


def dependency(constraint: str = "==1.0", **other: Any) -> Dependency:
    """A dependency; ``current`` is what the constraint states where it is not given."""
    site = {key: other.pop(key) for key in _SITE if key in other}
    path = other.get("path", "pyproject.toml")
    found = statement(constraint, **other)
    given: dict[str, Any] = {
        "ecosystem": "npm" if found.scheme == "npm" else "pyproject",
        "current": _stated(found),
        "locked": site.get("lock") is not None and site.get("current") is not None,
        "lock": None,
        "role": Role.APPLICATION,
        "runtime": None,
    }
    return Dependency(statement=found, path=path, subject=subject_of(found), **(given | site))


def _stated(found: Statement) -> str | None:
    from bot.core.versions import scheme  # noqa: PLC0415 - as resolve does

    rules = scheme(found.scheme)
    return (rules.exact(found.constraint) or rules.floor(found.constraint)) if found.constraint else None


def python(floor: str = "3.9.99", declared: str = ">=3.9", path: str = "pyproject.toml") -> Runtime:
    return Runtime("python", "pep440", floor, declared, path)


def node(floor: str = "18.99.99", declared: str = ">=18", path: str = "package.json") -> Runtime:
    return Runtime("node", "npm", floor, declared, path)


def release(version: str = "2.0", days: float | None = OLD, **other: Any) -> Release:
    """A release that its registry says is ``days`` old; None for a registry without dates."""
    return Release(version, None if days is None else ago(days), **other)


def listing(*releases: Release | str, of: Package | None = None, **other: Any) -> Listing:
    """A listing of releases, given newest first."""
    found = tuple(release(one) if isinstance(one, str) else one for one in releases)
    return Listing(of or package(), found, **other)


def policy(**given: Any) -> Policy:
    """The defaults, tightened by this."""
    return combine(DEFAULTS, Policy(**given))


def decided(
    sites: Dependency | Sequence[Dependency],
    answer: Answer,
    wanted: Policy = DEFAULTS,
    history: History | None = None,
) -> Decision:
    """What is decided about one subject whose packages all get the same answer."""
    every = [sites] if isinstance(sites, Dependency) else list(sites)
    return decide(every, {site.package: answer for site in every}, wanted, history or History(), NOW)


def only_update(decision: Decision) -> Update:
    assert not decision.skips, decision.skips
    (found,) = decision.updates
    return found


def only_skip(decision: Decision) -> Skip:
    assert not decision.updates, decision.updates
    ((_, found),) = decision.skips
    return found


def texts(update: Update) -> list[str]:
    return [change.text for change in update.changes]


def update(constraint: str = "==1.0", to: str = "2.0", **other: Any) -> Update:
    """An update of one dependency, through ``decide``."""
    given = {key: other.pop(key) for key in ("days", "requires", "notes_url", "yanked") if key in other}
    site = dependency(constraint, **other)
    current = site.current or "1.0"
    found = listing(release(to, **given), current, of=site.package)
    return only_update(decided(site, found, policy(rules=(), ignore=())))


def facts(
    path: str, *statements: Statement, declares: Iterable[Declaration] = (), ecosystem: str | None = None
) -> FileFacts:
    name = ecosystem or ("npm" if path.endswith(".json") else "pyproject")
    return FileFacts(path, name, statements, tuple(declares))


def change(old: str = "==1.0", new: str = "==2.0", at: int = 0, path: str = "pyproject.toml") -> Change:
    return Change(Pin(path, Span(at, at + len(old)), old), new, release())
