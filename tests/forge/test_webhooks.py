from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.events import (
    Change,
    ChecksChanged,
    CommentWritten,
    DeploymentChanged,
    Event,
    InstallationChanged,
    IssueChanged,
    MergeGroupChanged,
    Place,
    PullRequestChanged,
    Pushed,
    Released,
    RepositoryChanged,
)
from bot.forge.webhooks import (
    EVENTS,
    MAX_BODY,
    MAX_COMMENT,
    WebhookError,
    fleet_of,
    installation_of,
    read,
    signed,
)
from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.webhooks import sign

MANIFEST = Path(__file__).parents[2] / "config" / "github-app-manifest.json"
ALWAYS_SENT = {"installation", "installation_repositories"}
"""What every App is told without asking for it."""
SHA = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
SHOP = {"full_name": "acme/shop", "default_branch": "main"}
HERE = {"repository": SHOP, "installation": {"id": 7}}
PLACE = Place(7, "acme/shop")
OWN = {"number": 3, "head": {"ref": "freshline/npm/vite", "repo": SHOP}}

NOTHING = {
    "check_run requested_action": "a button, and the bot shows none",
    "check_suite requested": "nothing has run; each check tells by itself",
    "check_suite rerequested": "nothing has run; each check tells by itself",
    "issue_comment created": "no command to the bot",
    "issue_comment deleted": "what was said was read when it was written",
    "issue_comment edited": "what was said was read when it was written",
    "issues assigned": "the dashboard is nobody's in particular",
    "issues demilestoned": "nothing that the bot looks at",
    "issues labeled": "nothing that the bot looks at",
    "issues locked": "nothing that the bot looks at",
    "issues milestoned": "nothing that the bot looks at",
    "issues opened": "the bot opens its dashboard itself",
    "issues pinned": "nothing that the bot looks at",
    "issues unassigned": "the dashboard is nobody's in particular",
    "issues unlabeled": "nothing that the bot looks at",
    "issues unlocked": "nothing that the bot looks at",
    "issues unpinned": "nothing that the bot looks at",
    "pull_request assigned": "who is asked is for people",
    "pull_request locked": "nothing that the bot looks at",
    "pull_request review_request_removed": "who is asked is for people",
    "pull_request review_requested": "who is asked is for people",
    "pull_request unassigned": "who is asked is for people",
    "pull_request unlocked": "nothing that the bot looks at",
    "push": "a tag",
    "release created": "a draft, or told again as published",
    "release deleted": "registries tell what is gone",
    "release edited": "the version is what it was",
    "release prereleased": "told again as published",
}
"""The examples that tell nothing, and why."""
REFUSED: dict[str, str] = {}
"""The examples that can't be read, and why: none."""


def body(**told: object) -> bytes:
    return json.dumps({**HERE, **told}).encode()


def pull(action: str) -> PullRequestChanged:
    return PullRequestChanged(PLACE, 3, "freshline/npm/vite", action)


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in specs.webhook_examples():
        for told in kind["examples"]:
            yield kind["name"], told


def what(event: str, told: dict[str, Any]) -> str:
    return f"{event} {told.get('action', '')}".strip()


# --- GitHub's own examples ---------------------------------------------------------------------------


def test_every_example_of_github_s_is_facts_or_nothing_for_a_reason() -> None:
    need("github specs", specs.why_not())
    refused, empty = set(), set()
    kinds: Counter[str] = Counter()
    for event, told in examples():
        if event not in EVENTS:
            continue
        try:
            facts = read(event, json.dumps(told).encode())
        except WebhookError:
            refused.add(what(event, told))
            continue
        assert facts is not None
        if not facts:
            empty.add(what(event, told))
        kinds.update(type(one).__name__ for one in facts)
    assert refused == set(REFUSED)
    assert empty == set(NOTHING)
    assert kinds == {
        "ChecksChanged": 16,
        "DeploymentChanged": 8,
        "InstallationChanged": 7,
        "IssueChanged": 6,
        "MergeGroupChanged": 2,
        "PullRequestChanged": 23,
        "Pushed": 2,
        "Released": 4,
        "RepositoryChanged": 16,
    }


