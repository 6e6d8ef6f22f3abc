"""What is remembered of a fleet's repositories; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.model import Bump, Refusal, SkipReason
from bot.store import ProposalRecord, ProposalStatus, ProposedUpdate, RepositoryRecord, Store
from bot.store.repositories import Watch

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
FLEET = "github:1"
SHOP = RepositoryRecord(
    repository="acme/shop",
    node="R_1",
    pushed_at="2026-09-01T12:00:00Z",
    branch="main",
    head="a" * 40,
    house_policy='mode = "observe"\n',
    own_policy="",
    readers="r",
    reading=b"\x00\xff facts",
    settled="s",
    visited_at=AT,
)
BACK = replace(SHOP, repository="acme/back", node="R_2")
PROPOSAL = ProposalRecord(
    repository="acme/shop",
    branch="freshline/pypi/alpha",
    pipeline="application",
    title="Bump alpha",
    body="",
    head="h",
    base="b",
    updates=(ProposedUpdate("pypi/alpha", "pypi", "alpha", "1.0", "1.1", Bump.MINOR),),
    created_at=AT,
    updated_at=AT,
    number=3,
)
REFUSAL = Refusal("pypi", "alpha", "1.1", SkipReason.DECLINED, "#3 was closed")


def test_nothing_is_known_at_first(store: Store) -> None:
    kept = store.repositories(FLEET)
    assert kept.all() == {}
    assert kept.reading("acme/shop") == b""
    assert kept.watched() == {}
    assert kept.answered("acme/shop") == frozenset()


def test_a_repository_is_kept_and_replaced(store: Store) -> None:
    kept = store.repositories(FLEET)
    kept.save(SHOP)
    kept.save(BACK)
    assert kept.all() == {"acme/shop": replace(SHOP, reading=b""), "acme/back": replace(BACK, reading=b"")}
    assert kept.reading("acme/shop") == SHOP.reading
    later = replace(SHOP, head="b" * 40, reading=b"", settled="")
    kept.save(later)
    assert kept.all()["acme/shop"] == later
    assert kept.reading("acme/shop") == b""
    assert kept.reading("acme/back") == BACK.reading


def test_when_it_was_pushed_to_is_noted_of_those_that_are_known(store: Store) -> None:
    kept = store.repositories(FLEET)
    kept.save(SHOP)
    kept.save(BACK)
    kept.pushed({"acme/shop": "later", "acme/unknown": "later"})
    kept.pushed({})
    assert {name: one.pushed_at for name, one in kept.all().items()} == {
        "acme/shop": "later",
        "acme/back": BACK.pushed_at,
    }


def test_one_can_be_asked_for_alone(store: Store) -> None:
    kept = store.repositories(FLEET)
    kept.save(SHOP)
    assert kept.known("acme/shop") == kept.all()["acme/shop"]
    assert kept.known("acme/unknown") is None


def test_proposals_are_counted_and_found_by_number(store: Store) -> None:
    ledger = store.proposals(FLEET)
    ledger.save(replace(PROPOSAL, number=7, created_at=AT))
    hour = timedelta(hours=1)
    assert ledger.opened(PROPOSAL.repository, AT - hour) == 1
    assert ledger.opened(PROPOSAL.repository, AT) == ledger.opened("acme/other", AT - hour) == 0
    found = ledger.numbered(PROPOSAL.repository, 7)
    assert found is not None
    assert found.branch == PROPOSAL.branch
    assert ledger.numbered(PROPOSAL.repository, 8) is None


def test_what_is_watched_is_replaced_repository_by_repository(store: Store) -> None:
    kept = store.repositories(FLEET)
    kept.watch("acme/shop", {"PR_1": "", "I_7": "t1"})
    kept.watch("acme/back", {"PR_9": "t9"})
    kept.watch("acme/shop", {"I_7": "t2"})
    assert kept.watched() == {"I_7": Watch("acme/shop", "t2"), "PR_9": Watch("acme/back", "t9")}
    kept.watch("acme/shop", {})
    assert kept.watched().keys() == {"PR_9"}


def test_an_answered_comment_stays_answered(store: Store) -> None:
    kept = store.repositories(FLEET)
    kept.answer("acme/shop", 2**40, AT)
    kept.answer("acme/shop", 2**40, AT)
    kept.answer("acme/shop", 5, AT)
    kept.answer("acme/back", 6, AT)
    assert kept.answered("acme/shop") == {2**40, 5}
    assert kept.answered("acme/back") == {6}


def fill(store: Store, fleet: str, name: str = "acme/shop", node: str = "R_1") -> None:
    """Something of a repository in every table that names it."""
    kept = store.repositories(fleet)
    kept.save(replace(SHOP, repository=name, node=node))
    kept.watch(name, {f"PR of {node}": "t"})
    kept.answer(name, 5, AT)
    store.proposals(fleet).save(replace(PROPOSAL, repository=name, title=f"of {node}"))
    store.refusals(fleet).add(replace(REFUSAL, detail=f"of {node}"), AT, name)


def all_of(store: Store, fleet: str) -> dict[str, object]:
    """Everything that ``fill`` fills, in one picture."""
    kept = store.repositories(fleet)
    names = ("acme/shop", "acme/back", "acme/new")
    return {
        "known": {name: row.node for name, row in kept.all().items()},
        "watched": {node: one.repository for node, one in kept.watched().items()},
        "answered": {name for name in names if kept.answered(name)},
        "proposals": sorted((one.repository, one.title) for one in store.proposals(fleet).all()),
        "refusals": {name: one.detail for name in names for one in store.refusals(fleet).own(name)},
    }


def test_a_new_name_goes_through_every_table(store: Store) -> None:
    fill(store, FLEET)
    fill(store, FLEET, "acme/back", "R_2")
    store.repositories(FLEET).rename("acme/shop", "acme/new")
    assert all_of(store, FLEET) == {
        "known": {"acme/new": "R_1", "acme/back": "R_2"},
        "watched": {"PR of R_1": "acme/new", "PR of R_2": "acme/back"},
        "answered": {"acme/new", "acme/back"},
        "proposals": [("acme/back", "of R_2"), ("acme/new", "of R_1")],
        "refusals": {"acme/new": "of R_1", "acme/back": "of R_2"},
    }
    assert store.repositories(FLEET).reading("acme/new") == SHOP.reading
    [moved] = store.proposals(FLEET).all("acme/new")
    assert moved.updates == PROPOSAL.updates


def test_the_same_name_again_loses_nothing(store: Store) -> None:
    fill(store, FLEET)
    before = all_of(store, FLEET)
    store.repositories(FLEET).rename("acme/shop", "acme/shop")
    store.repositories(FLEET).rename("acme/unknown", "acme/unknown")
    assert all_of(store, FLEET) == before


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_name_that_another_had_before_is_taken_over(store: Store, forgotten: bool) -> None:
    """A repository was deleted, and another took its name: both have the same branch and refusal."""
    fill(store, FLEET)
    fill(store, FLEET, "acme/back", "R_2")
    kept = store.repositories(FLEET)
    if forgotten:  # in an earlier pass, which left its proposals and refusals
        kept.forget("acme/back")
        assert store.refusals(FLEET).own("acme/back") != ()
    kept.rename("acme/shop", "acme/back")
    assert all_of(store, FLEET) == {
        "known": {"acme/back": "R_1"},
        "watched": {"PR of R_1": "acme/back"},
        "answered": {"acme/back"},
        "proposals": [("acme/back", "of R_1")],
        "refusals": {"acme/back": "of R_1"},
    }


def test_what_is_forgotten_leaves_its_history(store: Store) -> None:
    fill(store, FLEET)
    fill(store, FLEET, "acme/back", "R_2")
    store.repositories(FLEET).forget("acme/shop")
    store.repositories(FLEET).forget("acme/unknown")
    assert all_of(store, FLEET) == {
        "known": {"acme/back": "R_2"},
        "watched": {"PR of R_2": "acme/back"},
        "answered": {"acme/back"},
        "proposals": [("acme/back", "of R_2"), ("acme/shop", "of R_1")],
        "refusals": {"acme/shop": "of R_1", "acme/back": "of R_2"},
    }


def test_fleets_are_apart(store: Store) -> None:
    fill(store, FLEET)
    fill(store, "github:2")
    before = all_of(store, "github:2")
    kept = store.repositories(FLEET)
    kept.pushed({"acme/shop": "later"})
    kept.rename("acme/shop", "acme/new")
    kept.watch("acme/new", {})
    kept.forget("acme/new")
    assert store.proposals(FLEET).close("acme/new", PROPOSAL.branch, ProposalStatus.LANDED, AT)
    assert all_of(store, "github:2") == before
    assert store.repositories("github:2").all()["acme/shop"] == replace(SHOP, reading=b"")
    assert store.repositories("github:3").all() == {}
    assert store.repositories("github:3").reading("acme/shop") == b""
