"""Decisions that need digests: they are asked for, and the decisions made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core.digests import Tag
from bot.core.model import (
    Answer,
    Decision,
    History,
    Kind,
    Line,
    Listing,
    Locked,
    Package,
    Part,
    Pin,
    Release,
    SkipReason,
    Span,
    Unavailable,
)
from bot.core.rules import DEFAULTS
from bot.upgrade import ROUNDS, Grounds, fingerprint, nobody, settle
from tests.fakes.values import NOW, OLD, ago, dependency

PYTHON, IMAGE = Package("endoflife", "python"), Package("oci", "docker.io/library/python")
ALPHA = Package("pypi", "alpha")
OLD_DIGEST = "sha256:" + "0" * 64
LINES = ("3.14", "3.13", "3.12", "3.11", "3.10", "3.9")
GONE = Unavailable(SkipReason.NOT_FOUND, "gone")
DOWN = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "HTTP 503")


def answers() -> dict[Package, Answer]:
    day = NOW.date()
    lines = [Line(one, day - timedelta(days=900), None, day + timedelta(days=900)) for one in LINES]
    runtime = tuple(Release(f"{line.name}.1", ago(OLD), line=line) for line in lines)
    tags = tuple(Release(f"{one}-slim", None, first_seen=ago(OLD)) for one in LINES)
    library = (Release("2.0", ago(OLD)), Release("1.0", ago(OLD)))
    listings = (Listing(PYTHON, runtime), Listing(IMAGE, tags), Listing(ALPHA, library))
    return {one.package: one for one in listings}


def grounds(tag: str = "3.9-slim") -> Grounds:
    """A repository with an image that has a digest, a version file and a library."""
    pins = (Pin("Dockerfile", Span(0, len(tag)), tag), Pin("Dockerfile", Span(9, 80), OLD_DIGEST, Part.DIGEST))
    runtime = {"kind": Kind.RUNTIME, "subject": "runtime:python", "lockable": False}
    image = {"registry": "oci", "name": IMAGE.name, "scheme": "docker", "path": "Dockerfile"}
    sites = (
        dependency(tag, pins=pins, **image, **runtime),
        dependency(tag[:-5], registry="endoflife", name="python", scheme="runtime", **runtime),
        dependency("==1.0", name="alpha"),
    )
    return Grounds(sites, DEFAULTS, History())


@dataclass
class Teller:
    """Says what each tag stands for; ``asked`` holds the tags of each question."""

    says: Callable[[str], str | Unavailable]
    asked: list[list[str]] = field(default_factory=list)

    def __call__(self, tags: Sequence[Tag]) -> dict[Tag, str | Unavailable]:
        self.asked.append([version for _, version in tags])
        return {tag: self.says(tag[1]) for tag in tags}


def digest(tag: str) -> str:
    return "sha256:" + tag.encode().hex().ljust(64, "0")


def decided(teller: Teller, case: Grounds | None = None) -> tuple[Decision, ...]:
    (found,) = settle([case or grounds()], answers(), teller, NOW)
    assert [one.subject for one in found] == ["runtime:python", "pypi/alpha"]
    assert len(found[1].updates) == 1
    return found


def moves(found: Sequence[Decision]) -> list[str]:
    return [change.text for update in found[0].updates for change in update.changes]


def test_the_digest_of_the_tag_that_is_taken_is_asked_for_and_no_other() -> None:
    teller = Teller(digest)
    found = decided(teller)
    assert moves(found) == ["3.14-slim", digest("3.14-slim"), "3.14"]
    assert (teller.asked, found[0].missing) == ([["3.14-slim"]], ())


def test_nothing_is_asked_for_where_nothing_moves() -> None:
    teller = Teller(digest)
    found = decided(teller, grounds("3.14-slim"))
    assert (moves(found), teller.asked) == ([], [])


def test_a_tag_that_has_no_digest_gives_way_to_an_older_one() -> None:
    teller = Teller(lambda tag: GONE if tag.startswith("3.14") else digest(tag))
    found = decided(teller)
    assert moves(found)[:2] == ["3.13-slim", digest("3.13-slim")]
    assert teller.asked == [["3.14-slim"], ["3.13-slim"]]
    assert "nobody says which digest docker.io/library/python 3.14-slim has" in found[0].updates[0].reasons[-1]


def test_what_lock_files_bring_in_counts_too() -> None:
    locked = (Locked("pypi", "beta", "2.0", wheels=("cp313", "cp39")),)
    found = decided(Teller(digest), replace(grounds(), locked=locked))
    assert moves(found) == ["3.13-slim", digest("3.13-slim"), "3.13"]
    assert found[0].updates[0].reasons[-1] == "3.14.1 waits: beta 2.0 has no wheel for Python 3.14"


def test_what_is_installed_on_a_runtime_counts_in_every_round() -> None:
    compiled = Listing(ALPHA, (Release("1.0", ago(OLD), wheels=("cp312", "cp313", "cp39")),))
    teller = Teller(lambda tag: GONE if tag.startswith("3.13") else digest(tag))
    (found,) = settle([grounds()], answers() | {ALPHA: compiled}, teller, NOW)
    assert teller.asked == [["3.13-slim"], ["3.12-slim"]]
    assert moves(found)[:2] == ["3.12-slim", digest("3.12-slim")]


def test_it_is_not_asked_without_end() -> None:
    teller = Teller(lambda _: GONE)
    found = decided(teller)
    assert teller.asked == [[f"{one}-slim"] for one in LINES[:ROUNDS]]
    assert {skip.reason for _, skip in found[0].skips} == {SkipReason.BLOCKED_SITE}
    assert [tag for _, tag in found[0].missing] == [f"{LINES[ROUNDS]}-slim"]


def test_a_registry_that_does_not_answer_is_no_reason_for_an_older_version() -> None:
    teller = Teller(lambda _: DOWN)
    found = decided(teller)
    assert teller.asked == [["3.14-slim"]]
    assert not found[0].updates
    first, second = (skip for _, skip in found[0].skips)
    assert (first.reason, first.detail) == (SkipReason.REGISTRY_UNAVAILABLE, "HTTP 503")
    assert second.reason is SkipReason.BLOCKED_SITE
    (unasked,) = settle([grounds()], answers(), nobody, NOW)
    assert {skip.reason for _, skip in unasked[0].skips} == {SkipReason.REGISTRY_UNAVAILABLE, SkipReason.BLOCKED_SITE}


def test_many_repositories_are_asked_about_at_once_and_decided_about_alone() -> None:
    cases = [grounds(), grounds("3.14-slim"), grounds("3.13-slim"), grounds("3.9-slim")]
    teller = Teller(digest)
    found = settle(cases, answers(), teller, NOW)
    assert teller.asked == [["3.14-slim"]]
    assert [moves(one)[:1] for one in found] == [["3.14-slim"], [], ["3.14-slim"], ["3.14-slim"]]
    alone = [settle([case], answers(), teller, NOW)[0] for case in cases]
    assert [fingerprint(one, DEFAULTS) for one in found] == [fingerprint(one, DEFAULTS) for one in alone]


def test_one_repositorys_trouble_is_not_anothers() -> None:
    found = settle([grounds(), grounds("3.14-slim")], answers(), Teller(lambda _: DOWN), NOW)
    assert {skip.reason for _, skip in found[1][0].skips} == {SkipReason.UP_TO_DATE}


def test_another_digest_is_another_fingerprint() -> None:
    first, second = (decided(Teller(says)) for says in (digest, lambda tag: digest(tag[::-1])))
    assert fingerprint(first, DEFAULTS) != fingerprint(second, DEFAULTS)
