"""The digests that decisions ask for."""

from __future__ import annotations

import pytest

from bot.core.digests import IN_VAIN, MOST, Tag, told, wanted
from bot.core.model import Answer, Decision, Listing, Package, Release, SkipReason, Unavailable
from tests.fakes.values import ago

IMAGE, OTHER = Package("oci", "docker.io/library/python"), Package("oci", "docker.io/library/node")
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
GONE = Unavailable(SkipReason.NOT_FOUND, "it is not there")
DOWN = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "HTTP 503")
TAGS = ("3.14", "3.13", "3.12")
ANSWERS: dict[Package, Answer] = {
    IMAGE: Listing(IMAGE, tuple(Release(tag, ago(9)) for tag in TAGS), notice="some"),
    OTHER: GONE,
}


def digests(said: dict[Tag, str | Unavailable], *asked: str) -> dict[str, str | None]:
    answer = told(ANSWERS, [(IMAGE, tag) for tag in asked], said)[IMAGE]
    assert isinstance(answer, Listing)
    assert (answer.package, answer.notice, list(answer.versions)) == (IMAGE, "some", list(TAGS))
    return {release.version: release.digest for release in answer.releases}


def test_what_is_wanted_is_named_once_and_not_without_end() -> None:
    decisions = [Decision("a", (), (), ((IMAGE, "1"), (IMAGE, "2"))), Decision("b", (), (), ((IMAGE, "1"),))]
    assert wanted(decisions) == ((IMAGE, "1"), (IMAGE, "2"))
    assert wanted([Decision("a", (), ())]) == ()
    many = tuple((IMAGE, str(n)) for n in range(MOST + 5))
    assert wanted([Decision("a", (), (), many)]) == many[:MOST]


def test_a_digest_stands_at_its_tag() -> None:
    assert digests({(IMAGE, "3.14"): ONE, (IMAGE, "3.12"): TWO}, "3.14", "3.12") == {
        "3.14": ONE,
        "3.13": None,
        "3.12": TWO,
    }
    assert told(ANSWERS, [], {}) == ANSWERS


def test_only_what_was_asked_for_is_taken_from_what_was_said() -> None:
    assert digests({(IMAGE, "3.14"): ONE, (IMAGE, "3.13"): TWO}, "3.14")["3.13"] is None


def test_a_tag_that_is_gone_was_asked_for_in_vain() -> None:
    assert digests({(IMAGE, "3.14"): GONE, (IMAGE, "3.13"): ONE}, "3.14", "3.13") == {
        "3.14": IN_VAIN,
        "3.13": ONE,
        "3.12": None,
    }


@pytest.mark.parametrize("said", [{(IMAGE, "3.14"): ONE, (IMAGE, "3.13"): DOWN}, {}])
def test_a_registry_that_does_not_answer_answers_nothing(said: dict[Tag, str | Unavailable]) -> None:
    answer = told(ANSWERS, [(IMAGE, "3.14"), (IMAGE, "3.13")], said)[IMAGE]
    assert isinstance(answer, Unavailable)
    assert answer.reason is SkipReason.REGISTRY_UNAVAILABLE


def test_what_has_no_listing_stays_as_it_is() -> None:
    assert told(ANSWERS, [(OTHER, "22")], {(OTHER, "22"): ONE}) == ANSWERS
    assert told(ANSWERS, [(OTHER, "22")], {(OTHER, "22"): DOWN})[OTHER] == DOWN
