"""Reading and rewriting constraints that are made of clauses; shared by the schemes with ranges."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions._clauses import Alternative, Clause

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_JOINER = re.compile(r"\s*\|\|?\s*")


class Ranged(ABC):
    """A scheme whose constraints are clauses (``>=1.2,<2``), and where ``joins`` alternatives of them.

    What is widened ``opens`` (``^1.2`` becomes ``>=1.2,<3.0``) or gains an alternative.
    A rewritten constraint is the author's text with the versions of its clauses changed in
    place, and it is only given out when it really admits the version.
    """

    name: str
    joins: bool
    opens: bool

    @abstractmethod
    def key(self, version: str) -> Any:
        """As ``Scheme.key``."""

    @abstractmethod
    def is_prerelease(self, version: str) -> bool:
        """As ``Scheme.is_prerelease``."""

    @abstractmethod
    def bump(self, old: str, new: str) -> Bump:
        """As ``Scheme.bump``."""

    @abstractmethod
    def valid(self, constraint: str) -> bool:
        """As ``Scheme.valid``."""

    @abstractmethod
    def satisfies(self, version: str, constraint: str) -> bool:
        """As ``Scheme.satisfies``."""

    @abstractmethod
    def alternatives(self, constraint: str) -> tuple[Alternative, ...] | None:
        """The constraint's clauses, None for a constraint that is invalid or can't be told apart."""

    @abstractmethod
    def pin(self, version: str) -> str:
        """The constraint that admits this version only."""

    def exact(self, constraint: str) -> str | None:
        """The one version that the constraint admits, None if it admits others.

        Without the ``v`` that may stand before it.
        """
        found = self.alternatives(constraint)
        if found is None or len(found) != 1:
            return None
        fixed = [clause.version for clause in found[0] if clause.fixed]
        if len(fixed) != 1 or not (len(found[0]) == 1 or self.satisfies(fixed[0], constraint)):
            return None
        return fixed[0]

    def floor(self, constraint: str) -> str | None:
        """The lowest version that the constraint admits, as it is written there; None if none is.

        Of several bounds the highest, of several alternatives the lowest; for ``>1.2`` it is
        "1.2" itself, which stands just below what is admitted.
        """
        floors = [self._floor_of(alternative) for alternative in self.alternatives(constraint) or ()]
        known = [floor for floor in floors if floor is not None]
        return min(known, key=self.key) if known and len(known) == len(floors) else None

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:
        """The constraint changed so that it admits ``version``, in the author's own style.

        REPLACE keeps a floor and moves what excludes the version; BUMP raises the floor as
        well; WIDEN adds to what is admitted; PIN gives the exact pin. A version below the floor
        is never taken in (None), but for an exact pin.
        """
        found = self.alternatives(constraint)
        if found is None or self.key(version) is None or version != version.strip():
            return None
        target = version[1:] if version[:1] in {"v", "V"} else version
        draft = self._draft(constraint, found, target, strategy)
        return draft if draft is not None and self.satisfies(target, draft) else None

    def _draft(self, constraint: str, found: tuple[Alternative, ...], version: str, strategy: Strategy) -> str | None:
        if any(self._refuses(clause, version) for alternative in found for clause in alternative):
            return None
        if self.exact(constraint) is not None:
            return self._moved(constraint, found[0], version, raised=False)
        if strategy is Strategy.PIN:
            return _framed(constraint, self.pin(version))
        if strategy is not Strategy.BUMP and self.satisfies(version, constraint):
            return constraint
        best = max(reversed(found), key=self._height)
        floor = self._floor_of(best)
        if floor is not None and self.key(version) < self.key(floor):
            return constraint
        if strategy is Strategy.WIDEN:
            return self._widened(constraint, found, best, version)
        return self._replaced(constraint, found, best, version, strategy)

    def _refuses(self, clause: Clause, version: str) -> bool:
        return clause.excludes and self.satisfies(version, f"=={clause.version}{clause.tail}")

    def _height(self, alternative: Alternative) -> tuple[bool, Any]:
        floor = self._floor_of(alternative)
        return (False, 0) if floor is None else (True, self.key(floor))

    def _floor_of(self, alternative: Alternative) -> str | None:
        stated = [c.version for c in alternative if c.version and (c.lower or c.follows)]
        return max((v for v in stated if self.key(v) is not None), key=self.key, default=None)

    def _replaced(
        self, constraint: str, found: tuple[Alternative, ...], best: Alternative, version: str, strategy: Strategy
    ) -> str | None:
        # Bounds beside a `^` or `~=` only narrow it: they follow where it goes.
        follows = any(clause.follows and clause.version for clause in best)
        raised = strategy is Strategy.BUMP or follows
        text = self._moved(constraint, best, version, raised=raised)
        if text is None or len(found) == 1 or not best:
            return text
        # `^17 || ^18` lists what is supported, and what replaces it is the newest; a bound is kept.
        bounded = any(clause.lower or clause.upper for alternative in found for clause in alternative)
        if strategy is Strategy.BUMP or not bounded:
            behind = len(constraint) - best[-1].end
            return _framed(constraint, text[best[0].start : len(text) - behind])
        return text

    def _widened(self, constraint: str, found: tuple[Alternative, ...], best: Alternative, version: str) -> str | None:
        follows = [clause for clause in best if clause.follows and clause.version]
        if not follows:
            return self._moved(constraint, best, version, raised=False)
        opened = self._opened(constraint, best, version) if self.opens else None
        if not self.joins or (opened is not None and self.satisfies(version, opened)):
            return opened
        if not all(found):
            return None
        added = self._clause(constraint, follows[0], version, raised=True)
        end = len(constraint.rstrip())
        return None if added is None else f"{constraint[:end]}{_joiner(constraint, found)}{added}{constraint[end:]}"

    def _opened(self, constraint: str, alternative: Alternative, version: str) -> str | None:
        """``~=1.4`` as ``>=1.4,<3``: for what is published in a language that can't state alternatives."""
        texts = [
            self._span(constraint, alternative, clause, version)
            if clause.follows and clause.version
            else self._clause(constraint, clause, version, raised=False)
            for clause in alternative
        ]
        return _spliced(constraint, alternative, texts)

    def _span(self, constraint: str, alternative: Alternative, clause: Clause, version: str) -> str | None:
        """Both bounds of a clause, the lower one unless another clause states a higher one."""
        if clause.fixed:
            return None
        comma = ", " if ", " in constraint else ","
        gap = constraint[clause.start + len(clause.operator) : clause.at]
        upper = f"<{gap}{_ceiling(clause, version)}"
        if any(other.lower and self.key(other.version) >= self.key(clause.version) for other in alternative):
            return upper
        return f">={gap}{clause.version}{comma}{upper}"

    def _moved(self, constraint: str, alternative: Alternative, version: str, *, raised: bool) -> str | None:
        """The constraint with the clauses of one alternative moved; ``raised``: floors too."""
        texts = [self._clause(constraint, clause, version, raised=raised) for clause in alternative]
        return _spliced(constraint, alternative, texts)

    def _clause(self, constraint: str, clause: Clause, version: str, *, raised: bool) -> str | None:
        """One clause moved to admit the version, as it stands when it need not, None when it can't."""
        head = constraint[clause.start : clause.at]
        if clause.fixed:
            return head + version
        if clause.excludes or not clause.version or (clause.lower and not raised):
            return constraint[clause.start : clause.end]
        if clause.operator == ">":
            if not self._admits(">", clause.version + clause.tail, version):
                return None
            head = head.replace(">", ">=")
        if not clause.upper:
            return head + self._at_precision(clause, version) + clause.tail
        if self._admits(clause.operator, clause.version + clause.tail, version):
            return constraint[clause.start : clause.end]
        bound = self._bound(clause, version)
        return None if bound is None else head + bound + clause.tail

    def _at_precision(self, clause: Clause, version: str) -> str:
        """The version with as many segments as the clause states, whole where that would not do."""
        width = _width(clause.version)
        text = ".".join((_segments(version) + ["0"] * width)[:width])
        early = self.is_prerelease(version) and not clause.tail
        return version if early or self.key(text) < self.key(clause.version) else text

    def _bound(self, clause: Clause, version: str) -> str | None:
        """The upper bound above the version: the next major where the author's stands at one.

        Otherwise the next one at the author's last segment that is not zero. What makes the
        bound a pre-release (``<2.0.dev0``) is kept.
        """
        if clause.operator == "<=":
            text = self._at_precision(clause, version)
            return text if self._admits("<=", text + clause.tail, version) else version
        segments = _segments(clause.version)
        suffix = clause.version[len(".".join(segments)) :]
        if suffix and not self.is_prerelease(clause.version):
            return None
        last = max((index for index, segment in enumerate(segments) if int(segment)), default=0)
        return _above(version, last + 1) + ".0" * (len(segments) - last - 1) + suffix

    def _admits(self, operator: str, bound: str, version: str) -> bool:
        """Whether a bound admits the version; a pre-release counts as its release."""
        release = ".".join(_segments(version)) if self.is_prerelease(version) else version
        return self.satisfies(release, operator + bound)


