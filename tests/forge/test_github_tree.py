from __future__ import annotations

import pytest

from bot.forge.base import blob_id
from bot.forge.github_tree import Listing, Node, is_object, sound

EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's id of a tree with nothing in it."""


def listing(*nodes: tuple[str, str, str]) -> Listing:
    kinds = {"040000": "tree", "160000": "commit"}
    return Listing(EMPTY, [Node(path, mode, kinds.get(mode, "blob"), sha, 1) for path, mode, sha in nodes])


A, B = blob_id(b"a\n"), blob_id(b"b\n")


def test_the_id_of_a_tree_is_gits() -> None:
    # printf 'a\n' > a; git add a; git write-tree
    assert listing().changed_root({"a": A}) == "aaff74984cccd156a469afa7d9ab10e4777beb24"


def test_a_folder_sorts_as_if_it_ended_in_a_slash() -> None:
    one = listing(("a", "040000", EMPTY), ("a.b", "100644", A), ("a-b", "100644", A), ("a0", "100755", B))
    other = listing(("a0", "100755", B), ("a-b", "100644", A), ("a", "040000", EMPTY), ("a.b", "100644", A))
    assert one.changed_root({"z/y/x": B}) == other.changed_root({"z/y/x": B})


def test_names_that_github_can_not_tell_make_the_id_unknown() -> None:
    beside = listing(("d", "040000", EMPTY), ("d/caf\ufffd", "100644", A), ("e", "100644", A))
    assert beside.changed_root({"d/new": B}) is None
    assert beside.changed_root({"e": B}) is not None
    assert [entry.path for entry in beside.entries] == ["e"]


def test_what_differs() -> None:
    one = listing(("a", "100644", A), ("b", "100644", B), ("m", "160000", "1" * 40), ("t", "040000", EMPTY))
    other = listing(("a", "100755", A), ("c", "100644", B), ("m", "160000", "2" * 40), ("t", "040000", A))
    assert one.differing(other) == {"a", "b", "c", "m"}
    assert one.differing(one) == frozenset()


@pytest.mark.parametrize("path", ["", "a//b", "/a", "a/", "..", "a/../b", ".git", "a/.GIT/b", "a\0b", "\ufffd"])
def test_unsound_paths(path: str) -> None:
    assert not sound(path)


@pytest.mark.parametrize("path", ["a", "a/b", ".github/x", "a..b", "...", ".gitignore", "a b", "\u00e9"])
def test_sound_paths(path: str) -> None:
    assert sound(path)


def test_object_ids() -> None:
    assert is_object("a" * 40)
    assert is_object("0" * 64)
    assert not is_object("A" * 40)
    assert not is_object("a" * 41)
    assert not is_object("main")
