"""Language runtimes: which line all places of a repository can take, and why not a newer one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.edits import edits_of
from bot.core.model import (
    EVERY_VERSION,
    Bump,
    Caution,
    Context,
    Decision,
    History,
    Kind,
    Line,
    Listing,
    Package,
    Part,
    Pin,
    Refusal,
    Release,
    Role,
    Skip,
    SkipReason,
    Span,
    Update,
)
from bot.core.policy import decide_all
from bot.core.render import branch_name, title
from bot.core.rules import Effective, Ignore, Major, effective
from bot.core.runtimes import (
    LAMBDA,
    RUNTIMES,
    SETTLED,
    SOON,
    Needed,
    Place,
    Runtime,
    decide,
    line_of,
    named,
    numbers,
    objection,
    pressing,
    with_lines,
)
from tests.fakes.values import NOW, OLD, ago, dependency, policy

TODAY = NOW.date()
LONG = TODAY - timedelta(days=900)
FAR = TODAY + timedelta(days=900)
PYTHON = Package("endoflife", "python")


def line(version: str, name: str = "", days: float = OLD, **facts: Any) -> Release:
    """The newest release of a line that began long ago and ends in a long time."""
    found = Line(name or ".".join(version.split(".")[:2]), facts.pop("begins", LONG), facts.pop("lts", None), None)
    return Release(version, ago(days), line=replace(found, ends=facts.pop("ends", FAR)), **facts)


def listing(*releases: Release | str, of: Package = PYTHON) -> Listing:
    return Listing(of, tuple(line(one) if isinstance(one, str) else one for one in releases))


def place(constraint: str, runtime: str = "python", offers: Listing | None = None, **other: Any) -> Place:
    one = RUNTIMES[runtime]
    wanted = other.pop("wanted", None)
    given: dict[str, Any] = {"scheme": "runtime", "kind": Kind.RUNTIME, "subject": one.subject, "name": one.product}
    given |= {"registry": "endoflife", "path": f"f{len(constraint)}", "lockable": False}
    site = dependency(constraint, **(given | other))
    return Place(site, wanted or effective(policy(), site), offers)


def wanted(**changes: Any) -> Effective:
    return msgspec.structs.replace(place("3").wanted, **changes)


def chosen(places: list[Place], lines: Listing, history: History | None = None) -> Decision:
    found = decide(places, lines, history or History(), NOW)
    seen = [*(d for update in found.updates for d in update.dependencies), *(d for d, _ in found.skips)]
    assert sorted(map(id, seen)) == sorted(id(one.dependency) for one in places)
    return found


def moved(places: list[Place], lines: Listing) -> Update:
    (update,) = chosen(places, lines).updates
    return update


def texts(update: Update) -> list[str]:
    return [change.text for change in update.changes]


def reasons(decision: Decision) -> list[SkipReason]:
    assert not decision.updates
    return [skip.reason for _, skip in decision.skips]


def only(decision: Decision) -> Skip:
    assert not decision.updates
    (skip,) = {skip for _, skip in decision.skips}
    return skip


# Names


def test_runtimes_are_named_by_their_subject() -> None:
    assert named("runtime:python") == "python"
    assert named("runtime:cobol") == named("python") == named("pypi/python") == ""
    assert all(
        one.subject == f"runtime:{name}" and one.package.registry == "endoflife" for name, one in RUNTIMES.items()
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3.13.1", (3, 13, 1)),
        ("20", (20,)),
        ("1.2.3.4", (1, 2, 3, 4)),
        *((text, None) for text in ("1.2.3.4.5", "", "3.", "v3", "\u0663", "1" * 10)),
    ],
)
def test_numbers(text: str, found: tuple[int, ...] | None) -> None:
    assert numbers(text) == found


# Moving


def test_every_place_moves_and_keeps_its_precision() -> None:
    places = [place("3.9"), place("3.11.4"), place("python-3.11"), place("v3.10", path="x")]
    update = moved(places, listing("3.14.7", "3.13.15", "3.9.25"))
    assert texts(update) == ["3.14", "3.14.7", "python-3.14", "v3.14"]
    assert (update.from_version, update.version, update.bump) == ("3.9", "3.14.7", Bump.MINOR)
    assert (update.package, update.kind, update.track, update.group) == (PYTHON, Kind.RUNTIME, "", None)
    assert update.release.version == "3.14.7"
    assert update.pipeline == places[0].wanted.pipeline


def test_what_is_told_is_as_precise_as_the_most_precise_place() -> None:
    update = moved([place("3.9"), place("3")], listing("3.14.7"))
    assert (update.version, update.release.version) == ("3.14", "3.14")


def test_places_that_say_it_already_stay() -> None:
    decision = chosen([place("3.9"), place("3.14"), place("3")], listing("3.14.7"))
    assert texts(decision.updates[0]) == ["3.14"]
    assert [skip.reason for _, skip in decision.skips] == [SkipReason.UP_TO_DATE] * 2


def test_nothing_is_newer() -> None:
    assert reasons(chosen([place("3.14"), place("3")], listing("3.14.7", "3.13.15"))) == [SkipReason.UP_TO_DATE] * 2
    assert reasons(chosen([place("3.14")], listing())) == [SkipReason.UP_TO_DATE]
    assert reasons(chosen([place("3.15")], listing("3.14.7"))) == [SkipReason.UP_TO_DATE]


def test_a_release_whose_numbers_cannot_be_read_is_passed_over() -> None:
    lines = listing(line("8u502-b07", "8", lts=LONG), of=RUNTIMES["java"].package)
    assert reasons(chosen([place("8", "java")], lines)) == [SkipReason.UP_TO_DATE]
    both = listing(line("25.0.4.1", "25", lts=LONG), *lines.releases, of=lines.package)
    assert texts(moved([place("8", "java")], both)) == ["25"]
    assert reasons(chosen([place("26", "java")], both)) == [SkipReason.UP_TO_DATE]


# Which line


def test_a_line_past_its_end_is_no_target() -> None:
    ended = line("3.10.21", ends=TODAY)
    assert texts(moved([place("3.8")], listing(ended, "3.9.25"))) == ["3.9"]
    assert only(chosen([place("3.8")], listing(ended))).reason is SkipReason.UP_TO_DATE
    withdrawn = line("3.10.21", ends=None, yanked="it has reached its end of life")
    assert texts(moved([place("3.8")], listing(withdrawn, "3.9.25"))) == ["3.9"]


def test_a_young_line_is_not_entered_and_the_one_before_is() -> None:
    young = line("3.15.0", begins=TODAY - SETTLED + timedelta(days=1))
    update = moved([place("3.9")], listing(young, "3.14.7"))
    assert texts(update) == ["3.14"]
    began = TODAY - SETTLED + timedelta(days=1)
    assert update.reasons[-1] == f"3.15.0 waits: 3.15 began on {began}; old enough on {TODAY + timedelta(days=1)}"
    skip = only(chosen([place("3.14")], listing(young, "3.14.7")))
    assert (skip.reason, skip.candidate) == (SkipReason.TOO_YOUNG, young)


def test_who_is_on_a_young_line_takes_its_fixes() -> None:
    young = line("3.15.2", begins=TODAY - timedelta(days=60))
    assert texts(moved([place("3.15.0")], listing(young, "3.14.7"))) == ["3.15.2"]
    assert reasons(chosen([place("3.15.2")], listing(young, "3.14.7"))) == [SkipReason.UP_TO_DATE]
    assert SkipReason.TOO_YOUNG in reasons(chosen([place("3.15.0"), place("3.14")], listing(young, "3.14.7")))


@pytest.mark.parametrize(("lts", "reason"), [(None, "has no long-term support"), (FAR, f"support before {FAR}")])
def test_only_lines_with_long_term_support_are_entered(lts: date | None, reason: str) -> None:
    node = RUNTIMES["node"].package
    lines = listing(line("26.7.0", "26", lts=lts), line("24.19.0", "24", lts=LONG), of=node)
    update = moved([place("20.1.0", "node")], lines)
    assert (texts(update), update.bump) == (["24.19.0"], Bump.MAJOR)
    assert reason in update.reasons[0]
    assert texts(moved([place("26.1.0", "node")], lines)) == ["26.7.0"]


def test_a_release_is_not_taken_before_its_own_age() -> None:
    lines = listing(line("3.14.8", days=2), "3.13.15")
    assert texts(moved([place("3.9.1")], lines)) == ["3.13.15"]
    careful = [place("3.9.1", wanted=wanted(minimum_age=timedelta(days=1000))), place("3.9")]
    assert only(chosen(careful, listing("3.14.7"))).reason is SkipReason.TOO_YOUNG
    unknown = replace(line("3.14.8"), published=None)
    assert only(chosen([place("3.9.1")], listing(unknown))).detail == "3.14.8 is too young: its date is not known"


def test_who_states_only_the_line_does_not_wait_for_its_newest_release() -> None:
    lines = listing(line("3.14.8", days=2, digest="sha256:" + "b" * 64), "3.13.15")
    update = moved([place("3.9"), place("3.11")], lines)
    assert (texts(update), update.version) == (["3.14", "3.14"], "3.14")
    assert update.release.published
    assert update.release.published.date() == LONG
    assert texts(moved([place("3.9"), place("3.9.1")], lines)) == ["3.13", "3.13.15"]
    fixed = tag("3.9-slim", "sha256:" + "a" * 64)
    assert reasons(chosen([fixed], listing(line("3.14.8", days=2)))) == [SkipReason.TOO_YOUNG]


@pytest.mark.parametrize("facts", [None, Line("3.14", None, None, FAR)])
def test_a_line_whose_begin_nobody_tells_is_not_taken(facts: Line | None) -> None:
    found = objection(Release("3.14.7", ago(OLD), line=facts), RUNTIMES["python"], NOW, entering=True)
    assert found
    assert found.reason is SkipReason.TOO_YOUNG
    skip = only(chosen([place("3.9")], listing(Release("3.14.7", ago(OLD), line=facts))))
    assert skip.reason is SkipReason.TOO_YOUNG


def test_a_line_without_an_end_is_taken() -> None:
    assert objection(line("1.27.0", ends=None), Runtime("go", "go"), NOW, entering=True) is None


# Policy and history


def test_what_policy_ignores_is_not_taken() -> None:
    ignores = (Ignore(name="python", versions=">=3.14"), Ignore(name="python", versions="==2.*", reason="old"))
    places = [place("3.9"), place("3.9", wanted=wanted(ignores=ignores))]
    update = moved(places, listing("3.14.7", "3.13.15"))
    assert texts(update) == ["3.13", "3.13"]
    assert "3.14.7 waits: policy ignores >=3.14" in update.reasons
    told = [place("3.9", wanted=wanted(ignores=(Ignore(name="*", versions=">=3", reason="not now"),)))]
    assert only(chosen(told, listing("3.14.7"))).detail == "not now"


def test_an_ignore_that_cannot_be_read_keeps_everything() -> None:
    skip = only(chosen([place("3.9", wanted=wanted(ignores=(Ignore(name="*", versions="3.x!"),)))], listing("3.14.7")))
    assert (skip.reason, "can't be read" in skip.detail) == (SkipReason.IGNORED, True)


def test_majors_can_be_held() -> None:
    node = RUNTIMES["node"].package
    lines = listing(line("24.19.0", "24", lts=LONG), line("22.23.2", "22", lts=LONG), of=node)
    held = wanted(major=Major.HOLD)
    assert texts(moved([place("22.1.0", "node", wanted=held)], lines)) == ["22.23.2"]
    assert only(chosen([place("20", "node", wanted=held)], lines)).reason is SkipReason.HELD
    assert texts(moved([place("3.9", wanted=held)], listing("3.14.7"))) == ["3.14"]


@pytest.mark.parametrize("version", ["3.14", "3.14.7", EVERY_VERSION])
def test_what_was_rolled_back_is_not_taken(version: str) -> None:
    history = History((Refusal("endoflife", "python", version, SkipReason.QUARANTINED, "rolled back"),))
    skip = only(chosen([place("3.9")], listing("3.14.7"), history))
    assert (skip.reason, skip.detail) == (SkipReason.QUARANTINED, "rolled back")
    (update,) = chosen([place("3.9")], listing("3.15.2"), replace(history, refusals=history.refusals[:0])).updates
    assert update.version == "3.15"


def test_who_declined_a_line_is_not_offered_an_older_one() -> None:
    history = History((Refusal("endoflife", "python", "3.14", SkipReason.DECLINED, "closed"),))
    decision = chosen([place("3.9")], listing("3.14.7", "3.13.15"), history)
    assert reasons(decision) == [SkipReason.DECLINED]
    assert texts(chosen([place("3.9")], listing("3.15.1", "3.14.7"), history).updates[0]) == ["3.15"]


# What the places can take


def test_the_newest_that_every_place_can_take() -> None:
    offers = Listing(LAMBDA, (line("python3.14", yanked="ended"), line("python3.13"), line("python3.9")))
    function = place("python3.9", scheme="function", name="aws-lambda", offers=offers)
    update = moved([place("3.9"), function], listing("3.15.1", "3.14.7", "3.13.15"))
    assert texts(update) == ["3.13", "python3.13"]
    assert "there is no aws-lambda python3.15" in update.reasons[-1]
    skip = only(chosen([place("3.9"), function], listing("3.14.7")))
    assert (skip.reason, "there is no aws-lambda python3.14" in skip.detail) == (SkipReason.BLOCKED_SITE, True)


@pytest.mark.parametrize(
    ("ends", "found"), [(TODAY, "3.13"), (TODAY - timedelta(days=9), "3.13"), (FAR, "3.14"), (None, "3.14")]
)
@pytest.mark.parametrize(
    ("scheme", "python"), [("function", "python{}.{}"), ("function_constant", "PYTHON_{}_{}")], ids=["id", "constant"]
)
def test_an_identifier_that_is_past_its_own_end_is_not_entered(
    ends: date | None, found: str, scheme: str, python: str
) -> None:
    ended = Release("python3.14", ago(OLD), line=Line("python3.14", LONG, None, ends, blocked=FAR))
    offers = Listing(LAMBDA, (ended, line("python3.13", "python3.13"), line("python3.9", "python3.9")))
    function = place(python.format(3, 9), scheme=scheme, name="aws-lambda", offers=offers, path="template.yaml")
    update = moved([place("3.9"), function], listing("3.14.7", "3.13.15"))
    assert texts(update) == [found, python.format(3, found[2:])]
    waits = f"3.14.7 waits: template.yaml:1: aws-lambda python3.14 has had no security fixes since {ends}"
    assert [reason for reason in update.reasons if "waits" in reason] == (
        [f"{waits} (what runs on it can't be changed from {FAR} on)"] if found == "3.13" else []
    )


def test_who_is_on_an_identifier_that_is_past_its_own_end_is_not_held_by_it() -> None:
    ended = Release("python3.14", ago(OLD), line=Line("python3.14", LONG, None, TODAY))
    function = place("python3.14", scheme="function", name="aws-lambda", offers=Listing(LAMBDA, (ended,)))
    update = moved([place("3.9"), function], listing("3.14.7", "3.13.15"))
    assert texts(update) == ["3.14"]


def test_a_place_of_higher_precision_than_the_release_keeps_all() -> None:
    skip = only(chosen([place("3.9"), place("3.9.1.2")], listing("3.14.7")))
    assert (skip.reason, "3.9.1.2 can't be rewritten" in skip.detail) == (SkipReason.BLOCKED_SITE, True)


def test_a_version_that_cannot_be_compared_keeps_all() -> None:
    odd = place("==3.9rc1", scheme="pep440")
    assert odd.stated == ()
    assert set(reasons(chosen([place("3.9"), odd], listing("3.14.7")))) == {SkipReason.BLOCKED_SITE}
    assert reasons(chosen([odd], listing("3.14.7"))) == [SkipReason.BLOCKED_SITE]


def test_no_place_goes_back() -> None:
    ahead = place("3.15", path="ahead")
    skips = {d.constraint: skip for d, skip in chosen([place("3.9"), ahead], listing("3.14.7", "3.13.15")).skips}
    assert skips["3.15"].reason is SkipReason.UP_TO_DATE
    assert skips["3.9"].reason is SkipReason.BLOCKED_SITE
    assert "ahead:1 says 3.15" in skips["3.9"].detail


def tag(text: str, digest: str = "") -> Place:
    """A tag of an image, with its digest."""
    version = Pin("Dockerfile", Span(0, len(text)), text)
    fixed = Pin("Dockerfile", Span(50, 50 + len(digest)), digest, Part.DIGEST)
    offers = listing(
        line("3.14-slim", digest="sha256:" + "b" * 64), line("3.13-slim", digest="sha512:" + "c" * 128), "3.9-slim"
    )
    return place(text, scheme="docker", name="python", pins=(version, fixed) if digest else (version,), offers=offers)


def test_a_tag_moves_with_its_digest() -> None:
    update = moved([tag("3.9-slim", "sha256:" + "a" * 64), place("3.9")], listing("3.14.7"))
    assert texts(update) == ["3.14-slim", "sha256:" + "b" * 64, "3.14"]
    assert texts(moved([tag("3.9-slim")], listing("3.14.7"))) == ["3.14-slim"]


def test_a_tag_whose_digest_cannot_be_written_keeps_all() -> None:
    skip = only(chosen([tag("3.8-slim", "sha256:" + "a" * 64)], listing("3.13.15", "3.9.25")))
    assert (skip.reason, "nobody says which digest python 3.13-slim has" in skip.detail) == (
        SkipReason.BLOCKED_SITE,
        True,
    )


IMAGES = Package("oci", "python")
FIXED = "sha256:" + "a" * 64


def undigested(text: str, *tags: Release | str, digest: str = FIXED) -> Place:
    """A tag of an image with its digest, where only these tags' digests are known."""
    one = tag(text, digest)
    offers = tuple(line(each) if isinstance(each, str) else each for each in tags)
    statement = replace(one.dependency.statement, package=IMAGES)
    return Place(replace(one.dependency, statement=statement), one.wanted, Listing(IMAGES, offers))


