from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot import ecosystems, extraction
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, FileReason, Kind, LockFile, Package, ParseError, Statement
from bot.core.resolve import EVERY_MEMBER
from bot.extraction import LARGE, Limits, complete, read
from bot.forge.base import SYMBOLIC_LINK, Entry, Found, Search, TooLarge, blob_id
from bot.store import FactsKey

LIMITS = Limits(10 * LARGE, ("vendor",))


@dataclass
class FakeSnapshot:
    """Files in memory; ``links`` are symbolic links, ``gone`` is listed and can't be had.

    Without ``searches`` only reading tells what stands in a file.
    """

    files: dict[str, bytes]
    links: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    blobs: bool = True
    commit: str | None = None
    branch: str = "main"
    searches: bool = True
    asked: list[str] = field(default_factory=list)
    queries: int = 0

    def entries(self) -> Sequence[Entry]:
        plain = [Entry(p, blob_id(data) if self.blobs else "", 0o100644, None) for p, data in self.files.items()]
        return [*plain, *(Entry(path, "l", SYMBOLIC_LINK, None) for path in self.links)]

    def read_many(self, paths: Iterable[str], limit: int = 0) -> dict[str, bytes | TooLarge]:
        wanted = list(paths)
        self.asked += wanted
        self.queries += bool(wanted)
        read = {path: self.files[path] for path in wanted if path not in self.gone}
        return {path: TooLarge(len(data), limit) if len(data) > limit else data for path, data in read.items()}

    def containing(self, searches: Sequence[Search]) -> tuple[Found, ...]:
        if not self.searches:
            return tuple(Found(frozenset(), search.paths) for search in searches)
        return tuple(
            Found(frozenset(p for p in search.paths if any(text.encode() in self.files[p] for text in search.texts)))
            for search in searches
        )


class Kept(dict[FactsKey, FileFacts]):
    """A cache of facts."""

    def get_many(self, keys: Iterable[FactsKey]) -> Mapping[FactsKey, FileFacts]:
        return {key: self[key] for key in keys if key in self}

    def put_many(self, facts: Mapping[FactsKey, FileFacts]) -> None:
        self.update(facts)


def words(path: str, text: str) -> FileFacts:
    """One statement for each word."""
    if "fault" in text:
        raise ZeroDivisionError(text)
    if "broken" in text:
        raise ParseError("it is broken", 3)
    found = (Statement(Package("pypi", word), Kind.LIBRARY, "pep440", "", (), 1) for word in text.split())
    return FileFacts(path, "words", tuple(found))


WORDS = Ecosystem("words", ("*.words",), 1, words)
HINTED = Ecosystem(
    "hinted", ("*.py",), 1, lambda p, t: FileFacts(p, "hinted", words(p, t).statements), hints=("MAGIC",)
)
NAMED = Ecosystem(
    "named", ("named.cfg",), 1, lambda p, t: FileFacts(p, "named", words(p, t).statements), hints=("MAGIC",)
)
LOCKED = Ecosystem("locked", ("x.lock",), 1, words, locks=("x.toml",))
ALL = (WORDS, HINTED, NAMED, LOCKED)


def paths(reading: extraction.Reading) -> list[str]:
    return [facts.path for facts in reading.files]


def test_what_says_something_is_read_in_order_and_kept() -> None:
    snapshot, kept = FakeSnapshot({"b.words": b"one two", "a.words": b"three", "c.words": b"", "d.txt": b"x"}), Kept()
    reading = read(snapshot, ALL, kept, LIMITS)
    assert paths(reading) == ["a.words", "b.words"]
    assert reading.skipped == ()
    assert sorted(key.path for key in kept) == ["a.words", "b.words", "c.words"]


def test_what_is_unchanged_is_not_read_again() -> None:
    snapshot, kept = FakeSnapshot({"b.words": b"one", "a.words": b"two"}), Kept()
    first = read(snapshot, ALL, kept, LIMITS)
    snapshot.files["a.words"] = b"three"
    snapshot.asked.clear()
    second = read(snapshot, ALL, kept, LIMITS)
    assert snapshot.asked == ["a.words"]
    assert first.files[1] == second.files[1]
    assert second.files[0].statements[0].package.name == "three"


def test_a_newer_reader_reads_everything_again() -> None:
    snapshot, kept = FakeSnapshot({"a.words": b"one"}), Kept()
    read(snapshot, (WORDS,), kept, LIMITS)
    newer = Ecosystem("words", WORDS.patterns, 2, lambda p, _: words(p, "newer"))
    assert read(snapshot, (newer,), kept, LIMITS).files[0].statements[0].package.name == "newer"


def test_without_git_the_content_is_the_key() -> None:
    snapshot, kept = FakeSnapshot({"a.words": b"one"}, blobs=False), Kept()
    assert paths(read(snapshot, ALL, kept, LIMITS)) == ["a.words"]
    assert [key.blob for key in kept] == [blob_id(b"one")]


def test_what_is_excluded_or_gone_is_left_out() -> None:
    snapshot = FakeSnapshot({"vendor/a.words": b"one", "b.words": b"two", "gone.words": b"x"}, gone=("gone.words",))
    assert paths(read(snapshot, ALL, Kept(), LIMITS)) == ["b.words"]


