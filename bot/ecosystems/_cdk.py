"""What the tokens of a program say together: names with dots, entries of literals, what a literal is given to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.core.machine_images.asked import REGION
from bot.formats.source import Kind, Token

_MOST_NAMES = 20
"""How many names a chain has at most."""

_BEFORE_A_LITERAL = frozenset({"and", "await", "default", "else", "in", "not", "or", "return", "yield"})
_BLOCKS = (")", ";", "{", "}", "=>", "${")
_REGION_KEYS = ("region", "aws_region", "awsRegion")


@dataclass(slots=True)
class Source:
    """The tokens of a program.

    ``entry`` is, for every token, the number of the first one of its entry (what stands between commas);
    ``keys`` are the keys of a bracket's entries with the number of what follows each; ``closers``
    where brackets end; ``ends`` are those that end an expression in a text.
    """

    tokens: Sequence[Token]
    entry: list[int] = field(default_factory=list)
    keys: dict[int, dict[str, int]] = field(default_factory=dict)
    closers: dict[int, int] = field(default_factory=dict)
    ends: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        begins: dict[int, int] = {-1: 0}
        opened: list[int] = []
        for at, token in enumerate(self.tokens):
            self.entry.append(begins[token.inside])
            if token.is_sign("(", "[", "{", "${"):
                begins[at] = at + 1
                opened.append(at)
            elif token.is_sign(")", "]", "}"):
                bracket = opened.pop()
                self.closers[bracket] = at
                self.ends |= {at} if self.sign(bracket, "${") else set()
            elif token.is_sign(",", ";"):
                begins[token.inside] = at + 1
            elif self.entry[at] == at and self.sign(at + 1, ":", "=", ",", "}"):
                self.keys.setdefault(token.inside, {})[token.text] = at + 2

    def sign(self, at: int, *texts: str) -> bool:
        """Whether there is one of these brackets or operators."""
        return 0 <= at < len(self.tokens) and self.tokens[at].is_sign(*texts)

    def word(self, at: int, *texts: str) -> bool:
        """Whether there is one of these names, not after a dot."""
        return 0 <= at < len(self.tokens) and self.tokens[at].kind is Kind.NAME and self.tokens[at].text in texts

    def text(self, at: int) -> str:
        """The text of a name or a string, "" for anything else."""
        token = self.tokens[at] if 0 <= at < len(self.tokens) else None
        return token.text if token is not None and (token.named or token.kind is Kind.STRING) else ""

    def begin(self, at: int) -> int:
        """The number of the first of the names with dots that end here."""
        while at > 0 and self.tokens[at].kind is Kind.MEMBER and self.tokens[at - 1].named:
            at -= 1
        return at

    def end(self, at: int) -> int:
        """The number of the last of the names with dots that go on from here."""
        while at + 1 < len(self.tokens) and self.tokens[at + 1].kind is Kind.MEMBER:
            at += 1
        return at

    def names(self, at: int) -> tuple[str, ...]:
        """The names with dots that end here, none where there is no name."""
        if at < 0 or not self.tokens[at].named:
            return ()
        return tuple(one.text for one in self.tokens[max(self.begin(at), at - _MOST_NAMES) : at + 1])

    def called(self, bracket: int) -> tuple[str, ...]:
        """The names of what is called with this bracket, none where it is no call."""
        return self.names(bracket - 1) if self.sign(bracket, "(") else ()

    def around(self, at: int) -> Iterator[int]:
        """The brackets around a token from the inside out, as far as they are literals and calls, not blocks."""
        bracket = self.tokens[at].inside
        while bracket >= 0 and not self._block(bracket):
            yield bracket
            bracket = self.tokens[bracket].inside

    def _block(self, bracket: int) -> bool:
        if not self.sign(bracket, "{"):
            return self.sign(bracket, "${")
        if bracket == 0 or self.sign(bracket - 1, *_BLOCKS):
            return True
        return self.tokens[bracket - 1].named and not self.word(bracket - 1, *_BEFORE_A_LITERAL)

    def key(self, at: int) -> str:
        """The key of the entry that a token stands in, "" for an entry without one."""
        first = self.entry[at]
        return self.text(first) if first + 1 < at and self.sign(first + 1, ":") else ""

    def given(self, at: int) -> str:
        """The name that a token is directly the value of (``runtime: x``, ``runtime = x``), "" for none."""
        return self.text(at - 2) if self.sign(at - 1, ":", "=") and self._ends(at + 1) else ""

    def _ends(self, at: int) -> bool:
        """Whether a value can end before this token."""
        return at == len(self.tokens) or self.sign(at, ",", ";", ")", "]", "}") or self.tokens[at].named


@dataclass(frozen=True, slots=True)
class Place:
    """Where in literals a value stands: the region that they say, and the region map, each "" for none."""

    region: str
    root: int
    keys: tuple[str, ...]
    """The keys from the outermost literal, which ``root`` is the number of, inwards; the region's is ``*``."""


def place(source: Source, at: int) -> Place:
    """What the literals around a value say of its region: by a key of theirs, or by an entry beside it."""
    keys: list[str] = []
    region, root, beside = "", -1, ""
    for bracket in source.around(at):
        beside = beside or _beside(source, bracket)
        if source.sign(bracket, "("):
            break
        key, root, at = source.key(at), bracket, bracket
        if not region and REGION.fullmatch(key):
            region, key = key, "*"
        keys += [key] if key else []
    return Place(region, root, tuple(reversed(keys))) if region else Place(beside, -1, ())


def _beside(source: Source, bracket: int) -> str:
    """The region that an entry of a literal or a call names, "" for none."""
    entries = source.keys.get(bracket, {})
    said = (source.text(entries[key]) for key in _REGION_KEYS if key in entries)
    return next((one for one in said if REGION.fullmatch(one)), "")