def lacking(places: list[Place], *lines: Release | str) -> list[str]:
    """The tags whose digests a decision lacks."""
    found = chosen(places, listing(*lines)).missing
    assert {package for package, _ in found} <= {IMAGES}
    return [version for _, version in found]


def test_the_digest_that_is_missing_is_named() -> None:
    tags = ("3.14-slim", "3.13-slim", "3.14")
    places = [undigested("3.9-slim", *tags), undigested("3.11-slim", *tags), undigested("3.9", *tags), place("3.9")]
    assert lacking(places, "3.14.7", "3.13.15") == ["3.14-slim", "3.14"]
    decision = chosen(places, listing("3.14.7", "3.13.15"))
    assert set(reasons(decision)) == {SkipReason.BLOCKED_SITE}
    assert {skip.detail for _, skip in decision.skips} == {"f8:1: nobody says which digest python 3.14-slim has"}


def test_the_digest_of_an_older_line_is_named_when_the_newest_was_asked_for_in_vain() -> None:
    tags: list[Release | str] = [line("3.14-slim", digest=""), "3.13-slim"]
    assert lacking([undigested("3.9-slim", *tags)], "3.14.7", "3.13.15") == ["3.13-slim"]
    assert lacking([undigested("3.9-slim", line("3.14-slim", digest=""))], "3.14.7") == []


