from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.events import (
    Change,
    ChecksChanged,
    CommentWritten,
    DeploymentChanged,
    InstallationChanged,
    IssueChanged,
    Place,
    PullRequestChanged,
    Pushed,
    Released,
    RepositoryChanged,
)
from bot.forge.webhooks import MAX_BODY
from bot.listening import Reply, receive
from bot.store import Deliveries, Store, StoreError, Waiting
from tests.fakes.github.webhooks import sign
from tests.forge.door import SECRET, listening
from tests.forge.github_desk import NAME, Desk, desk

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
SHA = "a" * 40
PUSH = json.dumps(
    {"ref": "refs/heads/x", "after": SHA, "repository": {"full_name": NAME}, "installation": {"id": 7}}
).encode()
PUSHED = Pushed(Place(7, NAME), "x", SHA, default=False)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        yield opened


def headers(body: bytes = PUSH, **other: str) -> dict[str, str]:
    usual = {"X-Hub-Signature-256": sign(SECRET, body), "X-GitHub-Delivery": "d-1", "X-GitHub-Event": "push"}
    return {**usual, **{name.replace("_", "-"): value for name, value in other.items()}}


def come(store: Store, told: Mapping[str, str], body: bytes = PUSH, secrets: tuple[str, ...] = (SECRET,)) -> Reply:
    return receive(store.deliveries(), secrets, told, body, AT)


def empty(store: Store) -> bool:
    kept = store.deliveries()
    return not kept.waiting() and not kept.counts() and not kept.known(["d-1", ""])


# --- what is taken -----------------------------------------------------------------------------------


def test_a_webhook_is_remembered_before_it_is_answered(store: Store) -> None:
    assert come(store, headers()) == Reply(202, "Thanks.")
    assert store.deliveries().waiting() == (Waiting("github:7", "d-1", "push", (PUSHED,)),)


def test_one_that_can_not_be_remembered_is_not_answered(store: Store) -> None:
    class Full(Deliveries):
        """A store on a disk without room."""

        def __init__(self) -> None:
            return

        def remember(self, *_: Any) -> bool:
            raise StoreError("The store can't be used (database or disk is full)", "here", "Make room")

    with pytest.raises(StoreError):
        receive(Full(), [SECRET], headers(), PUSH, AT)


@pytest.mark.parametrize("spelt", [str.lower, str.upper, str.title])
def test_names_of_headers_are_spelt_in_any_case(store: Store, spelt: Any) -> None:
    assert come(store, {spelt(name): value for name, value in headers().items()}).status == 202


def test_a_secret_is_replaced_without_a_gap(store: Store) -> None:
    assert come(store, headers(), secrets=("new", SECRET)).status == 202
    assert come(store, headers(X_GitHub_Delivery="d-2"), secrets=(SECRET, "new")).status == 202
    assert come(store, headers(X_GitHub_Delivery="d-3"), secrets=("new",)).status == 401


def test_a_repeated_one_is_answered_and_changes_nothing(store: Store) -> None:
    come(store, headers())
    assert come(store, headers()) == Reply(200, "Known already.")
    store.deliveries().done(["d-1"])
    assert come(store, headers()).status == 200
    assert store.deliveries().waiting() == ()


def test_an_unknown_kind_is_answered_and_counted(store: Store) -> None:
    body = b'{"zen": "Design for failure.", "hook_id": 1}'
    told = headers(body, X_GitHub_Event="ping")
    assert come(store, told, body) == Reply(202, "Freshline does not listen to ping.")
    assert come(store, told, body).status == 200
    assert store.deliveries().counts() == {"ping": 1}
    assert store.deliveries().waiting() == ()


def test_what_tells_nothing_is_remembered_and_does_not_wait(store: Store) -> None:
    body = json.dumps({**json.loads(PUSH), "ref": "refs/tags/v1"}).encode()
    assert come(store, headers(body), body) == Reply(202, "Thanks.")
    assert store.deliveries().waiting() == ()
    assert store.deliveries().known(["d-1"]) == {"d-1"}


# --- what is not -------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["", "sha256=", sign("other", PUSH), sign(SECRET, PUSH).upper(), "é", "sha1=" + SHA])
def test_a_wrong_signature_leaves_no_trace(store: Store, said: str) -> None:
    answer = come(store, headers(X_Hub_Signature_256=said))
    assert answer.status == 401
    assert "signature" in answer.text
    assert empty(store)


def test_a_missing_signature_and_a_missing_secret_leave_no_trace(store: Store) -> None:
    told = headers()
    del told["X-Hub-Signature-256"]
    assert come(store, told).status == 401
    assert come(store, headers(), secrets=()).status == 401
    assert come(store, headers(X_Hub_Signature_256=sign("", PUSH)), secrets=("",)).status == 401
    assert empty(store)


def test_whoever_has_no_secret_learns_nothing_else() -> None:
    with Store.in_memory() as store:
        answers = [come(store, told, body) for told in ({}, {"X-GitHub-Event": "?"}) for body in (b"", b"{", PUSH)]
    assert {answer.status for answer in answers} == {401}


