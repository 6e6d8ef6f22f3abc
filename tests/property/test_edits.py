"""Splice and prove on generated documents, read by the real ecosystems (DESIGN laws 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.core.ecosystem import Ecosystem
from bot.core.edits import edits_of, prove, splice
from bot.core.model import Change, Edit, FileFacts, ParseError, Pin
from bot.ecosystems import npm, pyproject, requirements
from tests.fakes.values import release

EXAMPLES = settings(max_examples=150, deadline=None)


@dataclass(frozen=True)
class Document:
    """A manifest with one statement a line; ``rows`` are the lines that hold one, ``comments`` those that hide one."""

    ecosystem: Ecosystem
    path: str
    lines: tuple[str, ...]
    rows: tuple[int, ...]
    comments: tuple[int, ...]
    newline: str
    start: str
    end: str

    def text(self, without: int | None = None, shown: int | None = None) -> str:
        """The document, perhaps without one of its lines or with one of its comments made a statement."""
        lines = list(self.lines)
        if shown is not None:
            lines[shown] = lines[shown].replace("# ", "", 1)
        if without is not None:
            del lines[without]
        return self.start + self.newline.join(lines) + self.end

    def read(self, text: str) -> FileFacts:
        return self.ecosystem.extract(self.path, text)


names = st.lists(st.sampled_from([f"pkg-{letter}" for letter in "abcdefgh"]), min_size=1, max_size=6)
numbers = st.sampled_from(["0.1", "1.0", "1.2.3", "2.0.0", "10.4", "2024.1.2"])
python_constraint = st.one_of(
    numbers.map("=={}".format),
    numbers.map(">= {}".format),
    numbers.map("~={}".format),
    st.builds(">={},<{}".format, numbers, st.sampled_from(["3", "99.1"])),
)
npm_constraint = st.one_of(
    st.sampled_from(["1.0.0", "^1.2.3", "~0.1.0", ">=1 <3", "^17 || ^18", "1.x"]), numbers.map("^{}".format)
)
extras = st.sampled_from(["", "[fast]", "[a, b]"])
tails = st.sampled_from(["", ' ; python_version >= "3.9"'])
notes = st.sampled_from(["", "  # held, see ==1.0", "  # é"])
requirement = st.builds(
    "{}{} {}".format, st.sampled_from([f"pkg-{letter}" for letter in "abcdefgh"]), extras, python_constraint
)
frames = st.tuples(
    st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]), st.sampled_from(["", "\n", "\r\n"])
)


@st.composite
def requirements_files(draw: st.DrawFn) -> Document:
    lines: list[str] = []
    rows, comments = [], []
    for one in draw(st.lists(requirement, min_size=2, max_size=6)):
        if draw(st.booleans()):
            comments.append(len(lines))
            lines.append("# hidden-" + one.removeprefix("pkg-"))
        rows.append(len(lines))
        lines.append(one + draw(tails) + draw(notes))
    newline, start, end = draw(frames)
    return Document(
        requirements.ecosystem, "requirements.txt", tuple(lines), tuple(rows), tuple(comments), newline, start, end
    )


@st.composite
def pyproject_files(draw: st.DrawFn) -> Document:
    lines = ["[project]", 'name = "shop" # "pkg-a==1.0"', "dependencies = ["]
    rows, comments = [], []
    for one in draw(st.lists(requirement, min_size=2, max_size=6)):
        quote = draw(st.sampled_from(['"', "'"]))
        if draw(st.booleans()):
            comments.append(len(lines))
            lines.append(f"    # {quote}hidden-{one.removeprefix('pkg-')}{quote},")
        rows.append(len(lines))
        lines.append(f"  {quote}{one}{quote},{draw(notes)}")
    newline, _, end = draw(frames)
    tail = (*lines, "]", "[tool.x]", 'y = "==1.0"')
    return Document(pyproject.ecosystem, "pyproject.toml", tail, tuple(rows), tuple(comments), newline, "", end)


@st.composite
def npm_files(draw: st.DrawFn) -> Document:
    lines = ["{", '\t"name": "shop", "version": "1.0.0",', '"dependencies" : {']
    rows = []
    for name in dict.fromkeys([*draw(names), "pkg-y", "pkg-z"]):
        rows.append(len(lines))
        lines.append(f'  "{name}"{draw(st.sampled_from(["", " "]))}: "{draw(npm_constraint)}",')
    newline, start, end = draw(frames)
    tail = (*lines, '"@x/last": "1.0.0"}, "other": "^1.0.0"', "}")
    return Document(npm.ecosystem, "package.json", tail, tuple(rows), (), newline, start, end)


documents = st.one_of(requirements_files(), pyproject_files(), npm_files())


def pins(document: Document) -> list[Pin]:
    return [pin for statement in document.read(document.text()).statements for pin in statement.pins]


def changes(document: Document, chosen: Sequence[Pin]) -> list[Change]:
    new = "9.8.7" if document.ecosystem is npm.ecosystem else "==9.8.7"
    return [Change(pin, new, release()) for pin in chosen]


def made(data: st.DataObject, document: Document) -> tuple[list[Pin], tuple[Edit, ...], str]:
    """A document with some of its pins changed: the pins that stay, the edits, and the text they give."""
    every = pins(document)
    assert len(every) >= len(document.rows)
    chosen = data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    edits = edits_of(changes(document, chosen))
    return [pin for pin in every if pin not in chosen], edits, splice(document.text(), edits)


@EXAMPLES
@given(documents, st.data())
def test_every_byte_outside_the_spans_stays_and_the_edit_is_proved(document: Document, data: st.DataObject) -> None:
    _, edits, after = made(data, document)
    before = document.text()
    at = ahead = 0
    for edit in edits:
        gap = edit.span.start - at
        assert after[ahead : ahead + gap] == before[at : edit.span.start]
        assert after[ahead + gap : ahead + gap + len(edit.new)] == edit.new
        at, ahead = edit.span.end, ahead + gap + len(edit.new)
    assert after[ahead:] == before[at:]
    assert prove(document.read(before), document.read(after), edits) is None


def refused(document: Document, text: str, edits: Sequence[Edit]) -> bool:
    """Whether this text is not taken for what the edits should have given."""
    try:
        after = document.read(text)
    except ParseError:
        return True
    return prove(document.read(document.text()), after, edits) is not None


@EXAMPLES
@given(documents, st.data())
def test_a_second_pin_that_changed_is_refused(document: Document, data: st.DataObject) -> None:
    rest, edits, _ = made(data, document)
    assume(rest)
    other = data.draw(st.sampled_from(rest))
    both = edits_of(
        [*(Change(Pin(e.path, e.span, e.old), e.new, release()) for e in edits), *changes(document, [other])]
    )
    assume(other.text != both[0].new)
    assert refused(document, splice(document.text(), both), edits)


@EXAMPLES
@given(documents, st.data())
def test_an_edit_that_was_not_made_is_refused(document: Document, data: st.DataObject) -> None:
    _, edits, after = made(data, document)
    assert refused(document, document.text(), edits)
    assert refused(document, after, edits[1:] if len(edits) > 1 else ())


@EXAMPLES
@given(documents, st.data())
def test_a_statement_that_went_is_refused(document: Document, data: st.DataObject) -> None:
    _, edits, _ = made(data, document)
    row = data.draw(st.sampled_from(document.rows))
    assert refused(document, document.text(without=row), [])
    assert refused(document, document.text(without=row), edits)


@EXAMPLES
@given(st.one_of(requirements_files(), pyproject_files()), st.data())
def test_a_comment_that_became_a_statement_is_refused(document: Document, data: st.DataObject) -> None:
    assume(document.comments)
    row = data.draw(st.sampled_from(document.comments))
    assert refused(document, document.text(shown=row), [])


@EXAMPLES
@given(documents, st.data())
def test_an_edit_beside_its_place_is_refused(document: Document, data: st.DataObject) -> None:
    _, edits, after = made(data, document)
    moved = [Edit(e.path, type(e.span)(e.span.start + 1, e.span.end + 1), e.old, e.new) for e in edits]
    assert prove(document.read(document.text()), document.read(after), moved) is not None


@pytest.mark.parametrize("kind", ["pyproject", "requirements", "npm"])
def test_what_is_written_can_not_open_a_new_statement(kind: str) -> None:
    texts = {
        "pyproject": ("pyproject.toml", '[project]\ndependencies = ["a==1.0"]\n', '==2.0", "b==1.0'),
        "requirements": ("requirements.txt", "a==1.0\n", "==2.0\nb==1.0"),
        "npm": ("package.json", '{"dependencies": {"a": "1.0.0"}}', '2.0.0", "b": "1.0.0'),
    }
    path, text, new = texts[kind]
    ecosystem = {"pyproject": pyproject, "requirements": requirements, "npm": npm}[kind].ecosystem
    before = ecosystem.extract(path, text)
    edits = edits_of([Change(before.statements[0].pins[0], new, release())])
    assert prove(before, ecosystem.extract(path, splice(text, edits)), edits) is not None


def test_an_index_that_an_edit_brings_in_is_refused() -> None:
    before = requirements.ecosystem.extract("requirements.txt", "a==1.0\n")
    new = "==2.0\n--index-url https://index.example/simple"
    edits = edits_of([Change(before.statements[0].pins[0], new, release())])
    after = requirements.ecosystem.extract("requirements.txt", splice("a==1.0\n", edits))
    assert prove(before, after, edits) is not None