def test_no_digest_is_asked_for_that_is_of_no_use() -> None:
    assert lacking([undigested("3.9-slim", "3.14-slim")], line("3.14.7", days=2)) == []
    assert lacking([undigested("3.9-slim", "3.14-slim"), place("pypy3.9-7.3")], "3.14.7") == []
    assert lacking([undigested("3.9-slim", "3.13-slim")], "3.14.7") == []
    assert lacking([undigested("3.14-slim", "3.14-slim")], "3.14.7") == []
    known: list[Release | str] = [line("3.14-slim", digest="sha512:" + "b" * 128), "3.14"]
    assert lacking([undigested("3.9-slim", *known), undigested("3.9", *known)], "3.14.7") == []


def test_who_can_move_without_the_missing_digest_does_so_meanwhile() -> None:
    places = [undigested("3.13-slim", "3.14-slim", "3.13-slim"), place("3.9")]
    decision = chosen(places, listing("3.14.7", "3.13.15"))
    assert texts(decision.updates[0]) == ["3.13"]
    assert decision.missing == ((IMAGES, "3.14-slim"),)


# Floors


def floor(text: str, role: Role = Role.APPLICATION) -> Place:
    return place(text, scheme="pep440", role=role, path="pyproject.toml")


def test_the_floor_of_an_application_rises_with_what_runs() -> None:
    update = moved([floor(">=3.9"), place("3.10")], listing("3.14.7"))
    assert texts(update) == [">=3.14", "3.14"]
    assert update.from_version == "3.10"
    assert not [reason for reason in update.reasons if "disagree" in reason]


