"""Commands in comments: what is one, what is none, and what is answered."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core import commands
from bot.core.commands import HELP, Command, parse, unknown
from bot.core.rules import Mode

GOLDEN = Path(__file__).parent / "golden" / "commands"
ASKED = [command for command in Command if command is not Command.UNKNOWN]


@pytest.mark.parametrize("command", ASKED)
@pytest.mark.parametrize(
    "form",
    [
        "/freshline {}",
        "/Freshline {}.",
        "  /FRESHLINE   {}  ",
        "/freshline: {}!",
        "/freshline {}, please",
        "\n \n\r\n/freshline {}\r\nand thank you",
        "/freshline\t{} 🙏",
    ],
)
def test_a_command_in_many_hands(command: Command, form: str) -> None:
    assert parse(form.format(command)) is command
    assert parse(form.format(command.upper().replace(" ", "  "))) is command


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n\n",
        "please /freshline rebase",
        "> /freshline rebase",
        "```\n/freshline rebase\n```",
        "~~~\n/freshline rebase",
        "`/freshline rebase`",
        "    /freshline rebase",
        "\t/freshline rebase",
        "Thanks!\n/freshline rebase",
        "freshline rebase",
        "@freshline rebase",
        "/freshlines rebase",
        "/freshline-next rebase",
        "/freshline/rebase",
        "/freshlineé rebase",
        "//freshline rebase",
        "\n" * 20_000 + "/freshline rebase",
    ],
)
def test_what_is_no_command(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize("body", ["/freshline", "/freshline ", "/freshline!\nrebase", "/freshline 123", "/freshline ?"])
def test_the_bare_word_asks_for_help(body: str) -> None:
    assert parse(body) is Command.HELP


@pytest.mark.parametrize(
    "said", ["ignore", "ignore this", "merge", "merge now", "don't rebase", "rebas", "unknown", "do rebase", "rebases"]
)
def test_what_is_not_known_is_never_guessed(said: str) -> None:
    assert parse(f"/freshline {said}") is Command.UNKNOWN


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("rebas", ["rebase"]),
        ("rbase please", []),
        ("re", ["rebase", "recreate"]),
        ("ignore", ["ignore this version", "ignore this package"]),
        ("ignore this verison", ["ignore this version", "ignore this package"]),
        ("merge", ["merge when green"]),
        ("quarentine", ["quarantine"]),
        ("xyzzy", []),
    ],
)
def test_a_typing_error_is_met_with_what_may_be_meant(said: str, meant: list[str]) -> None:
    answer, _, rest = unknown(f"/freshline {said}").partition("\n\n")
    assert re.findall(r"`/freshline ([a-z ]+)`", answer) == meant
    assert rest == HELP


def test_an_answer_to_no_command_at_all_is_the_help() -> None:
    assert unknown("hello") == unknown("/freshline xyzzy")


def test_the_help_is_as_its_golden_file() -> None:
    assert f"{HELP}\n" == (GOLDEN / "help.md").read_text("utf-8")


def test_the_help_names_every_command_and_is_none() -> None:
    assert re.findall(r"^\| `/freshline ([a-z ]+)` \|", HELP, re.MULTILINE) == [str(command) for command in ASKED]
    assert parse(HELP) is None


hostile = st.text(st.one_of(st.sampled_from("/freshline rebase ignore@#<>`|\n\r"), st.characters()), max_size=80)


@settings(max_examples=300, deadline=None)
@given(hostile)
@example("@team <!-- #1 `x`")
@example("\ud800")
def test_an_answer_repeats_nothing_of_what_was_written(said: str) -> None:
    found = unknown(f"/freshline {said}")
    assert found.endswith(HELP)
    start = found.removesuffix(HELP)
    assert re.fullmatch(
        r"Freshline does not know that command\.( Did you mean (`/freshline [a-z ]+`( or )?)+\?)?\n\n", start
    )


@settings(max_examples=300, deadline=None)
@given(hostile)
def test_any_text_is_a_command_or_none(said: str) -> None:
    assert parse(said) is None or parse(said) in set(Command)
    assert parse(f"> {said}") is None


def test_a_huge_comment_costs_nothing() -> None:
    start = time.perf_counter()
    for body in ("/freshline " + "rebase " * 100_000, " " * 1_000_000, "/freshline " + "a" * 1_000_000):
        parse(body)
        unknown(body)
    assert time.perf_counter() - start < 2


def test_what_cannot_be_done_is_said_with_what_to_do() -> None:
    said = {
        commands.cannot_merge(Mode.PROPOSE): "merge it yourself",
        commands.not_open(): "`/freshline recreate`",
        commands.nothing_to_rebase(): "nothing to rebase",
        commands.theirs_now(): "`/freshline recreate`",
        commands.not_wanted_now(): "dashboard issue",
        commands.could_not("the branch moved"): "the branch moved",
    }
    for sentence, part in said.items():
        assert part in sentence
        assert "\n" not in sentence
        assert parse(sentence) is None
    assert '`mode = "propose"`' in commands.cannot_merge(Mode.PROPOSE)


def test_a_reason_from_elsewhere_is_escaped_and_cut() -> None:
    found = commands.could_not("@team <b>\n" + "x" * 5000)
    assert "@\u200bteam \\<b\\>" in found
    assert len(found) < 700