def test_every_event_has_examples_and_every_other_is_not_listened_to() -> None:
    need("github specs", specs.why_not())
    named = {event for event, _ in examples()}
    assert named > EVENTS
    others = [(event, told) for event, told in examples() if event not in EVENTS]
    assert len(others) > 100
    for event, told in others:
        assert read(event, json.dumps(told).encode()) is None
        told_id = (told.get("installation") or {}).get("id")
        assert installation_of(json.dumps(told).encode()) == told_id


def test_the_examples_say_where_they_happened() -> None:
    need("github specs", specs.why_not())
    for event, told in examples():
        raw = json.dumps(told).encode()
        for fact in read(event, raw) or ():
            if isinstance(fact, InstallationChanged):
                assert fact.installation == told["installation"]["id"]
                continue
            assert fact.place.installation == (installation_of(raw) or 0)
            assert fact.place.repository in json.dumps(told)


def test_what_the_app_asks_for_is_what_the_bot_reads() -> None:
    assert {*json.loads(MANIFEST.read_text())["default_events"], *ALWAYS_SENT} == EVENTS


# --- facts -------------------------------------------------------------------------------------------

BRANCH = {"ref": "refs/heads/topic/a", "after": SHA}
HEAD = {"head_sha": SHA}
GIVEN = {"repositories_added": [{"full_name": "acme/a"}, {"full_name": "acme/b"}]}
TAKEN = {"repositories_removed": [{"full_name": "acme/c"}]}
COMMENT = {"id": 9, "user": {"login": "ann"}, "body": "/freshline rebase"}
DEPLOYED = {"sha": SHA, "environment": "prod"}

CASES: list[tuple[str, dict[str, object], tuple[Event, ...]]] = [
    ("push", {**BRANCH}, (Pushed(PLACE, "topic/a", SHA, False),)),
    ("push", {**BRANCH, "ref": "refs/heads/main"}, (Pushed(PLACE, "main", SHA, True),)),
    ("push", {**BRANCH, "deleted": True, "after": "0" * 40}, (Pushed(PLACE, "topic/a", None, False),)),
    ("push", {**BRANCH, "after": "a" * 64}, (Pushed(PLACE, "topic/a", "a" * 64, False),)),
    ("push", {**BRANCH, "ref": "refs/tags/v1"}, ()),
    ("pull_request", {"pull_request": OWN, "action": "synchronize"}, (pull("synchronize"),)),
    ("pull_request_review", {"pull_request": OWN, "action": "submitted"}, (pull("reviewed"),)),
    ("pull_request_review", {"pull_request": OWN, "action": "dismissed"}, (pull("reviewed"),)),
    ("pull_request_review", {"pull_request": OWN, "action": "edited"}, ()),
    ("pull_request", {"pull_request": OWN, "action": "milestoned"}, ()),
    ("issues", {"issue": {"number": 1}, "action": "edited"}, (IssueChanged(PLACE, 1, "edited"),)),
    ("check_run", {"check_run": HEAD, "action": "completed"}, (ChecksChanged(PLACE, SHA),)),
    ("check_suite", {"check_suite": HEAD, "action": "completed"}, (ChecksChanged(PLACE, SHA),)),
    ("status", {"sha": SHA, "state": "failure"}, (ChecksChanged(PLACE, SHA),)),
    ("merge_group", {"merge_group": HEAD, "action": "checks_requested"}, (MergeGroupChanged(PLACE, SHA, True),)),
    ("merge_group", {"merge_group": HEAD, "action": "destroyed"}, (MergeGroupChanged(PLACE, SHA, False),)),
    ("merge_group", {"merge_group": HEAD, "action": "new one"}, ()),
    ("deployment", {"deployment": DEPLOYED}, (DeploymentChanged(PLACE, SHA, "prod", ""),)),
    (
        "deployment_status",
        {"deployment": DEPLOYED, "deployment_status": {"state": "failure"}},
        (DeploymentChanged(PLACE, SHA, "prod", "failure"),),
    ),
    ("release", {"release": {"tag_name": "v1"}, "action": "published"}, (Released(PLACE, "v1"),)),
    ("repository", {"action": "deleted"}, (RepositoryChanged(PLACE, Change.REMOVED),)),
    ("repository", {"action": "renamed"}, (RepositoryChanged(PLACE, Change.RENAMED),)),
    ("repository", {"action": "archived"}, (RepositoryChanged(PLACE, Change.ALTERED),)),
    ("repository", {"action": "new one"}, ()),
    (
        "installation_repositories",
        {**GIVEN, **TAKEN},
        (
            RepositoryChanged(Place(7, "acme/a"), Change.ADDED),
            RepositoryChanged(Place(7, "acme/b"), Change.ADDED),
            RepositoryChanged(Place(7, "acme/c"), Change.REMOVED),
        ),
    ),
    ("issue_comment", {"issue": {"number": 3}, "comment": COMMENT, "action": "edited"}, ()),
]