def test_a_floor_never_moves_by_itself() -> None:
    assert reasons(chosen([floor(">=3.9")], listing("3.14.7"))) == [SkipReason.IN_RANGE]
    assert reasons(chosen([floor(">=3.9"), place("3.14")], listing("3.14.7"))) == [
        SkipReason.IN_RANGE,
        SkipReason.UP_TO_DATE,
    ]


def test_a_floor_above_everything_keeps_the_others() -> None:
    assert reasons(chosen([floor(">=3.15"), place("3.9")], listing("3.14.7"))) == [
        SkipReason.IN_RANGE,
        SkipReason.BLOCKED_SITE,
    ]


def test_a_library_keeps_its_promise() -> None:
    library = floor(">=3.9", Role.LIBRARY)
    decision = chosen([library, place("3.10")], listing("3.14.7"))
    assert texts(decision.updates[0]) == ["3.14"]
    assert [(d.constraint, skip.reason) for d, skip in decision.skips] == [(">=3.9", SkipReason.IN_RANGE)]
    limited = floor(">=3.9,<3.14", Role.LIBRARY)
    update = moved_of(chosen([limited, place("3.10")], listing("3.14.7", "3.13.15")))
    assert texts(update) == ["3.13"]
    assert "promises >=3.9,<3.14, which leaves out 3.14.7" in update.reasons[-1]


