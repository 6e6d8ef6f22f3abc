"""The dashboard issue: what it shows, and that ticks come back as what was ticked, whatever names say."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.dashboard import (
    AT_REST,
    EVERYTHING,
    MARKER,
    OWN_SECTION,
    REASONS,
    Act,
    Picture,
    Shown,
    Stay,
    Tick,
    compose,
    picture_of,
    ticked,
)
from bot.core.model import Decision, FileReason, History, Refusal, SkippedFile, SkipReason
from bot.core.render import LIMIT
from bot.core.rules import Ignore
from tests.fakes.values import decided, dependency, listing, policy, python, release

GOLDEN = Path(__file__).parent / "golden" / "dashboard"
FILES = (SkippedFile("legacy/setup.cfg", FileReason.UNPARSABLE, "line 3: a section has no end"),)


# What is shown


def decisions() -> tuple[Decision, ...]:
    """One subject for each of the parts that decisions fill."""
    young = [
        dependency("==1.0", path=f"{name}/requirements.txt", line=4) for name in ("web", "api", "jobs", "docs", "x")
    ]
    runtime = dependency("==1.0", name="numpy", runtime=python())
    refused = History(
        (
            Refusal("pypi", "pandas", "3.0", SkipReason.DECLINED, "#7 was closed by a person"),
            Refusal("pypi", "boto3", "2.0", SkipReason.QUARANTINED, "rolled back in production"),
            Refusal("pypi", "sphinx", "9.0", SkipReason.IGNORED, "ignored on request of mona"),
        )
    )
    plain = {name: dependency("==1.0", name=name) for name in ("pandas", "boto3", "sphinx", "jinja2", "rich")}
    newest = {"pandas": "3.0", "boto3": "2.0", "sphinx": "9.0", "jinja2": "4.0", "rich": "1.0"}
    wanted = policy(ignore=(Ignore(name="jinja2", reason="waiting for the LTS"),))
    return (
        decided(young, listing(release("2.0", 1), "1.0")),
        decided(runtime, listing(release("2.3", requires=(("python", ">=3.11"),)), "1.0", of=runtime.package)),
        *(
            decided(site, listing(*dict.fromkeys((newest[name], "1.0")), of=site.package), wanted, refused)
            for name, site in plain.items()
        ),
    )


def full() -> Picture:
    return replace(
        picture_of(decisions()),
        open=(
            Shown("freshline/pypi/django", "Bump django from 5.1 to 5.2", 12),
            Shown("freshline/npm/react", "Update react requirement from ^18 to ^19", 14, "its checks failed"),
        ),
        waiting=(
            Shown("freshline/pypi/httpx", "Bump httpx from 0.27 to 0.28"),
            Shown("freshline/group/application/types", "Update types (3 updates)"),
        ),
        left_alone=(Shown("freshline/pypi/celery", "Bump celery from 5.3 to 5.4", 9),),
        files=FILES,
        liftable=frozenset({"pypi/sphinx@9.0", "npm/@types/node", "pypi/gone@2.0"}),
    )


def hostile() -> Picture:
    words = "- [x] <!-- freshline:propose=a -->\n- [x] @team #1 [a](https://evil.example) `|` --> <!--"
    stay = Stay(SkipReason.HELD, "pypi", words, words, words, (words,) * 5)
    shown = Shown(words, words, 3, words)
    return Picture(
        open=(shown,),
        waiting=(shown, replace(shown, branch="b")),
        left_alone=(shown,),
        held=(stay,),
        declined=(replace(stay, reason=SkipReason.DECLINED),),
        ignored=(replace(stay, reason=SkipReason.IGNORED),),
        quarantined=(replace(stay, reason=SkipReason.QUARANTINED),),
        files=(SkippedFile(words, FileReason.UNPARSABLE, words),),
        warnings=(words,),
        liftable=frozenset({f"pypi/{words}", f"npm/{words}"}),
    )


def many() -> Picture:
    shown = tuple(Shown(f"freshline/pypi/package-{n}", f"Bump package-{n} from 1.0 to 2.0", n) for n in range(1, 951))
    return Picture(open=shown[:10], waiting=shown)


PICTURES: dict[str, Callable[[], Picture]] = {
    "full": full,
    "nothing": Picture,
    "hostile": hostile,
    "one waits": lambda: Picture(waiting=(Shown("freshline/pypi/rich", "Bump rich from 13 to 14"),)),
    "warned": lambda: Picture(warnings=(".github/freshline.toml: unknown field `mod`",)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_dashboard_is_as_its_golden_file(name: str) -> None:
    assert compose(PICTURES[name]()) == (GOLDEN / f"{name.replace(' ', '_')}.md").read_text("utf-8")


def test_every_golden_dashboard_is_tested() -> None:
    assert {path.stem for path in GOLDEN.glob("*.md")} == {name.replace(" ", "_") for name in PICTURES}


def test_every_reason_is_told_somewhere_and_once() -> None:
    assert set(SkipReason) == set(REASONS) | AT_REST | OWN_SECTION
    assert len(SkipReason) == len(REASONS) + len(AT_REST) + len(OWN_SECTION)


@pytest.mark.parametrize("reason", REASONS)
def test_a_held_version_is_told_under_its_reason(reason: SkipReason) -> None:
    found = compose(Picture(held=(Stay(reason, "pypi", "flask", "2.0", "because", ()),)))
    assert f"{REASONS[reason]}\n\n- `flask` 2.0: because\n\n---" in found
    assert "as new as it may be" not in found


def test_decisions_are_sorted_into_parts_and_places_are_joined() -> None:
    picture = picture_of(decisions())
    assert [(stay.name, stay.reason.value) for stay in picture.held] == [
        ("flask", "too_young"),
        ("numpy", "needs_runtime"),
    ]
    assert picture.held[0].where[:2] == ("web/requirements.txt:4", "api/requirements.txt:4")
    assert [stay.key for stay in picture.declined] == ["pypi/pandas@3.0"]
    assert [stay.key for stay in picture.quarantined] == ["pypi/boto3@2.0"]
    assert [stay.name for stay in picture.ignored] == ["jinja2", "sphinx"]
    assert picture == picture_of(reversed(decisions()))


def test_all_well_is_said_although_something_is_ignored() -> None:
    found = compose(Picture(ignored=full().ignored, files=FILES))
    assert "**Everything is as new as it may be.**" in found
    assert "### Ignored" in found


def test_only_what_can_be_lifted_has_a_box() -> None:
    found = compose(full())
    assert "\n- `jinja2`: waiting for the LTS" in found
    assert "unignore=pypi/sphinx@9.0 -->`sphinx` 9.0" in found
    assert "unignore=npm/@types/node -->`@types/node`\n" in found
    assert "`gone`" not in found


def test_a_key_that_is_too_long_has_no_box() -> None:
    found = compose(Picture(waiting=(Shown("é" * 5000, "Bump x"),)))
    assert "- Bump x\n" in found


# Its size


WORST = "é|`@#🙂" * 1000


@pytest.mark.parametrize("number", [1, 3, 50])
def test_it_always_fits(number: int) -> None:
    shown = (Shown(WORST[:250], WORST, 9, WORST),) * number
    stays = [Stay(reason, "pypi", WORST[:90], WORST, WORST, (WORST,) * 9) for reason in SkipReason]
    every = tuple(stays) * number
    files = (SkippedFile(WORST, FileReason.TOO_LARGE, WORST),) * number
    lift = frozenset(stay.package for stay in every)
    found = compose(Picture(shown, shown, shown, every, every, every, every, files, (WORST,) * number, lift))
    assert len(found) <= LIMIT
    assert "… and" in found or number == 1
    assert found.endswith("in `.github/freshline.toml`.\n")
    assert MARKER in found
    assert ticked(found) == ()


def test_what_does_not_fit_is_counted() -> None:
    found = compose(many())
    assert "- … and 450 more\n- [ ] <!-- freshline:propose=%2A -->**All of them at once**" in found
    assert found.count("rebase=") == 10


# Ticks

words = st.text(
    st.one_of(st.sampled_from("-[]x <>!=*%.`|@#\\\r\n\u2028"), st.characters(exclude_categories=())), max_size=20
) | st.sampled_from(
    ["- [x] <!-- freshline:propose=a -->", "\n- [x] <!-- freshline:retry=b -->\n", "-->", "--", "*", ""]
)
shown = st.builds(Shown, words, words, st.integers(0, 99), words)
stays = st.builds(Stay, st.sampled_from(SkipReason), words, words, words, words, st.lists(words, max_size=4).map(tuple))


def some(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=3).map(tuple)


def named(stay: Stay) -> str:
    return stay.package


pictures = st.builds(
    Picture,
    **{name: some(shown) for name in ("open", "waiting", "left_alone")},
    **{name: some(stays) for name in ("held", "declined", "ignored", "quarantined")},
    files=some(st.builds(SkippedFile, words, st.just(FileReason.UNPARSABLE), words)),
    warnings=some(words),
    liftable=st.frozensets(st.tuples(words, words).map("/".join), max_size=3),
)


def keys(picture: Picture) -> set[Tick]:
    """What boxes there can be, by the picture."""
    return {
        *(Tick(Act.REBASE, one.branch) for one in picture.open),
        *(Tick(Act.PROPOSE, one.branch) for one in picture.waiting),
        *(Tick(Act.RETRY, one.branch) for one in picture.left_alone),
        *(Tick(Act.RETRY, one.key) for one in picture.declined),
        *(Tick(Act.UNIGNORE, key) for key in picture.liftable),
        *([Tick(Act.PROPOSE, EVERYTHING)] if len(picture.waiting) > 1 else []),
    }


@settings(max_examples=200, deadline=None)
@given(pictures)
@example(hostile())
@example(full())
def test_ticking_one_box_gives_its_tick_and_nothing_else(picture: Picture) -> None:
    body = compose(picture)
    assert ticked(body) == ()
    lines = body.split("\n")
    boxes = [at for at, line in enumerate(lines) if line.startswith("- [ ] ")]
    found = []
    for at in boxes:
        (tick,) = ticked("\n".join([*lines[:at], lines[at].replace("[ ]", "[x]", 1), *lines[at + 1 :]]))
        found.append(tick)
    possible = keys(picture)
    assert set(found) <= possible
    certain = {tick for tick in possible if tick.act is not Act.UNIGNORE and tick.key}
    assert certain <= set(found)


@settings(max_examples=200, deadline=None)
@given(pictures)
def test_a_box_s_comment_is_one_for_every_reader(picture: Picture) -> None:
    # https://github.github.com/gfm/#html-comment: no "--" inside, and no "-" at the end.
    for inside in re.findall(r"^- \[ \] <!--(.*?)-->", compose(picture), re.MULTILINE):
        assert re.fullmatch(r" freshline:[a-z]+=[A-Za-z0-9_./@%]* ", inside)


def test_boxes_are_read_as_people_and_editors_write_them() -> None:
    body = (
        "* [X] <!-- freshline:propose=a/b -->x\r\n"
        "  1. [x] <!-- freshline:rebase=c%2Dd -->\r\n"
        "+  [x]  <!-- freshline:retry=pypi/x@1 -->\r"
        "- [ ] <!-- freshline:retry=left -->\n"
        "- [x] <!-- freshline:propose=a/b -->again\n"
        "- [x] <!-- freshline:explode=all -->\n"
        "- [x] <!-- freshline:propose=%FF -->\n"
        "- [x] <!-- freshline:propose= -->\n"
        "> - [x] <!-- freshline:propose=quoted -->\n"
        "text - [x] <!-- freshline:propose=inside -->\n"
        "- [x] <!-- freshline:unignore=npm/@a/b -->"
    )
    assert ticked(body) == (
        Tick(Act.PROPOSE, "a/b"),
        Tick(Act.REBASE, "c-d"),
        Tick(Act.RETRY, "pypi/x@1"),
        Tick(Act.UNIGNORE, "npm/@a/b"),
    )


def test_a_huge_text_costs_nothing() -> None:
    line = "- [x] <!-- freshline:propose=a{} -->\n"
    start = time.perf_counter()
    assert len(ticked("".join(line.format(n) for n in range(100_000)))) == 1000
    for body in ("- [x]" * 1_000_000, " " * 5_000_000, "- [x] <!-- freshline:propose=" + "a" * 5_000_000):
        assert ticked(body) == ()
    assert time.perf_counter() - start < 5


def test_a_picture_can_be_made_of_nothing() -> None:
    assert all(not getattr(Picture(), field.name) for field in fields(Picture))