@pytest.mark.parametrize(("event", "told", "facts"), CASES)
def test_what_each_event_tells(event: str, told: dict[str, object], facts: tuple[Event, ...]) -> None:
    assert read(event, body(**told)) == facts


def test_the_cases_know_every_event_and_fact() -> None:
    assert {event for event, _, _ in CASES} | {"installation"} == EVENTS
    told = {type(one) for _, _, facts in CASES for one in facts}
    assert told | {InstallationChanged, CommentWritten} == set(get_args(Event))


@pytest.mark.parametrize(
    ("account", "called"), [({"login": "acme"}, "acme"), ({"slug": "big", "name": "Big"}, "big"), (None, "")]
)
def test_an_installation_s_account_may_be_an_enterprise_or_unknown(account: object, called: str) -> None:
    told = json.dumps({"action": "suspend", "installation": {"id": 7, "account": account}}).encode()
    assert read("installation", told) == (InstallationChanged(7, called, Change.SUSPENDED),)
    assert read("installation", told.replace(b"suspend", b"something")) == ()


@pytest.mark.parametrize("repo", [None, {"full_name": "mallory/shop"}])
def test_a_pull_request_from_a_fork_is_nobody_s_whatever_its_branch_is_called(repo: object) -> None:
    told = body(pull_request={**OWN, "head": {"ref": "freshline/npm/vite", "repo": repo}}, action="opened")
    assert read("pull_request", told) == ()
    assert read("pull_request_review", told.replace(b"opened", b"submitted")) == ()


def test_the_case_of_a_name_makes_no_fork() -> None:
    told = body(pull_request={**OWN, "head": {"ref": "x", "repo": {"full_name": "ACME/Shop"}}}, action="opened")
    assert read("pull_request", told) == (PullRequestChanged(PLACE, 3, "x", "opened"),)


def comment(text: str | None, user: object) -> tuple[Event, ...] | None:
    told = {"id": 2**40, "user": user, "body": text}
    return read("issue_comment", body(issue={"number": 3}, comment=told, action="created"))


def test_only_comments_for_the_bot_are_kept() -> None:
    ann = {"login": "ann"}
    assert comment("/Freshline rebase", ann) == (CommentWritten(PLACE, 3, 2**40, "ann", "/Freshline rebase"),)
    assert comment("/freshline", None) == (CommentWritten(PLACE, 3, 2**40, "", "/freshline"),)
    for text in ("we should /freshline rebase", "> /freshline rebase", "/freshlines", "", None):
        assert comment(text, ann) == ()
    (long,) = comment("/freshline help\n" + "x" * 50_000, ann) or ()
    assert isinstance(long, CommentWritten)
    assert len(long.body) == MAX_COMMENT


def test_the_fleet_is_the_installation() -> None:
    assert fleet_of(installation_of(body())) == "github:7"
    assert fleet_of(installation_of(b'{"zen": "Keep it logically awesome."}')) == "github"
    assert read("status", json.dumps({"repository": SHOP, "sha": SHA}).encode()) == (
        ChecksChanged(Place(0, "acme/shop"), SHA),
    )


# --- what can't be read ------------------------------------------------------------------------------

