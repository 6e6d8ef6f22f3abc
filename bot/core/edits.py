"""Edit by position, and prove every edit by reading it back (DESIGN laws 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.core.model import Change, Declaration, DeclaredRuntime, Edit, FileFacts, Part, Pin, Span, Statement


class EditConflictError(ValueError):
    """Edits that can't be made together, or that don't fit the text they are for."""


def edits_of(changes: Iterable[Change]) -> tuple[Edit, ...]:
    """The splices that carry out these changes, one a place, in order of path and position.

    Two changes of one place to the same text are one edit (two images may share one ARG).
    Raises ``EditConflictError`` where they want different texts.
    """
    wanted: dict[tuple[str, int, int], Edit] = {}
    for change in changes:
        pin = change.pin
        edit = Edit(pin.path, pin.span, pin.text, change.text)
        known = wanted.setdefault((pin.path, pin.span.start, pin.span.end), edit)
        if known.new != edit.new:
            raise EditConflictError(f"{pin.path}: one place would become both {known.new!r} and {edit.new!r}")
    return tuple(wanted[key] for key in sorted(wanted))


def splice(text: str, edits: Sequence[Edit]) -> str:
    """The text with every edit made; every other character stays.

    Raises ``EditConflictError`` when edits overlap or the old text is not where it should be.
    """
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
        if edit.span.start < at:
            raise EditConflictError(f"{edit.path}: edits overlap at offset {edit.span.start}")
        if edit.span.end - edit.span.start != len(edit.old) or not text.startswith(edit.old, edit.span.start):
            raise EditConflictError(f"{edit.path}: {edit.old!r} does not stand at offset {edit.span.start}")
        pieces += (text[at : edit.span.start], edit.new)
        at = edit.span.end
    pieces.append(text[at:])
    return "".join(pieces)


def prove(before: FileFacts, after: FileFacts, edits: Sequence[Edit]) -> str | None:
    """Whether reading the edited file gives the old statements with exactly the wanted pins changed.

    ``before`` and ``after`` are what extraction says of the file without and with ``edits``. What
    the file declares (its role, its includes, its indexes) must stay as well.
    Answers None when it is proved, else what differs.
    """
    wanted = {edit.span: edit.new for edit in edits}
    pinned = {(pin.path, pin.span, pin.text) for statement in before.statements for pin in statement.pins}
    strays = [edit for edit in edits if (edit.path, edit.span, edit.old) not in pinned]
    if strays:
        return f"{before.path}: an edit at offset {strays[0].span.start} is at no pin"
    if _lasting(before) != _lasting(after):
        return f"{before.path}: what it declares beside its statements reads differently after the edit"
    if len(before.statements) != len(after.statements):
        return f"{before.path}: {len(before.statements)} statements became {len(after.statements)}"
    # A list that gains a line moves what stands below it.
    moved = any(_breaks(edit.old) != _breaks(edit.new) for edit in edits)
    for old, new in zip(before.statements, after.statements, strict=True):
        problem = _differs(_unplaced(old), _unplaced(new), wanted) if moved else _differs(old, new, wanted)
        if problem:
            return f"{before.path}:{old.line}: {problem}"
    return None


def _lasting(facts: FileFacts) -> tuple[Declaration, ...]:
    """What no edit of a pin may change: everything declared but the runtime, which a pin may state."""
    return tuple(d for d in facts.declarations if not isinstance(d, DeclaredRuntime))


def _breaks(text: str) -> int:
    return text.count("\n") + text.count("\r")


def _unplaced(statement: Statement) -> Statement:
    """The statement without the line on which it, and what is said about it, stands."""
    return replace(statement, line=0, ignored=None if statement.ignored is None else "")


def _differs(old: Statement, new: Statement, wanted: Mapping[Span, str]) -> str | None:
    if _bare(old) != _bare(new):
        return f"{old.package} reads differently after the edit"
    expected = tuple(wanted.get(pin.span, pin.text) for pin in old.pins)
    found = tuple(pin.text for pin in new.pins)
    if expected != found:
        return f"{old.package} reads {found!r} where {expected!r} was written"
    constraint = _constraint(old, wanted)
    if new.constraint != constraint:
        return f"{old.package} reads as {new.constraint!r} where {constraint!r} was meant"
    return None


def _bare(statement: Statement) -> Statement:
    """The statement without what an edit may change; a machine image is looked up by the id that stands there."""
    parts = tuple(Pin(pin.path, Span(0, 0), "", pin.part) for pin in statement.pins)
    package = statement.package
    if package.name == statement.constraint and any(pin.part is Part.IMAGE_ID for pin in parts):
        package = replace(package, name="")
    return replace(statement, package=package, constraint="", pins=parts)


def _constraint(old: Statement, wanted: Mapping[Span, str]) -> str:
    stating = {Part.VERSION, Part.IMAGE_ID}
    texts = [wanted[pin.span] for pin in old.pins if pin.part in stating and pin.span in wanted]
    if not texts:
        return old.constraint
    return f"{old.frame[0]}{texts[0]}{old.frame[1]}"
