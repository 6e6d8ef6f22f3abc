"""Splice by position, and the proof by reading back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.edits import EditConflictError, edits_of, prove, splice
from bot.core.model import DeclaredRole, DeclaredRuntime, Edit, Index, Obstacle, Pin, Role, SkipReason, Span, Statement
from tests.fakes.values import change, facts, statement

TEXT = 'a = "==1.0"\nb = "==1.0"\n'


def edit(start: int, old: str = "==1.0", new: str = "==2.0", path: str = "pyproject.toml") -> Edit:
    return Edit(path, Span(start, start + len(old)), old, new)


def test_edits_come_in_order_of_path_and_position() -> None:
    changes = [change(at=9), change(at=1), change(path="a.txt", at=50)]
    found = edits_of(changes)
    assert [(one.path, one.span.start) for one in found] == [
        ("a.txt", 50),
        ("pyproject.toml", 1),
        ("pyproject.toml", 9),
    ]


def test_equal_changes_of_one_place_are_one_edit() -> None:
    assert edits_of([change(), change()]) == (edit(0),)


def test_unequal_changes_of_one_place_are_refused() -> None:
    with pytest.raises(EditConflictError, match=r"would become both '==2\.0' and '==3\.0'"):
        edits_of([change(), change(new="==3.0")])


def test_splice_changes_the_spans_and_nothing_else() -> None:
    assert splice(TEXT, [edit(17), edit(5, new="==10.20")]) == 'a = "==10.20"\nb = "==2.0"\n'
    assert splice(TEXT, []) == TEXT


@pytest.mark.parametrize(
    "edits",
    [
        [edit(5), edit(7, "1.0")],
        [edit(6)],
        [edit(900)],
        [Edit("p", Span(5, 3), "", "x")],
        [Edit("p", Span(900, 900), "", "x")],
        [Edit("p", Span(-3, 2), TEXT[-3:2], "x")],
        [Edit("p", Span(5, 7), "==1.0", "x")],
    ],
)
def test_splice_refuses_what_does_not_fit(edits: Sequence[Edit]) -> None:
    with pytest.raises(EditConflictError):
        splice(TEXT, edits)


A = statement("==1.0", name="a", line=1)
B = statement("==1.0", name="b", line=2)
A2 = statement("==2.0", name="a", line=1)


def wanted(found: Statement = A, new: str = "==2.0") -> Edit:
    pin = found.pins[0]
    return Edit(pin.path, pin.span, pin.text, new)


def test_the_wanted_change_and_nothing_else_is_proved() -> None:
    assert prove(facts("pyproject.toml", A, B), facts("pyproject.toml", A2, B), [wanted()]) is None
    assert prove(facts("pyproject.toml", A, B), facts("pyproject.toml", A, B), []) is None


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ((A, B), "reads ('==1.0',) where ('==2.0',) was written"),
        ((A2,), "2 statements became 1"),
        ((A2, B, statement(name="c", line=3)), "2 statements became 3"),
        ((B, A2), "reads differently"),
        ((A2, replace(B, line=3)), "pypi/b reads differently"),
        ((A2, statement("==2.0", name="b", line=2)), "pypi/b reads ('==2.0',)"),
        ((replace(A2, constraint="==2.0,<3"), B), "reads as '==2.0,<3' where '==2.0' was meant"),
        ((replace(A2, obstacle=Obstacle(SkipReason.LOCAL, "x")), B), "reads differently"),
        ((replace(A2, ignored="asked"), B), "reads differently"),
        ((replace(A2, pins=()), B), "reads differently"),
        ((replace(A2, pins=(Pin("other", Span(0, 5), "==2.0"),)), B), "reads differently"),
    ],
)
def test_any_other_change_is_refused(after: tuple[Statement, ...], problem: str) -> None:
    found = prove(facts("pyproject.toml", A, B), facts("pyproject.toml", *after), [wanted()])
    assert found is not None
    assert found.startswith("pyproject.toml")
    assert problem in found


@pytest.mark.parametrize(
    "stray",
    [
        Edit("pyproject.toml", Span(3, 8), "==1.0", "==2.0"),
        replace(wanted(), path="other.toml"),
        replace(wanted(), old="==0.9"),
    ],
)
def test_an_edit_that_is_at_no_pin_is_refused(stray: Edit) -> None:
    found = prove(facts("pyproject.toml", A), facts("pyproject.toml", A), [stray])
    assert found is not None
    assert found.endswith("is at no pin")


def test_what_a_file_declares_must_stay_but_for_the_runtime() -> None:
    role, index = DeclaredRole(Role.LIBRARY), Index("pypi", "https://index.example/simple", primary=True)
    before = facts("pyproject.toml", A, declares=[role, DeclaredRuntime("python", "pep440", ">=3.9")])
    after = facts("pyproject.toml", A2, declares=[role, DeclaredRuntime("python", "pep440", ">=3.12")])
    assert prove(before, after, [wanted()]) is None
    found = prove(before, facts("pyproject.toml", A2, declares=[role, index]), [wanted()])
    assert found == "pyproject.toml: what it declares beside its statements reads differently after the edit"


def test_a_pin_in_a_frame_is_proved_with_its_frame() -> None:
    pin = Pin("Dockerfile", Span(6, 10), "3.11")
    before = replace(statement("3.11-slim", pins=(pin,)), frame=("", "-slim"))
    after = replace(before, constraint="3.12-slim", pins=(replace(pin, text="3.12"),))
    made = [Edit("Dockerfile", pin.span, "3.11", "3.12")]
    assert prove(facts("Dockerfile", before), facts("Dockerfile", after), made) is None
    bare = replace(after, constraint="3.12")
    assert prove(facts("Dockerfile", before), facts("Dockerfile", bare), made) is not None


def test_an_edit_that_adds_a_line_moves_what_stands_below_it() -> None:
    first, below = statement(line=1), statement(line=2, ignored="asked by a comment on line 2")
    (pin,) = first.pins
    before, moved = facts(pin.path, first, below), replace(below, line=3, ignored="asked by a comment on line 3")
    longer = Edit(pin.path, pin.span, pin.text, "==1.0\n==2.0")
    grown = replace(first, constraint=longer.new, pins=(replace(pin, text=longer.new),))
    assert prove(before, facts(pin.path, grown, moved), [longer]) is None
    assert prove(before, facts(pin.path, grown, replace(moved, ignored=None)), [longer]) is not None
    short = replace(longer, new="==2.0")
    changed = replace(first, constraint=short.new, pins=(replace(pin, text=short.new),))
    assert prove(before, facts(pin.path, changed, below), [short]) is None
    assert prove(before, facts(pin.path, changed, moved), [short]) is not None
