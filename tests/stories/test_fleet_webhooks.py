"""What GitHub tells by itself: right or wrong, once or twice, in any order, or not at all."""

from __future__ import annotations

import json

import pytest

from tests.fakes.github.webhooks import sign
from tests.stories.fleet_desk import ALPHA, ONE, PAD, SECRET, SHOP, Fleet


@pytest.fixture
def settled(fleet: Fleet) -> Fleet:
    """A fleet of two repositories; what was told of its first pass is forgotten."""
    fleet.github.create_repository("acme/lib", ONE)
    fleet.run()
    fleet.told()
    return fleet


def test_what_is_told_is_looked_at_and_nothing_else(settled: Fleet) -> None:
    settled.github.comment(SHOP, settled.open()[ALPHA], "/freshline ignore this version")
    assert [reply.status for reply in settled.receive()] == [202]
    assert settled.attend().keys() == {SHOP}
    assert settled.about("acme/lib") == []
    assert settled.open().keys() == {PAD}
    settled.receive()
    assert settled.attend().keys() == {SHOP}  # what the bot itself did there is told too
    settled.receive()
    assert settled.attend() == {}
    assert settled.github.requests == []


def test_what_was_attended_to_is_not_looked_at_again_by_the_next_pass(settled: Fleet) -> None:
    settled.github.label(SHOP, settled.open()[ALPHA], "urgent")
    settled.github.label("acme/lib", settled.open("acme/lib")[ALPHA], "urgent")
    settled.receive()
    assert settled.attend().keys() == {SHOP, "acme/lib"}
    assert len(settled.github.requests) <= 12  # 3 and a token for each, and 6 for all that were told of
    assert "2 repositories: 0 to visit, 2 as before" in settled.run()


def test_a_wrong_signature_leaves_no_trace(settled: Fleet) -> None:
    settled.github.close_pull(SHOP, settled.open()[ALPHA])
    (delivery, *_) = settled.told()
    with settled.app() as app:
        forged = {**delivery.headers, "X-Hub-Signature-256": sign("another secret", delivery.body)}
        bare = {name: value for name, value in delivery.headers.items() if "Signature" not in name}
        assert app.receive(forged, delivery.body).status == 401
        assert app.receive(bare, delivery.body).status == 401
        assert app.receive(delivery.headers, delivery.body + b" ").status == 401
        assert app.store.deliveries().waiting() == ()
        assert app.store.deliveries().known([delivery.guid]) == frozenset()
    assert settled.attend() == {}


def test_one_that_comes_twice_is_taken_once(settled: Fleet) -> None:
    settled.github.comment(SHOP, settled.open()[ALPHA], "/freshline help")
    told = settled.told()
    assert [reply.status for reply in settled.receive(*told, *told)] == [202, 200]
    settled.attend()
    number = settled.open()[ALPHA]
    assert [reply.status for reply in settled.receive(*told)] == [200]
    settled.attend()
    assert len(settled.said(number)) == 1


def test_the_order_does_not_matter(settled: Fleet) -> None:
    number = settled.open()[ALPHA]
    settled.github.push(SHOP, "main", {"requirements.txt": "alpha==1.0\nbeta==2.0\ngamma==1\n"})
    settled.github.comment(SHOP, number, "/freshline rebase")
    settled.github.close_pull(SHOP, settled.open()[PAD])
    settled.receive(*reversed(settled.told()))
    settled.attend()
    assert settled.open().keys() == {ALPHA}
    assert settled.file(ALPHA) == "alpha==1.1\nbeta==2.0\ngamma==1\n"
    assert settled.reactions(number) == [["+1"]]


def test_an_event_that_is_out_of_date_changes_nothing(settled: Fleet) -> None:
    """Closed and opened again: the first is told last, and what stands on GitHub counts."""
    number = settled.open()[ALPHA]
    settled.github.close_pull(SHOP, number)
    closed = settled.told()
    settled.github.reopen_pull(SHOP, number)
    settled.receive()
    settled.attend()
    settled.receive(*closed)
    settled.attend()
    assert settled.open()[ALPHA] == number


def test_what_is_lost_the_next_pass_finds_out(settled: Fleet) -> None:
    settled.github.close_pull(SHOP, settled.open()[ALPHA])
    settled.github.comment(SHOP, settled.open()[PAD], "/freshline help")
    settled.told()  # never arrives
    settled.run()
    assert settled.reactions(settled.open()[PAD]) == [["+1"]]
    settled.rest()
    assert settled.open().keys() == {PAD}


