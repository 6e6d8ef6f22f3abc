"""An edit that can't be proved becomes a skip (DESIGN law 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Answer,
    FileFacts,
    History,
    Kind,
    Listing,
    Package,
    ParseError,
    Pin,
    Release,
    SkipReason,
    Span,
    Statement,
)
from bot.core.rules import DEFAULTS
from bot.forge.folder import FolderForge
from bot.store import Store
from bot.upgrade import Scan, Tools, scan

NOW = datetime(2026, 9, 1, tzinfo=UTC)
TEXT = "alpha==1.0\nbeta==1.0\n"
Extract = Callable[[str, str], FileFacts]


def lines(path: str, text: str) -> FileFacts:
    """An honest reader: ``name==version``, a line each."""
    found = [
        Statement(
            Package("pypi", match[1]),
            Kind.LIBRARY,
            "pep440",
            match[2],
            (Pin(path, Span(*match.span(2)), match[2]),),
            text.count("\n", 0, match.start()) + 1,
        )
        for match in re.finditer(r"^(\w+)(==[\w.]+)$", text, re.MULTILINE)
    ]
    return FileFacts(path, "lines", tuple(found))


def forgetful(path: str, text: str) -> FileFacts:
    facts = lines(path, text)
    return facts if text == TEXT else replace(facts, statements=facts.statements[1:])


def breaking(path: str, text: str) -> FileFacts:
    if text != TEXT:
        raise ParseError("it is odd now", 7)
    return lines(path, text)


def scanned(folder: Path, *extracts: Extract, moving: str = "alpha") -> Scan:
    (folder / "x.lines").write_text(TEXT)
    names = ("lines", "other")
    readers = [
        Ecosystem(name, ("*.lines",), 1, lambda p, t, e=extract, n=name: replace(e(p, t), ecosystem=n))  # type: ignore[misc]  # defaults bind the loop's values
        for name, extract in zip(names, extracts, strict=False)
    ]

    def look_up(packages: Iterable[Package]) -> dict[Package, Answer]:
        old, new = (Release(v, NOW - timedelta(days=90)) for v in ("1.0", "2.0"))
        return {p: Listing(p, (new, old) if p.name == moving else (old,)) for p in packages}

    with Store.in_memory() as store:
        tools = Tools(tuple(readers), store.facts(), look_up, History(), DEFAULTS, 1000)
        return scan(FolderForge(folder), tools, NOW)


def reasons(found: Scan) -> list[tuple[str, SkipReason, str]]:
    return [(d.package.name, s.reason, s.detail) for one in found.decisions for d, s in one.skips]


def test_a_proved_edit_is_planned(tmp_path: Path) -> None:
    found = scanned(tmp_path, lines)
    [plan] = found.plans
    assert plan.branch == "freshline/pypi/alpha"
    assert plan.files == {"x.lines": b"alpha==2.0\nbeta==1.0\n"}
    assert [reason for name, reason, _ in reasons(found)] == [SkipReason.UP_TO_DATE]
    assert set(found.timings) == {"extract", "look_up", "decide"}


@pytest.mark.parametrize(
    ("extract", "words"),
    [(forgetful, "x.lines"), (breaking, "x.lines can't be read after the edit: line 7: it is odd")],
)
def test_an_edit_that_does_not_read_back_is_a_skip_with_its_candidate(
    tmp_path: Path, extract: Extract, words: str
) -> None:
    found = scanned(tmp_path, extract)
    assert found.plans == ()
    [(name, _, detail)] = [one for one in reasons(found) if one[1] is SkipReason.NOT_PROVED]
    assert name == "alpha"
    assert words in detail
    [skip] = [s for one in found.decisions for _, s in one.skips if s.reason is SkipReason.NOT_PROVED]
    assert skip.candidate is not None
    assert skip.candidate.version == "2.0"
    assert not [update for one in found.decisions for update in one.updates]


def test_every_reader_of_the_file_has_its_say(tmp_path: Path) -> None:
    def watching(path: str, text: str) -> FileFacts:
        if "alpha==2" in text:
            raise ParseError("not that one")
        return FileFacts(path, "other", lines(path, "\n" + text.partition("\n")[2]).statements[:0])

    found = scanned(tmp_path, lines, watching)
    assert [plan.branch for plan in found.plans] == ["freshline/pypi/alpha"]  # it says nothing, so it has none

    def claiming(path: str, text: str) -> FileFacts:
        if "alpha==2" in text:
            raise ParseError("not that one")
        return lines(path, text)

    again = scanned(tmp_path, lines, claiming)
    assert again.plans == ()
    assert {reason for name, reason, _ in reasons(again) if name == "alpha"} == {SkipReason.NOT_PROVED}