def _spliced(constraint: str, alternative: Alternative, texts: list[str | None]) -> str | None:
    """The constraint with a text in the place of each clause, None where one has none."""
    known = [text for text in texts if text is not None]
    if len(known) != len(alternative):
        return None
    for clause, text in zip(reversed(alternative), reversed(known), strict=True):
        constraint = constraint[: clause.start] + text + constraint[clause.end :]
    return constraint


def _segments(version: str) -> list[str]:
    match = _NUMBERS.match(version)
    return match[0].split(".") if match else []


def _width(version: str) -> int:
    return len(_segments(version))


def _above(version: str, width: int) -> str:
    """The lowest text of ``width`` segments above the version: 2.3.1 gives "3", "2.4"."""
    *kept, last = ([int(segment) for segment in _segments(version)] + [0] * width)[:width]
    return ".".join(map(str, [*kept, last + 1]))


def _ceiling(clause: Clause, version: str) -> str:
    """Where a clause that follows would end if it stood at the version: ``^1.2`` at 2.3.1 gives "3.0"."""
    width = _width(clause.version)
    if clause.operator == "^":
        segments = _segments(version)
        fixed = next((index for index, segment in enumerate(segments[:width]) if int(segment)), 0) + 1
    else:
        fixed = min(2, width) if clause.operator == "~" else width - (clause.operator == "~=")
    return _above(version, fixed) + ".0" * (width - fixed if clause.operator in {"^", "~"} else 0)


def _framed(constraint: str, text: str) -> str:
    """The text between the spaces that stand around the constraint."""
    inner = constraint.strip()
    before, _, after = constraint.partition(inner) if inner else (constraint, "", "")
    return before + text + after


def _joiner(constraint: str, found: tuple[Alternative, ...]) -> str:
    """What stands between the last two alternatives."""
    between = constraint[found[-2][-1].end : found[-1][0].start] if len(found) > 1 else ""
    return between if _JOINER.fullmatch(between) else " || "