def moved_of(decision: Decision) -> Update:
    (update,) = decision.updates
    return update


def test_a_piece_of_a_constraint_is_written_without_its_frame() -> None:
    framed = place(">=1.21", "go", scheme="pep440", frame=(">=", ""))
    lines = listing(line("1.27.0"), of=RUNTIMES["go"].package)
    assert texts(moved([framed, place("go1.21.5", "go")], lines)) == ["1.27", "go1.27.0"]


def engines(text: str, **other: Any) -> Place:
    return place(text, "node", scheme="npm", path="package.json", **other)


NODE = Listing(RUNTIMES["node"].package, (line("24.19.0", "24", lts=LONG), line("22.23.2", "22", lts=LONG)))


@pytest.mark.parametrize(
    ("said", "stated", "risen"),
    [
        (">=18 <21", "20", ">=24 <25"),
        ("18.x", "18", "24.x"),
        ("^18 || ^20", "20", "^24"),
        (">=18.17.0", "20", ">=24.0.0"),
        (">=18.17.0", "20.1.0", ">=24.19.0"),
        ("<=20", "20", "<=24"),
        ("18.17.0", "18", "24.19.0"),
    ],
)
def test_engines_of_an_application_rise_to_what_the_others_say(said: str, stated: str, risen: str) -> None:
    update = moved([engines(said), place(stated, "node")], NODE)
    assert texts(update)[0] == risen


def test_a_bound_that_leaves_out_the_release_itself_is_not_enough() -> None:
    assert texts(moved([floor("<=3.12"), place("3.9")], listing("3.14.7"))) == ["<=3.14.7", "3.14"]


@pytest.mark.parametrize("said", ["18.x", "^18 || ^20", "18.17.0", "<21"])
def test_engines_of_a_library_that_leave_it_out_hold_the_others(said: str) -> None:
    skip = only_of(chosen([engines(said, role=Role.LIBRARY), place("18", "node")], NODE), "18")
    assert (skip.reason, "package.json:1 promises" in skip.detail) == (SkipReason.BLOCKED_SITE, True)