def test_what_was_told_and_not_acted_on_waits_for_the_next_pass(settled: Fleet) -> None:
    settled.github.comment(SHOP, settled.open()[ALPHA], "/freshline help")
    settled.receive()
    settled.run()
    with settled.app() as app:
        assert app.store.deliveries().waiting() == ()


def test_a_kind_of_event_that_is_not_listened_to_is_counted(settled: Fleet) -> None:
    body = json.dumps({"action": "created", "installation": {"id": settled.installation.id}}).encode()
    told = {"X-GitHub-Event": "star", "X-GitHub-Delivery": "d-1", "X-Hub-Signature-256": sign(SECRET, body)}
    with settled.app() as app:
        assert app.receive(told, body).status == 202
        assert app.store.deliveries().counts()["star"] == 1
    assert settled.attend() == {}


def test_a_push_to_another_branch_is_no_reason(settled: Fleet) -> None:
    settled.github.push(SHOP, "feature", {"x.txt": "1"})
    settled.receive()
    assert settled.attend() == {}


def test_a_push_to_the_base_is_looked_at_within_the_minute(settled: Fleet) -> None:
    settled.github.push(SHOP, "main", {"requirements.txt": "alpha==1.1\nbeta==2.0\n"})
    settled.receive()
    settled.attend()
    assert settled.open().keys() == {PAD}


# Repositories that come and go


def test_a_new_repository_is_looked_at_when_it_is_told_of(settled: Fleet) -> None:
    settled.github.create_repository("acme/new", ONE)
    settled.receive()
    settled.attend()
    assert settled.open("acme/new").keys() == {ALPHA}


def test_what_a_pass_leaves_out_is_left_out_here_too(settled: Fleet) -> None:
    for setting in ("archived", "disabled", "fork"):
        repository = settled.github.create_repository(f"acme/{setting}", ONE)
        settled.github.push(f"acme/{setting}", "main", {"README.md": "words"})
        setattr(repository, setting, True)
    settled.receive()
    assert settled.attend() == {}
    assert settled.writes() == []
    with settled.app() as app:
        assert app.store.deliveries().waiting() == ()


def test_one_that_is_archived_with_open_pull_requests(settled: Fleet) -> None:
    before = settled.open()
    settled.github.push(SHOP, "main", {"requirements.txt": "alpha==1.1\nbeta==2.0\n"})
    settled.github.archive(SHOP)
    settled.receive()
    assert settled.attend() == {}
    assert settled.open() == before


def test_an_empty_one_waits_for_its_first_commit(settled: Fleet) -> None:
    settled.github.create_repository("acme/new")
    settled.receive()
    assert settled.attend() == {}


def test_a_renamed_one_keeps_what_is_known_of_it(settled: Fleet) -> None:
    settled.github.close_pull(SHOP, settled.open()[ALPHA])
    settled.run()
    settled.told()
    settled.github.rename_repository(SHOP, "store")
    settled.receive()
    settled.attend()
    settled.rest()
    assert settled.open("acme/store").keys() == {PAD}
    assert len(settled.boards("acme/store")) == 1


def test_a_deleted_one_and_one_that_was_taken_out_are_no_trouble(settled: Fleet) -> None:
    settled.github.push(SHOP, "main", {"README.md": "words"})
    settled.github.push("acme/lib", "main", {"README.md": "words"})
    settled.github.delete_repository(SHOP)
    settled.github.select(settled.installation, remove=["acme/lib"])
    settled.receive()
    assert settled.attend() == {}
    with settled.app() as app:
        assert app.store.deliveries().waiting() == ()


def test_an_app_that_is_not_installed_any_more_leaves_nothing_waiting(settled: Fleet) -> None:
    settled.github.push(SHOP, "main", {"README.md": "words"})
    settled.github.uninstall(settled.installation)
    settled.receive()
    assert settled.attend() == {}
    with settled.app() as app:
        assert app.store.deliveries().waiting() == ()


def test_a_suspended_app_is_left_alone(settled: Fleet) -> None:
    settled.github.push(SHOP, "main", {"README.md": "words"})
    settled.receive()
    settled.github.suspend(settled.installation)
    assert settled.attend() == {}


# Lost ones


def test_webhooks_that_failed_are_asked_for_again(fleet: Fleet) -> None:
    fleet.told()
    fleet.github.clock.advance(-600)
    fleet.github.webhooks.lose()
    fleet.github.create_repository("acme/new", ONE)
    fleet.github.clock.advance(600)
    (lost,) = [one for one in fleet.told() if not one.delivered]
    out = fleet.run()
    assert "1 webhook did not arrive: GitHub was asked to send what was lost again" in out
    assert [one.guid for one in fleet.told() if one.redelivery] == [lost.guid]
    assert "did not arrive" not in fleet.run()  # at most once an hour
