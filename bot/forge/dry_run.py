"""A forge that reads like another one and writes nothing: what would be proposed is collected."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.forge.base import (
    PREFIX,
    Author,
    Branch,
    Deleted,
    Forge,
    ForgeError,
    NewCommit,
    Pushed,
    RefusalReason,
    Refused,
    Snapshot,
    trailers_of,
)

MAX_LINES = 4000
"""Above this many changed lines in one stretch a diff is shown whole: finding the best one takes quadratic time."""
CONTEXT = 3

_Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Collected:
    """A branch that would have been put on a commit; ``diff`` is a unified one, for people to read."""

    branch: str
    commit: NewCommit
    head: str
    diff: str


class DryRunForge:
    """Implements ``Forge``: reads go to ``inner``, writes end up in ``proposals`` and ``deleted``."""

    def __init__(self, inner: Forge) -> None:
        self.repository = inner.repository
        self.proposals: list[Collected] = []
        self.deleted: list[str] = []
        self._inner = inner

    def snapshot(self, ref: str | None = None) -> Snapshot:
        """What the inner forge gives."""
        return self._inner.snapshot(ref)

    def branches(self, prefix: str = PREFIX) -> dict[str, Branch]:
        """What the inner forge gives."""
        return self._inner.branches(prefix)

    def authored(self, branch: Branch, author: Author) -> bool:
        """What the inner forge gives."""
        return self._inner.authored(branch, author)

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        """Collect the proposal; refused where the inner forge's branch is not at ``expected``."""
        found = self._inner.branches(branch).get(branch)
        if found is not None and self._same(found, commit):
            return Pushed(found.head, changed=False)
        refusal = self._refusal(branch, expected)
        if refusal:
            return refusal
        head = _head(branch, commit)
        self.proposals.append(Collected(branch, commit, head, self._diff(commit)))
        return Pushed(head, changed=True)

    def delete(self, branch: str, expected: str) -> Deleted | Refused:
        """Collect the deletion."""
        refusal = self._refusal(branch, expected)
        if refusal and refusal.reason is RefusalReason.GONE:
            return Deleted(changed=False)
        if refusal:
            return refusal
        self.deleted.append(branch)
        return Deleted(changed=True)

    def changed(self, base_commit: str, other_commit: str, paths: Iterable[str]) -> bool:
        """What the inner forge gives."""
        return self._inner.changed(base_commit, other_commit, paths)

    def touched(self, base_commit: str, other_commit: str) -> frozenset[str]:
        """What the inner forge gives."""
        return self._inner.touched(base_commit, other_commit)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """What the inner forge gives."""
        return self._inner.is_ancestor(ancestor, descendant)

    def recent_subjects(self, n: int = 50) -> list[str]:
        """What the inner forge gives."""
        return self._inner.recent_subjects(n)

    def diff(self, base_commit: str | None, commit: str) -> str:
        """The diff of a collected proposal, or what the inner forge gives."""
        collected = next((one for one in self.proposals if one.head == commit), None)
        return collected.diff if collected else self._inner.diff(base_commit, commit)

    def _refusal(self, branch: str, expected: str | None) -> Refused | None:
        found = self._inner.branches(branch).get(branch)
        head = None if found is None else found.head
        if head == expected:
            return None
        if head is None:
            return Refused(RefusalReason.GONE, f"{branch} was deleted; it stood at {expected}")
        reason = RefusalReason.EXISTS if expected is None else RefusalReason.MOVED
        return Refused(reason, f"{branch} stands at {head}")

    def _same(self, found: Branch, commit: NewCommit) -> bool:
        if found.parent != commit.base or found.trailers != trailers_of(commit.message):
            return False
        return self._inner.snapshot(found.head).read_many(commit.files) == dict(commit.files)

    def _diff(self, commit: NewCommit) -> str:
        snapshot = self._inner.snapshot(commit.base)
        old = snapshot.read_many(commit.files)
        parts = []
        for path, new in commit.files.items():
            before = old.get(path, b"")
            if not isinstance(before, bytes):
                raise ForgeError(f"{path!r} is too large to compare", self.repository, "This is a fault of Freshline")
            parts.append(unified(path, before, new, added=path not in old))
        return "".join(parts)


def _head(branch: str, commit: NewCommit) -> str:
    digest = hashlib.sha256(repr((branch, commit.base, commit.message)).encode("utf-8", "surrogateescape"))
    for path, data in commit.files.items():
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(data).digest())
    return f"dry-run-{digest.hexdigest()}"


def unified(path: str, before: bytes, after: bytes, *, added: bool = False) -> str:
    """A unified diff of one file with three lines of context, "" when nothing differs.

    The form is that of ``git diff`` (https://git-scm.com/docs/diff-generate-patch).
    """
    if before == after and not added:
        return ""
    name = path.encode("utf-8", "replace").decode("utf-8")
    old, new = (data.decode("utf-8", "replace").split("\n") for data in (before, after))
    header = f"diff --git a/{name} b/{name}\n"
    header += f"new file mode 100644\n--- /dev/null\n+++ b/{name}\n" if added else f"--- a/{name}\n+++ b/{name}\n"
    return header + "".join(_hunks(_lines(old), _lines(new)))


def _lines(split: list[str]) -> list[str]:
    """Lines that each end in a newline, the last one with git's remark where the file ends without."""
    *whole, last = split
    lines = [f"{line}\n" for line in whole]
    return [*lines, f"{last}\n\\ No newline at end of file\n"] if last else lines


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    lead, tail = _common(old, new)
    old_part, new_part = old[lead : len(old) - tail], new[lead : len(new) - tail]
    for group in _groups(old_part, new_part):
        (_, a, _, b, _), (_, _, c, _, d) = group[0], group[-1]
        yield f"@@ -{_range(lead + a, lead + c)} +{_range(lead + b, lead + d)} @@\n"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in old_part[i:j])
                continue
            yield from (f"-{line}" for line in old_part[i:j])
            yield from (f"+{line}" for line in new_part[k:m])


def _common(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many lines at the start and at the end are the same, less the context to be shown."""
    least = min(len(old), len(new))
    lead = next((n for n in range(least) if old[n] != new[n]), least)
    tail = next((n for n in range(least - lead) if old[-1 - n] != new[-1 - n]), least - lead)
    return max(0, lead - CONTEXT), max(0, tail - CONTEXT)


def _groups(old: list[str], new: list[str]) -> Iterable[list[_Opcode]]:
    if max(len(old), len(new)) <= MAX_LINES:
        return difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT)
    return [[("replace", 0, len(old), 0, len(new))]]


def _range(start: int, end: int) -> str:
    """A range as the unified format writes it: from 1, and the line before where it is empty."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