def only_of(decision: Decision, constraint: str) -> Skip:
    assert not decision.updates
    return next(skip for site, skip in decision.skips if site.constraint == constraint)


def test_one_version_that_a_library_promises_never_moves_by_itself() -> None:
    assert reasons(chosen([engines("18.17.0", role=Role.LIBRARY)], NODE)) == [SkipReason.IN_RANGE]
    assert texts(moved([engines("18.17.0")], NODE)) == ["24.19.0"]


def test_a_range_that_a_lock_file_records_stays() -> None:
    locked = place(">=3.9", scheme="pep440", path="pyproject.toml", lock="uv.lock")
    decision = chosen([locked, place("3.10")], listing("3.14.7"))
    assert texts(decision.updates[0]) == ["3.14"]
    assert [skip.reason for _, skip in decision.skips] == [SkipReason.IN_RANGE]
    bounded = place(">=3.9,<3.14", scheme="pep440", path="pyproject.toml", lock="uv.lock")
    update = moved_of(chosen([bounded, place("3.10")], listing("3.14.7", "3.13.15")))
    assert texts(update) == ["3.13"]
    skip = only_of(chosen([bounded, place("3.13")], listing("3.14.7", "3.13.15")), "3.13")
    assert (skip.reason, skip.detail) == (
        SkipReason.LOCK_NOT_REFRESHED,
        "pyproject.toml:1: >=3.9,<3.14 leaves out 3.14.7, and uv.lock has to be refreshed with it",
    )


def test_a_range_that_can_not_be_edited_holds_the_others_from_what_it_leaves_out() -> None:
    fixed = place(">=3.9,<3.14", scheme="pep440", path="setup.py", pins=())
    assert texts(moved_of(chosen([fixed, place("3.10")], listing("3.14.7", "3.13.15")))) == ["3.13"]
    skip = only_of(chosen([fixed, place("3.13")], listing("3.14.7", "3.13.15")), "3.13")
    assert (skip.reason, "can't be edited" in skip.detail) == (SkipReason.BLOCKED_SITE, True)


# What is installed on it


def installed(name: str, version: str, *wheels: str, requires: str = "", marker: str = "") -> Needed:
    return Needed(name, version, wheels, requires, (marker,) if marker else ())


def on(*needed: Needed, lines: Listing | None = None, stated: str = "3.9") -> Decision:
    return decide([place(stated)], lines or listing("3.14.7", "3.13.15"), History(), NOW, needed)


def test_a_line_for_which_something_has_no_wheel_is_not_entered() -> None:
    pandas, numpy = installed("pandas", "2.0.1", "cp39", "cp310"), installed("numpy", "1.24.4", "cp39", "cp313")
    skip = only(on(pandas, numpy))
    assert (skip.reason, skip.candidate and skip.candidate.version) == (SkipReason.NEEDS_WHEELS, "3.14.7")
    assert skip.detail == "numpy 1.24.4, pandas 2.0.1 have no wheel for Python 3.14"
    update = moved_of(on(numpy))
    assert texts(update) == ["3.13"]
    assert update.reasons[-1] == "3.14.7 waits: numpy 1.24.4 has no wheel for Python 3.14"


def test_what_is_served_or_needs_no_wheel_holds_nothing() -> None:
    marked = installed("old", "1", "cp39", marker='python_version < "3.10"')
    assert texts(moved_of(on(installed("a", "1"), installed("b", "1", "abi3-cp36"), marked))) == ["3.14"]
    here = installed("c", "1", "cp39", marker='sys_platform == "win32"')
    assert only(on(here)).reason is SkipReason.NEEDS_WHEELS


def test_who_is_on_a_line_takes_its_fixes_without_asking() -> None:
    assert texts(moved_of(on(installed("a", "1", "cp38"), stated="3.14.1"))) == ["3.14.7"]


@pytest.mark.parametrize(
    ("requires", "held"),
    [("<3.14", True), (">=3.9,<3.14.0", True), (">=3.9", False), ("<4", False), ("nonsense", False)],
)
def test_what_asks_for_an_older_python_can_not_be_installed_either(requires: str, held: bool) -> None:
    update = moved_of(on(installed("scipy", "1.7.1", requires=requires)))
    assert texts(update) == (["3.13"] if held else ["3.14"])


def test_a_long_list_is_cut() -> None:
    skip = only(on(*(installed(f"p{n:02}", "1", "cp39") for n in range(12))))
    assert skip.detail.endswith("p09 1 and 2 more have no wheel for Python 3.14")


def test_a_line_of_one_number_asks_for_no_wheel() -> None:
    assert texts(moved_of(on(installed("a", "1", "cp39"), lines=listing(line("4", "4")), stated="3"))) == ["4"]
    node = decide([place("18", "node")], NODE, History(), NOW, (installed("a", "1", "cp39"),))
    assert texts(moved_of(node)) == ["24"]


