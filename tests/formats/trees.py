"""What the tests of every format need: walking a tree, and the law of spans."""

from __future__ import annotations

from collections.abc import Iterator

from bot.formats.base import Array, Node, Scalar, Table


def scalars(node: Node) -> Iterator[Scalar]:
    waiting: list[Node] = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Array):
            waiting.extend(node.items)
        else:
            waiting.extend(key for key, _ in node.entries)
            waiting.extend(value for _, value in node.entries)


def check_spans(text: str, node: Node) -> None:
    """Where a scalar can be located, exactly its text stands."""
    for scalar in scalars(node):
        if not scalar.breaks:
            assert text[scalar.span.start : scalar.span.end] == scalar.value
        for at in range(min(len(scalar.value), 50)):
            for end in (at + 1, len(scalar.value)):
                place = scalar.locate(at, end)
                assert place is None or text[place.start : place.end] == scalar.value[at:end]


def path(node: Node, *keys: str) -> Scalar:
    found = node.get(*keys) if isinstance(node, Table) else None
    assert isinstance(found, Scalar)
    return found