def test_files_that_say_little_by_their_name_are_searched_for_the_hint() -> None:
    snapshot = FakeSnapshot({"a.py": b"MAGIC", "b.py": b"dull", "named.cfg": b"dull", "x/named.cfg": b"MAGIC"})
    assert paths(read(snapshot, ALL, Kept(), LIMITS)) == ["a.py", "x/named.cfg"]
    assert "b.py" not in snapshot.asked


def test_what_cannot_be_searched_is_read_once_together_with_the_manifests() -> None:
    scripts = {f"{n}.py": b"dull" for n in range(30)}
    snapshot = FakeSnapshot(
        {"0.py": b"MAGIC", **scripts, "yes.py": b"MAGIC word", "bin.py": b"MAGIC\0", "z.words": b"one"}, searches=False
    )
    kept = Kept()
    first = read(snapshot, ALL, kept, LIMITS)
    assert paths(first) == ["yes.py", "z.words"]
    assert snapshot.queries == 1
    assert snapshot.asked[0] == "z.words"  # what is surely wanted comes first where not everything fits
    assert len(kept) == 33
    snapshot.asked.clear()
    assert read(snapshot, ALL, kept, LIMITS) == first
    assert snapshot.asked == []
    snapshot.files["7.py"] = b"MAGIC new"
    assert paths(read(snapshot, ALL, kept, LIMITS)) == ["7.py", "yes.py", "z.words"]
    assert snapshot.asked == ["7.py"]


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (b"x" * (11 * LARGE), FileReason.TOO_LARGE, "5.5 MiB; files above 5 MiB are not read"),
        (b"ab\xff", FileReason.UNDECODABLE, "not UTF-8: byte 2 is 0xff"),
        (b"broken", FileReason.UNPARSABLE, "line 3: it is broken"),
        (b"fault", FileReason.UNPARSABLE, "ZeroDivisionError in words: a fault of ours; please send us this file"),
        (b"x " * LARGE, FileReason.TIMED_OUT, "reading it took more than 20 seconds or 2 GiB"),
        (b"\xff" + b"x" * LARGE, FileReason.UNDECODABLE, "not UTF-8: byte 0 is 0xff"),
    ],
    ids=["too large", "undecodable", "unparsable", "a fault", "dies apart", "undecodable apart"],
)
def test_a_file_that_cannot_be_read_is_said_and_costs_only_itself(
    content: bytes, reason: FileReason, detail: str
) -> None:
    reading = read(FakeSnapshot({"a.words": content, "b.words": b"fine"}), ALL, Kept(), LIMITS)
    assert paths(reading) == ["b.words"]
    assert [(s.path, s.reason, s.detail) for s in reading.skipped] == [("a.words", reason, detail)]


def test_a_link_is_not_followed() -> None:
    reading = read(FakeSnapshot({}, links=("a.words", "a.txt")), ALL, Kept(), LIMITS)
    assert [(s.path, s.reason) for s in reading.skipped] == [("a.words", FileReason.SYMBOLIC_LINK)]
    assert reading.files == ()


@pytest.mark.parametrize("snapshot", [FakeSnapshot({"x.lock": b"broken"}), FakeSnapshot({}, links=("x.lock",))])
def test_a_lock_file_that_cannot_be_read_still_covers_its_manifests(snapshot: FakeSnapshot) -> None:
    reading = read(snapshot, ALL, Kept(), LIMITS)
    assert [s.path for s in reading.skipped] == ["x.lock"]
    [facts] = reading.files
    assert facts.declarations == (LockFile("locked", ("x.toml",), (".", EVERY_MEMBER)),)


def test_a_large_file_is_read_apart_with_the_same_answer() -> None:
    text = b'{"dependencies": {"left-pad": "^1.0.0"}}' + b" " * LARGE
    reading = read(FakeSnapshot({"a" * 5000 + "/package.json": text}), ecosystems.built_in(), Kept(), LIMITS)
    assert [s.package.name for s in reading.files[0].statements] == ["left-pad"]
    assert reading.skipped == ()


@pytest.mark.parametrize(
    ("change", "read_apart"),
    [({}, True), ({"worth": lambda path, text: "one" in text}, False), ({"largest": LARGE}, False)],
)
def test_a_process_is_started_only_for_what_may_be_ours(change: dict[str, Any], read_apart: bool) -> None:
    # The child knows no ecosystem of this name: where one is started, the file counts as unreadable.
    unknown = replace(Ecosystem("unknown", ("*.words",), 1, words), **change)
    reading = read(FakeSnapshot({"a.words": b"two" + b" " * LARGE}), [unknown], Kept(), LIMITS)
    assert bool(reading.skipped) is read_apart
    assert reading.files == ()


def test_what_is_merely_searched_is_not_said_to_be_too_large() -> None:
    files = {"a.words": b"hint" + b" " * (10 * LARGE)}
    for hints, said in (((), 1), (("hint",), 0)):
        one = Ecosystem("searched", ("*.words",), 1, words, hints=hints)
        assert len(read(FakeSnapshot(files), [one], Kept(), LIMITS).skipped) == said


def test_each_ecosystem_completes_its_own_facts() -> None:
    marked = Ecosystem("words", (), 1, words, complete=lambda own, every: (*own, *every))
    mine, other = words("a", "one"), FileFacts("b", "hinted", ())
    assert complete((mine, other), (marked, HINTED, NAMED)) == (mine, mine, other, other)