def test_one_of_several_markers_is_enough() -> None:
    older, here = 'python_version < "3.10"', 'sys_platform == "win32"'
    assert texts(moved_of(on(Needed("a", "1", ("cp39",), markers=(older, older))))) == ["3.14"]
    assert only(on(Needed("a", "1", ("cp39",), markers=(older, here)))).reason is SkipReason.NEEDS_WHEELS


# What is told


def test_a_function_ends_when_its_cloud_says() -> None:
    own = Line("python3.9", LONG, None, TODAY - timedelta(days=5), blocked=FAR)
    offers = Listing(LAMBDA, (line("python3.14"), Release("python3.9", ago(OLD), line=own)))
    site = place("python3.9", scheme="function", name="aws-lambda", offers=offers)
    update = moved([site, place("3.9")], listing("3.14.7", line("3.9.25", ends=FAR)))
    assert update.reasons == (
        f"python3.9 has had no security fixes since {own.ends} (what runs on it can't be changed from {FAR} on)",
        f"3.9 gets no security fixes after {FAR}",
    )


def test_the_line_in_use_is_kept_and_its_end_is_said_where_nothing_moves() -> None:
    soon = TODAY + SOON
    lines = listing("3.14.7", line("3.11.9", ends=soon), line("3.9.25", ends=LONG))
    places = [place("3.9"), place("3.11"), place("3.14"), place("2.7"), floor(">=3.9")]
    stays = Decision("x", (), tuple((one.dependency, Skip(SkipReason.HELD, "held")) for one in places))
    found = with_lines(stays, places, lines, NOW)
    assert [skip.detail for _, skip in found.skips] == [
        f"held; 3.9 has had no security fixes since {LONG}",
        f"held; 3.11 gets no security fixes after {soon}",
        "held",
        "held",
        "held",
    ]
    assert [(site.constraint, own.name) for site, own in found.lines] == [
        ("3.9", "3.9"),
        ("3.11", "3.11"),
        ("3.14", "3.14"),
    ]
    assert not pressing(Line("1", None, None, None), TODAY)


def test_when_the_lines_in_use_end_is_told_soonest_first() -> None:
    soon = TODAY + timedelta(days=20)
    lines = listing("3.14.7", line("3.11.9", ends=soon), line("3.10.9", ends=None), line("3.9.25", ends=LONG))
    update = moved([place("3.11"), place("3.11.1"), place("3.10"), place("3.9"), place("2.7")], lines)
    assert update.reasons[:2] == (
        f"3.9 has had no security fixes since {LONG}",
        f"3.11 gets no security fixes after {soon}",
    )


def test_places_that_disagree_are_told() -> None:
    places = [place("3.9", path="a"), place("3.9.4", path="b"), place("3.10", path="c")]
    assert moved(places, listing("3.14.7")).reasons == (
        "places disagree today: a:1 says 3.9, b:1 says 3.9.4, c:1 says 3.10",
    )
    assert moved(places[:2], listing("3.14.7")).reasons == ()


def test_the_line_of_a_version() -> None:
    lines = Listing(PYTHON, (Release("x", None), line("3.14.7"), line("?", "lenny"), line("2.7.18")))
    found = line_of((3, 14, 2), lines)
    assert found
    assert found.name == "3.14"
    assert line_of((3, 1), lines) is None
    assert line_of((3,), lines) is None


# Laws

minor = st.integers(5, 14)
said = st.one_of(
    minor.map("3.{}".format), st.tuples(minor, st.integers(0, 12)).map(lambda two: f"python-3.{two[0]}.{two[1]}")
)
day = st.integers(-400, 400)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Place], Listing]:
    lines = []
    for number in sorted(draw(st.sets(minor, min_size=1, max_size=6)), reverse=True):
        begins, ends = TODAY - timedelta(days=draw(st.integers(0, 900))), draw(st.one_of(st.none(), day))
        end = None if ends is None else TODAY + timedelta(days=ends)
        lines.append(
            line(f"3.{number}.{draw(st.integers(0, 12))}", begins=begins, ends=end, days=draw(st.integers(0, 9)))
        )
    floors = [floor(text) for text in draw(st.lists(minor.map(">=3.{}".format), max_size=1))]
    return [
        place(text, path=f"p{n}") for n, text in enumerate(draw(st.lists(said, min_size=1, max_size=5)))
    ] + floors, listing(*lines)


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_laws_of_every_decision(world: tuple[list[Place], Listing]) -> None:
    places, lines = world
    decision = chosen(places, lines)
    if not decision.updates:
        return
    (update,) = decision.updates
    newest = next(
        one for one in lines.releases if one.version.startswith(f"{update.version}.") or one.version == update.version
    )
    target = tuple(map(int, newest.version.split(".")))
    after = {id(d): change.text for d, change in zip(update.dependencies, update.changes, strict=True)}
    for one in places:
        text = after.get(id(one.dependency), one.dependency.constraint)
        again = place(text, scheme=one.dependency.statement.scheme)
        assert again.stated >= one.stated, "none goes back"
        assert len(again.stated) == len(one.stated), "precision is kept"
        assert again.stated == target[: len(again.stated)], "every place moves or says it already"
    assert newest.line
    assert newest.line.ends is None or newest.line.ends > TODAY
    assert len(edits_of(update.changes)) == len(update.changes)
    settled = [
        place(after.get(id(o.dependency), o.dependency.constraint), scheme=o.dependency.statement.scheme)
        for o in places
    ]
    assert not chosen(settled, lines).updates, "deciding again gives nothing to do"