BAD: dict[str, tuple[str, bytes, str]] = {
    "a form": ("push", b"payload=%7B%7D", "application/json"),
    "no JSON": ("push", b"{", "no JSON"),
    "nothing": ("push", b"", "no JSON"),
    "no UTF-8": ("issues", b'{"action": "\xff"}', "no JSON"),
    "half a character": ("issues", b'{"action": "\\ud800"}', "no JSON"),
    "a list": ("push", b"[]", "Expected `object`"),
    "no repository": ("status", json.dumps({"sha": SHA}).encode(), "`repository`"),
    "nested": ("status", b'{"x":' + b"[" * 200_000, "nested too deeply"),
    "a name that climbs": ("status", body(sha=SHA, repository={"full_name": "../x"}), "full_name"),
    "a name with a newline": ("status", body(sha=SHA, repository={"full_name": "a/b\n"}), "full_name"),
    "no commit": ("status", body(sha="HEAD"), "sha"),
    "a commit with a newline": ("status", body(sha=SHA + "\n"), "sha"),
    "a huge number": ("issues", body(issue={"number": 2**63}), "number"),
    "a number below one": ("issues", body(issue={"number": 0}), "number"),
    "no number": ("issues", body(issue={"number": True}), "number"),
    "a long branch": ("push", body(ref="refs/heads/" + "x" * 1000, after=SHA), "ref"),
    "an odd installation": ("status", body(sha=SHA, installation=[]), "installation"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_can_not_be_read_is_refused_with_a_reason(kind: str) -> None:
    event, raw, word = BAD[kind]
    with pytest.raises(WebhookError) as error:
        read(event, raw)
    assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.what_next


def test_what_is_larger_than_github_sends_is_not_looked_at() -> None:
    with pytest.raises(WebhookError, match="larger than 25 MiB"):
        read("push", b" " * (MAX_BODY + 1))
    assert read("repository", b" " * (MAX_BODY - 200) + body(action="edited")) is not None


def test_a_reason_never_quotes_what_was_sent() -> None:
    told = body(sha="hunter2", action=["hunter2"], repository={"full_name": "hunter2 hunter2", "hunter2": 1})
    for event in EVENTS:
        with pytest.raises(WebhookError) as error:
            read(event, told.replace(b'"installation"', b'"hunter2"'))
        assert "hunter2" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(EVENTS)), st.binary() | JSON.map(lambda one: json.dumps(one).encode()))
@example("push", b"payload=")
def test_nothing_but_its_own_error_comes_out(event: str, raw: bytes) -> None:
    facts_of(event, raw)


PARTS = sorted({key for _, told, _ in CASES for key in told} | {"action", "repository", "installation"})


@given(st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(PARTS), JSON, max_size=3), st.integers(0, 99))
def test_parts_that_are_something_else_are_no_crash(event: str, odd: dict[str, object], seed: int) -> None:
    fitting = [told for kind, told, _ in CASES if kind == event] or [{"action": "created"}]
    facts_of(event, body(**{**fitting[seed % len(fitting)], **odd}))


def facts_of(event: str, raw: bytes) -> None:
    try:
        facts = read(event, raw)
    except WebhookError as error:
        assert str(error)  # noqa: PT017 - either answer is right, and each is checked
        return
    assert isinstance(facts, tuple)
    assert all(isinstance(one, get_args(Event)) for one in facts)


# --- signatures --------------------------------------------------------------------------------------


def test_a_signature_is_the_secret_s_over_the_body_as_it_came() -> None:
    # The example of GitHub's documentation.
    right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signed("It's a Secret to Everybody", b"Hello, World!", right)
    assert not signed("It's a Secret to Everybody", b"Hello, World!\n", right)
    assert not signed("another", b"Hello, World!", right)


@pytest.mark.parametrize("said", ["", "sha256=", "sha1=x", "é", "\udcff", "sha256=" + "0" * 64])
def test_what_is_no_signature_signs_nothing(said: str) -> None:
    assert not signed("hush", b"{}", said)


def test_the_old_signature_and_another_spelling_are_not_taken() -> None:
    sha1 = "sha1=" + hmac.new(b"hush", b"{}", hashlib.sha1).hexdigest()
    assert not signed("hush", b"{}", sha1)
    right = sign("hush", b"{}")
    assert signed("hush", b"{}", right)
    assert not signed("hush", b"{}", right.upper())
    assert not signed("hush", b"{}", right.removeprefix("sha256="))


def test_an_empty_secret_signs_nothing() -> None:
    assert not signed("", b"{}", sign("", b"{}"))


@given(st.text(), st.binary(), st.text())
def test_only_the_right_signature_is_taken(secret: str, raw: bytes, said: str) -> None:
    right = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    assert signed(secret, raw, right) == bool(secret)
    assert signed(secret, raw, said) == (bool(secret) and said == right)
