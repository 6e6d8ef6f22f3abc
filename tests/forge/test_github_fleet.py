"""A fleet on GitHub: what an installation reaches, where it stands, and what that costs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from bot import policy_file
from bot.forge.base import ForgeError
from bot.forge.github import GitHub
from bot.forge.github_client import Token
from bot.forge.github_errors import GitHubError
from bot.forge.github_fleet import Fleet, RepositoryHead, Watched
from bot.forge.github_graphql import UNREADABLE
from bot.http import MemoryCache
from tests.fakes.github.records import node_id
from tests.forge.github_desk import FILES, NAME, QUICK, Desk, desk, refused

POLICY = ".github/freshline.toml"


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


@pytest.fixture
def github(at: Desk) -> Iterator[GitHub]:
    made = GitHub(at.identity, at.github.api_url, QUICK)
    yield made
    made.close()


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache()


@pytest.fixture
def fleet(at: Desk, github: GitHub, cache: MemoryCache) -> Fleet:
    return github.fleet(at.identity.installations()[0], cache)


def asked(at: Desk) -> Counter[str]:
    """The requests since they were last forgotten: by kind, and ``free`` for the 304s."""
    return at.github.counts + Counter(free=sum(one.status == 304 for one in at.github.requests))


def node_of(at: Desk, name: str) -> str:
    return at.github.repository(name).node_id


# --- the list --------------------------------------------------------------------------------------


def test_what_the_installation_reaches(at: Desk, fleet: Fleet) -> None:
    at.github.create_repository("acme/old", FILES, archived=True)
    at.github.create_repository("acme/secret", private=True)
    at.github.create_repository("other/theirs", FILES)
    found = {one.full_name: one for one in fleet.repositories()}
    assert set(found) == {NAME, "acme/old", "acme/secret"}
    shop = found[NAME]
    assert (shop.node, shop.id) == (node_of(at, NAME), at.github.repository(NAME).id)
    assert shop.default_branch == "main"
    assert not any((shop.private, shop.archived, shop.disabled, shop.fork))
    assert found["acme/old"].archived
    assert found["acme/secret"].private
    assert fleet.installation == at.installation.id


def test_a_push_is_seen_in_the_list(at: Desk, fleet: Fleet) -> None:
    (before,) = fleet.repositories()
    assert before.pushed_at
    at.github.clock.advance(5)
    at.github.push(NAME, "main", {"a": "1"})
    (after,) = fleet.repositories()
    assert after.pushed_at > before.pushed_at


def test_a_thousand_repositories_that_stand_still_are_twelve_requests(at: Desk, github: GitHub) -> None:
    for n in range(999):
        at.github.create_repository(f"acme/r{n}")
    cache = MemoryCache()

    def discover(login: GitHub) -> int:
        return len(login.fleet(at.identity.installations()[0], cache).repositories())

    at.github.forget_requests()
    assert discover(github) == 1000
    assert asked(at) == Counter(read=11, token=1)
    at.github.forget_requests()
    left = at.github.limits.window(f"installation {at.installation.id}", "core").used
    assert discover(github) == 1000
    assert asked(at) == Counter(read=11, free=10)
    assert at.github.limits.window(f"installation {at.installation.id}", "core").used == left
    assert len(at.github.requests) <= 12
    at.github.create_repository("acme/new")
    at.github.forget_requests()
    assert discover(github) == 1001


def test_a_new_token_is_told_everything_again(at: Desk, fleet: Fleet) -> None:
    fleet.repositories()
    at.github.expire_tokens()
    at.github.forget_requests()
    assert len(fleet.repositories()) == 1
    assert [one.status for one in at.github.requests] == [401, 201, 200]


def test_a_list_that_changes_while_it_is_read_is_read_again(at: Desk, fleet: Fleet) -> None:
    for n in range(120):
        at.github.create_repository(f"acme/r{n:03}")
    first = fleet.repositories()[0].full_name
    # What stood first is taken away between the pages, so that another slides to the page read before.
    at.github.faults.call_before(2, lambda: at.github.delete_repository(first), path="installation/repositories")
    at.github.forget_requests()
    found = {one.full_name for one in fleet.repositories()}
    assert found - {first} == {r.full_name for r in at.github.world.live_repositories()}
    assert at.github.counts["read"] == 4


def test_a_list_without_end_is_refused(at: Desk, fleet: Fleet) -> None:
    at.github.faults.garble('{"total_count": 1000000000, "repositories": []}', path="installation/repositories")
    at.github.forget_requests()
    with pytest.raises(GitHubError) as error:
        fleet.repositories()
    refused(error, "reaches more than 50000 repositories", "acme", "Select fewer")
    assert at.github.counts["read"] == 1


def test_an_installation_that_is_suspended(at: Desk, fleet: Fleet, github: GitHub, cache: MemoryCache) -> None:
    fleet.repositories()
    at.github.suspend(at.installation)
    with pytest.raises(GitHubError) as error:
        fleet.repositories()
    refused(error, "The App is suspended: acme on GitHub", "Un-suspend it")
    assert error.value.status == 403
    again = github.fleet(at.identity.installations()[0], cache)
    at.github.forget_requests()
    with pytest.raises(GitHubError) as known:
        again.repositories()
    refused(known, "The App is suspended: acme on GitHub")
    assert at.github.requests == []


def test_an_installation_that_was_removed(at: Desk, fleet: Fleet) -> None:
    (shop,) = fleet.repositories()
    at.github.uninstall(at.installation)
    for ask in (fleet.repositories, lambda: fleet.heads([shop.node]), lambda: fleet.watched(["x"])):
        with pytest.raises(GitHubError) as error:
            ask()
        refused(error, "The App is not installed any more: acme on GitHub", "Install it again")
        assert error.value.status == 404


def test_a_plain_token_is_no_fleet(at: Desk, cache: MemoryCache) -> None:
    github = GitHub(Token("ghp_x"), at.github.api_url, QUICK)
    with pytest.raises(ForgeError) as error:
        github.fleet(at.identity.installations()[0], cache)
    refused(error, "github.token")


def test_a_failure_that_stays_is_raised_as_it_is(at: Desk, fleet: Fleet) -> None:
    at.github.faults.fail(500, times=50, path="installation/repositories")
    with pytest.raises(GitHubError) as error:
        fleet.repositories()
    refused(error, "GitHub failed (HTTP 500)")


# --- heads -----------------------------------------------------------------------------------------


def test_where_repositories_stand(at: Desk, fleet: Fleet) -> None:
    at.github.create_repository("acme/bare")
    at.github.create_repository("acme/old", {POLICY: "mode = 'observe'\n"}, archived=True, default_branch="trunk")
    nodes = [node_of(at, name) for name in (NAME, "acme/bare", "acme/old")]
    at.github.forget_requests()
    found = fleet.heads([*nodes, nodes[0]])
    assert list(found) == nodes
    assert at.github.counts == Counter(graphql=1, token=1)
    shop, bare, old = found.values()
    assert shop == RepositoryHead(nodes[0], NAME, "main", str(at.github.head(NAME, "main")))
    assert bare == RepositoryHead(nodes[1], "acme/bare", empty=True)
    assert old == RepositoryHead(
        nodes[2],
        "acme/old",
        "trunk",
        str(at.github.head("acme/old", "trunk")),
        policy=b"mode = 'observe'\n",
        archived=True,
    )


def test_what_is_gone_does_not_lose_the_others(at: Desk, fleet: Fleet) -> None:
    at.github.create_repository("acme/gone", FILES)
    at.github.create_repository("other/theirs", FILES, private=True)
    gone, theirs, shop = (node_of(at, name) for name in ("acme/gone", "other/theirs", NAME))
    at.github.delete_repository("acme/gone")
    person = node_id("U", at.github.world.account("maintainer").id)
    found = fleet.heads([gone, person, theirs, shop, "nonsense"])
    assert [one.gone for one in found.values()] == [True, True, True, False, True]
    assert found[gone] == RepositoryHead(gone, gone=True)
    assert found[shop].full_name == NAME


def test_a_renamed_repository_is_found(at: Desk, fleet: Fleet) -> None:
    node = node_of(at, NAME)
    at.github.rename_repository(NAME, "store")
    assert fleet.heads([node])[node].full_name == "acme/store"


@pytest.mark.parametrize("content", [b"\xfe\xff", b"# " + b"x" * 600_000, b"\0"])
def test_a_policy_that_can_not_be_read_is_not_taken_for_none(at: Desk, fleet: Fleet, content: bytes) -> None:
    at.github.push(NAME, "main", {POLICY: content})
    node = node_of(at, NAME)
    policy = fleet.heads([node])[node].policy
    assert policy == UNREADABLE
    with pytest.raises(policy_file.PolicyError):
        policy_file.parse(policy)


def test_a_folder_in_the_place_of_the_policy(at: Desk, fleet: Fleet) -> None:
    at.github.push(NAME, "main", {f"{POLICY}/file": "x"})
    node = node_of(at, NAME)
    assert fleet.heads([node])[node].policy == UNREADABLE


def test_many_are_asked_for_by_the_hundred(at: Desk, fleet: Fleet) -> None:
    nodes = [node_id("R", 10_000 + n) for n in range(250)]
    at.github.forget_requests()
    assert len(fleet.heads(nodes)) == 250
    assert at.github.counts == Counter(graphql=3, token=1)
    assert fleet.heads([]) == {}
    assert at.github.counts == Counter(graphql=3, token=1)


def test_a_slow_query_is_asked_in_halves(at: Desk, fleet: Fleet) -> None:
    nodes = [node_of(at, NAME), *(node_id("R", 10_000 + n) for n in range(7))]
    at.github.faults.fail(502, times=QUICK.attempts, operation="Heads")
    at.github.forget_requests()
    assert fleet.heads(nodes)[nodes[0]].full_name == NAME
    assert at.github.counts["graphql"] == QUICK.attempts + 2
    at.github.faults.fail(502, times=100, operation="Heads")
    with pytest.raises(GitHubError) as error:
        fleet.heads(nodes)
    refused(error, "GitHub failed (HTTP 502)")


def test_a_query_that_asks_too_much_is_asked_in_halves(at: Desk, fleet: Fleet) -> None:
    error = '{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}'
    at.github.faults.garble(f'{{"data": null, "errors": [{error}]}}', operation="Heads")
    nodes = [node_id("R", 10_000), node_of(at, NAME)]
    at.github.forget_requests()
    assert [one.gone for one in fleet.heads(nodes).values()] == [True, False]
    assert at.github.counts["graphql"] == 3


def test_an_answer_with_other_nodes_than_were_asked_for(at: Desk, fleet: Fleet) -> None:
    at.github.faults.garble('{"data": {"nodes": []}}', operation="Heads", times=10)
    with pytest.raises(GitHubError) as error:
        fleet.heads([node_of(at, NAME)])
    refused(error, "GitHub's answer can't be used")


@pytest.mark.parametrize(
    "node",
    [
        '{"nameWithOwner": "acme/../shop"}',
        '{"nameWithOwner": "acme/shop", "defaultBranchRef": {"name": "main", "target": {"oid": "HEAD"}}}',
    ],
)
def test_an_answer_that_can_not_be_true(at: Desk, fleet: Fleet, node: str) -> None:
    at.github.faults.garble(f'{{"data": {{"nodes": [{node}]}}}}', operation="Heads")
    with pytest.raises(ForgeError):
        fleet.heads([node_of(at, NAME)])


def test_a_part_that_is_forbidden_is_not_taken_for_what_is_not_there(at: Desk, fleet: Fleet) -> None:
    shop = node_of(at, NAME)
    nodes = f'{{"data": {{"nodes": [{", ".join(["{}"] * 3)}]}}, "errors": [%s]}}'
    told = nodes.replace("{}", '{"nameWithOwner": "acme/shop"}')
    errors = ", ".join(
        f'{{"type": "FORBIDDEN", "message": "no", "path": ["nodes", {n}, "{field}"]}}'
        for n, field in ((0, "policy"), (1, "defaultBranchRef"))
    )
    at.github.faults.garble(told % errors, operation="Heads")
    first, second, third = fleet.heads([shop, "b", "c"]).values()
    assert first.policy == UNREADABLE
    assert second.gone
    assert (third.policy, third.gone) == (None, False)


# --- pull requests and issues ----------------------------------------------------------------------


def test_what_happened_to_pull_requests_and_issues(at: Desk, fleet: Fleet) -> None:
    at.github.push(NAME, "topic", {"a": "1"})
    pull = at.github.open_pull(NAME, "topic")
    issue = at.github.open_issue(NAME, "Dashboard")
    nodes = [node_id("PR", pull.id), node_id("I", issue.id)]
    at.github.forget_requests()
    before = fleet.watched([nodes[0], "nonsense", node_of(at, NAME), nodes[1]])
    assert at.github.counts == Counter(graphql=1, token=1)
    assert before == {node: Watched(node, before[node].updated_at, open=True) for node in nodes}
    at.github.clock.advance(5)
    at.github.comment(NAME, pull.number, "/freshline help")
    after = fleet.watched(nodes)
    assert after[nodes[0]].updated_at > before[nodes[0]].updated_at
    assert after[nodes[1]] == before[nodes[1]]
    at.github.close_pull(NAME, pull.number)
    at.github.edit(NAME, issue.number, state="closed")
    assert [one.open for one in fleet.watched(nodes).values()] == [False, False]


def test_what_may_not_be_seen_is_left_out(at: Desk, fleet: Fleet) -> None:
    moved = '{"updatedAt": "2026-09-01T12:30:00Z", "pull": "OPEN"}'
    error = '{"type": "FORBIDDEN", "message": "no", "path": ["nodes", 0, "pull"]}'
    at.github.faults.garble(f'{{"data": {{"nodes": [{moved}, {moved}]}}, "errors": [{error}]}}', operation="Watched")
    assert list(fleet.watched(["a", "b"])) == ["b"]
    at.github.faults.garble('{"data": {"nodes": [{"updatedAt": "soon"}]}}', operation="Watched")
    with pytest.raises(GitHubError) as refusal:
        fleet.watched(["a"])
    refused(refusal, "can't be understood")


def test_watching_without_the_right_to_read_issues(at: Desk, github: GitHub, cache: MemoryCache) -> None:
    at.github.permit(at.installation, {"contents": "read", "pull_requests": "read"})
    fleet = github.fleet(at.identity.installations()[0], cache)
    assert fleet.watched(["nonsense"]) == {}


# --- the policy of the house -----------------------------------------------------------------------


def test_the_policy_of_the_house(at: Desk) -> None:
    assert at.forge().house_policy is None
    at.github.create_repository("acme/.github", {"README.md": "words"})
    assert at.forge().house_policy is None
    at.github.push("acme/.github", "main", {POLICY: "mode = 'observe'\n"})
    at.github.forget_requests()
    forge = at.forge()
    forge.snapshot()
    before = len(at.github.requests)
    assert forge.house_policy == b"mode = 'observe'\n"
    assert len(at.github.requests) == before
    at.github.push("acme/.github", "main", {POLICY: b"\0"})
    assert at.forge().house_policy == UNREADABLE


def test_a_policy_of_the_house_that_is_forbidden_is_not_taken_for_none(at: Desk) -> None:
    commit = str(at.github.head(NAME))
    target = {"oid": commit, "tree": {"oid": commit}, "history": {"nodes": []}}
    repository = {
        "id": node_of(at, NAME),
        "nameWithOwner": NAME,
        "defaultBranchRef": {"name": "main", "target": target},
        "refs": {"pageInfo": {"hasNextPage": False}, "nodes": []},
        "pullRequests": {"nodes": []},
    }
    data = {"viewer": {"login": "freshline[bot]"}, "house": {"object": None}, "repository": repository}
    error = {"type": "FORBIDDEN", "message": "Resource not accessible by integration", "path": ["house", "object"]}
    at.github.faults.garble(json.dumps({"data": data, "errors": [error]}), operation="Overview")
    assert at.forge().house_policy == UNREADABLE