# What keeps data


POSTGRES = Package("endoflife", "amazon-rds-postgresql")
CAUTION = Caution("a newer line of the database engine can't be taken back", by_hand=True, majors=True)
ENGINES = listing(line("18.4", "18"), line("16.14", "16"), line("13.23", "13"), line("12.22", "12"), of=POSTGRES)


def databases(*stated: str, lines: Listing = ENGINES) -> tuple[Decision, ...]:
    context = Context(group="database")
    sites = [
        place(text, "rds-postgresql", path=f"{n}.tf", kind=Kind.TOOL, cautions=(CAUTION,), context=context).dependency
        for n, text in enumerate(stated)
    ]
    return decide_all(sites, {POSTGRES: lines}, policy(), History(), NOW)


def test_an_engine_takes_the_fixes_of_its_line_each_line_by_itself() -> None:
    first, second = databases("13.7", "16.2", "13.9")
    assert [first.subject, second.subject] == ["runtime:rds-postgresql@13", "runtime:rds-postgresql@16"]
    (thirteen,), (sixteen,) = first.updates, second.updates
    assert (texts(thirteen), texts(sixteen)) == (["13.23", "13.23"], ["16.14"])
    assert (thirteen.bump, thirteen.by_hand, thirteen.pipeline) == (Bump.MINOR, False, "configuration")
    assert any("18 is another line" in reason for reason in thirteen.reasons)


def test_an_engine_that_states_only_its_line_rests() -> None:
    (decision,) = databases("16")
    assert only(decision).reason is SkipReason.HELD


def test_an_engine_near_its_end_is_proposed_the_newest_line_to_a_person() -> None:
    for ends in (TODAY + timedelta(days=100), TODAY - timedelta(days=5)):
        (decision,) = databases("13.7", lines=listing(line("16.14", "16"), line("13.23", "13", ends=ends), of=POSTGRES))
        (update,) = decision.updates
        assert (texts(update), update.bump, update.by_hand) == (["16.14"], Bump.MAJOR, True)
        assert update.cautions == (CAUTION,)


def test_another_line_of_an_engine_is_a_major_step_whatever_its_numbers() -> None:
    mysql = Package("endoflife", "amazon-rds-mysql")
    lines = listing(line("8.4.5", "8.4"), line("8.0.42", "8.0", ends=TODAY), of=mysql)
    site = place("8.0.35", "rds-mysql", kind=Kind.TOOL, cautions=(CAUTION,)).dependency
    (decision,) = decide_all([site], {mysql: lines}, policy(), History(), NOW)
    (update,) = decision.updates
    assert (decision.subject, update.bump, update.by_hand) == ("runtime:rds-mysql@8.0", Bump.MAJOR, True)
    assert branch_name([update]) == "freshline/runtime/rds-mysql@8.0"
    assert title([update]) == "Bump rds-mysql from 8.0.35 to 8.4.5"


def test_an_engine_on_a_line_that_nobody_lists_is_moved_as_one_past_its_end() -> None:
    (decision,) = databases("9.6")
    assert texts(decision.updates[0]) == ["18.4"]
    (decision,) = databases("9.6.1")
    assert only(decision).detail == "0.tf:1: 9.6.1 can't be rewritten for 18.4"


def test_what_works_with_a_version_is_left_alone_while_it_admits_it() -> None:
    terraform = listing("1.15.9", of=RUNTIMES["terraform"].package)
    runs = place("1.5.7", "terraform")
    wide = place(">= 1.0", "terraform", scheme="terraform", path="a.tf")
    narrow = place("~> 1.5", "terraform", scheme="terraform", path="b.tf")
    tight = place("~> 1.5.0", "terraform", scheme="terraform", path="c.tf")
    (update,) = chosen([runs, wide, narrow], terraform).updates
    assert texts(update) == ["1.15.9"]
    (update,) = chosen([runs, wide, tight], terraform).updates
    assert texts(update) == ["1.15.9", "~> 1.15.9"]


def test_a_line_that_somebody_declined_holds_no_fixes_of_another() -> None:
    declined = History((Refusal("endoflife", POSTGRES.name, "18", SkipReason.DECLINED, "closed"),))
    site = place("16.2", "rds-postgresql", kind=Kind.TOOL).dependency
    (decision,) = decide_all([site], {POSTGRES: ENGINES}, policy(), declined, NOW)
    assert texts(decision.updates[0]) == ["16.14"]
