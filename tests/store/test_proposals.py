from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from bot.core.model import Bump, Refusal, SkipReason
from bot.store import ProposalRecord, ProposalStatus, ProposedUpdate, Store
from bot.store.tables import proposal_updates

AT = datetime(2026, 9, 1, 12, 30, 1, 123456, tzinfo=UTC)
LATER = AT + timedelta(days=2)
DJANGO = ProposedUpdate("pypi/django", "pypi", "django", "5.1", "5.2", Bump.MINOR)
RICH = ProposedUpdate("pypi/rich", "pypi", "rich", "13.0", "14.0", Bump.MAJOR)
RECORD = ProposalRecord(
    "/repo", "freshline/pypi/django", "application", "Bump django", "Body\n", "a" * 40, "b" * 40, (DJANGO,), AT, AT
)
REFUSAL = Refusal("pypi", "django", "5.2", SkipReason.QUARANTINED, "rolled back in prod")


def test_a_proposal_comes_back_as_it_was(store: Store) -> None:
    proposals = store.proposals()
    assert proposals.open("/repo", RECORD.branch) is None
    proposals.save(RECORD)
    assert proposals.open("/repo", RECORD.branch) == RECORD
    assert proposals.all() == (RECORD,)


def test_an_open_proposal_is_replaced_and_keeps_its_birthday(store: Store) -> None:
    moved = replace(
        RECORD, head="c" * 40, title="Bump both", updates=(RICH, DJANGO), created_at=LATER, updated_at=LATER
    )
    store.proposals().save(RECORD)
    store.proposals().save(moved)
    assert store.proposals().all() == (replace(moved, created_at=AT),)


def test_saving_twice_changes_nothing(store: Store) -> None:
    store.proposals().save(RECORD)
    store.proposals().save(RECORD)
    assert store.proposals().all() == (RECORD,)


def test_a_closed_proposal_is_history_and_its_branch_is_free(store: Store) -> None:
    proposals = store.proposals()
    proposals.save(RECORD)
    assert proposals.close("/repo", RECORD.branch, ProposalStatus.LANDED, LATER)
    assert proposals.open("/repo", RECORD.branch) is None
    assert not proposals.close("/repo", RECORD.branch, ProposalStatus.REFUSED, LATER)
    proposals.save(replace(RECORD, updates=()))
    landed = replace(RECORD, status=ProposalStatus.LANDED, updated_at=LATER)
    assert proposals.all() == (landed, replace(RECORD, updates=()))
    assert proposals.all("/repo", ProposalStatus.LANDED) == (landed,)
    assert proposals.all("/other") == ()


def test_a_proposal_without_updates_leaves_none_behind(store: Store) -> None:
    store.proposals().save(RECORD)
    store.proposals().save(replace(RECORD, updates=()))
    with store._database.transaction() as connection:
        assert connection.execute(select(proposal_updates)).all() == []


def test_a_fleet_has_its_own_proposals(store: Store) -> None:
    store.proposals("one").save(RECORD)
    store.proposals("two").save(replace(RECORD, title="Other"))
    assert store.proposals("one").all() == (RECORD,)
    assert not store.proposals("three").close("/repo", RECORD.branch, ProposalStatus.LANDED, LATER)
    assert store.proposals("three").all() == ()


def test_hostile_words_are_kept_readable(store: Store) -> None:
    store.proposals().save(replace(RECORD, repository="/caf\udce9", title="nul \0 and \ud800"))
    found = store.proposals().open("/caf\udce9", RECORD.branch)
    assert found is not None
    assert (found.repository, found.title) == ("/caf\\udce9", "nul \\x00 and \\ud800")


def test_times_come_back_in_utc(store: Store) -> None:
    east = AT.astimezone(timezone(timedelta(hours=9)))
    store.proposals().save(replace(RECORD, created_at=east))
    found = store.proposals().all()[0]
    assert found.created_at == AT
    assert found.created_at.tzinfo is UTC


def test_a_refusal_is_for_one_repository_or_the_fleet(store: Store) -> None:
    refusals = store.refusals()
    refusals.add(REFUSAL, AT, "/repo")
    fleet = replace(REFUSAL, name="rich")
    refusals.add(fleet, LATER)
    assert refusals.history("/repo").refusals == (REFUSAL, fleet)
    assert refusals.history("/other").refusals == (fleet,)
    assert store.refusals("another").history("/repo").refusals == ()


def test_the_first_refusal_stands(store: Store) -> None:
    store.refusals().add(REFUSAL, AT)
    store.refusals().add(replace(REFUSAL, reason=SkipReason.IGNORED, detail="again"), LATER)
    assert store.refusals().history("/repo").refusals == (REFUSAL,)


@pytest.mark.parametrize("repository", ["", "/repo"])
def test_a_refusal_is_lifted(store: Store, repository: str) -> None:
    refusals = store.refusals()
    refusals.add(REFUSAL, AT, repository)
    assert not refusals.remove("pypi", "django", "5.3", repository)
    assert refusals.remove("pypi", "django", "5.2", repository)
    assert refusals.history("/repo").refusals == ()


def test_the_first_sighting_stands(store: Store) -> None:
    sightings = store.sightings()
    sightings.note("oci", {"python": ["3.13", "3.12", "3.12"], "node": []}, AT)
    sightings.note("oci", {"python": ["3.14", "3.13"]}, LATER)
    assert sightings.first_seen("oci", ["python", "node"]) == {
        ("python", "3.12"): AT,
        ("python", "3.13"): AT,
        ("python", "3.14"): LATER,
    }
    assert sightings.first_seen("npm", ["python"]) == {}
    assert store.sightings("another").first_seen("oci", ["python"]) == {}


def test_nothing_seen_is_nothing_noted(store: Store) -> None:
    store.sightings().note("oci", {}, AT)
    assert store.sightings().first_seen("oci", []) == {}