def test_a_flipped_bit_anywhere_is_refused(store: Store) -> None:
    told, right = headers(), sign(SECRET, PUSH).encode()
    for bit in range(8 * len(PUSH)):
        assert come(store, told, flipped(PUSH, bit)).status == 401
    for bit in range(8 * len(right)):
        said = flipped(right, bit).decode("latin-1")
        assert come(store, {**told, "X-Hub-Signature-256": said}).status == 401
    assert empty(store)
    assert come(store, told).status == 202


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("name", ["X-GitHub-Delivery", "X-GitHub-Event"])
@pytest.mark.parametrize("value", [None, "", "a b", "x" * 101, "d\n", "../x", "é"])
def test_a_missing_or_odd_header_is_refused(store: Store, name: str, value: str | None) -> None:
    told = {key: one for key, one in headers().items() if key != name} | ({} if value is None else {name: value})
    answer = come(store, told)
    assert (answer.status, "X-GitHub" in answer.text) == (400, True)
    assert empty(store)


@pytest.mark.parametrize("body", [b"payload=%7B%7D", b"{", b"[]", b'{"installation": []}'])
@pytest.mark.parametrize("event", ["push", "star"])
def test_what_can_not_be_read_is_refused_and_not_kept(store: Store, body: bytes, event: str) -> None:
    answer = come(store, headers(body, X_GitHub_Event=event), body)
    assert answer.status == 400
    assert answer.text.startswith("This webhook can't be read: ")
    assert empty(store)


def test_too_much_is_refused_before_it_is_looked_at(store: Store) -> None:
    body = b" " * (MAX_BODY + 1)
    answer = come(store, headers(body), body)
    assert (answer.status, answer.text) == (413, "Larger than 25 MiB, more than GitHub sends.")
    assert come(store, {}, body).status == 413
    assert empty(store)


# --- from the fake GitHub, over HTTP -----------------------------------------------------------------


def happen(at: Desk) -> None:
    """A little of everything that GitHub tells."""
    github, branch = at.github, "freshline/npm/vite"
    sha = github.push(NAME, branch, {"a": "1"})
    pull = github.open_pull(NAME, branch, by="ann")
    github.comment(NAME, pull.number, "/freshline rebase")
    github.comment(NAME, pull.number, "what is that?")
    github.review(NAME, pull.number, "APPROVED")
    run = github.check(NAME, sha, "build", None)
    github.finish_check(NAME, run)
    github.status(NAME, sha, "lint", "success")
    github.label(NAME, pull.number, "dependencies")
    github.merge_pull(NAME, pull.number)
    deployed = github.deploy(NAME, "prod")
    github.deployment_status(NAME, deployed, "success")
    github.release(NAME, "v1")
    issue = github.open_issue(NAME, "Dashboard")
    github.edit(NAME, issue.number, body="- [x] vite")
    github.delete_branch(NAME, branch)
    github.create_repository("acme/new", {"a": "1"})
    github.archive("acme/new")
    github.rename_repository("acme/new", "newer")
    github.delete_repository("acme/newer")
    github.select(at.installation, add=[NAME])
    github.select(at.installation, remove=[NAME])
    github.suspend(at.installation)
    github.unsuspend(at.installation)
    github.permit(at.installation, {"contents": "read"})
    github.uninstall(at.installation)
    github.webhooks.drain()


def test_everything_that_the_fake_github_sends_is_taken() -> None:
    with desk() as at, Store.in_memory() as store, listening(at, store) as door:
        happen(at)
        assert {reply.status for reply in door.replies} == {202}
        told = [fact for one in store.deliveries().waiting() for fact in one.facts]
        assert {one.fleet for one in store.deliveries().waiting()} == {f"github:{at.installation.id}"}
    installation = at.installation.id
    place = Place(installation, NAME)
    assert {type(one) for one in told} == {
        *(InstallationChanged, RepositoryChanged, Pushed, PullRequestChanged, CommentWritten),
        *(IssueChanged, ChecksChanged, DeploymentChanged, Released),
    }
    pulls = [one.action for one in told if isinstance(one, PullRequestChanged)]
    assert {"opened", "reviewed", "labeled", "closed"} <= set(pulls)
    assert [one.body for one in told if isinstance(one, CommentWritten)] == ["/freshline rebase"]
    changes = [one.change for one in told if isinstance(one, InstallationChanged)]
    assert changes == [Change.SUSPENDED, Change.RESUMED, Change.PERMITTED, Change.REMOVED]
    assert RepositoryChanged(Place(installation, "acme/newer"), Change.RENAMED) in told
    assert RepositoryChanged(place, Change.REMOVED) in told
    assert any(isinstance(one, Pushed) and one.head is None for one in told)
    assert any(isinstance(one, Pushed) and one.default for one in told)


def test_repeated_and_shuffled_webhooks_are_kept_once() -> None:
    with desk() as at, Store.in_memory() as store, listening(at, store) as door:
        at.github.webhooks.repeat(times=8)
        at.github.webhooks.hold()
        for number in range(8):
            at.github.push(NAME, f"topic-{number}", {"a": str(number)})
        at.github.webhooks.release("shuffled", seed=3)
        at.github.webhooks.drain()
        assert sorted({reply.status for reply in door.replies}) == [200, 202]
        pushed = [one for one in store.deliveries().waiting() if one.event == "push"]
        assert sorted(fact.branch for one in pushed for fact in one.facts if isinstance(fact, Pushed)) == [
            f"topic-{number}" for number in range(8)
        ]


def test_a_webhook_with_another_secret_leaves_no_trace() -> None:
    with desk() as at, Store.in_memory() as store, listening(at, store) as door:
        at.github.webhook_secret = "guessed"
        at.github.push(NAME, "topic", {"a": "1"})
        at.github.webhooks.drain()
        assert {reply.status for reply in door.replies} == {401}
        assert store.deliveries().waiting() == ()
        assert store.deliveries().counts() == {}
