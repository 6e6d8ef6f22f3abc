from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.github.probe import SHOP, Probe, probing

DJANGO = "freshline/pypi/django"


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def actions(probe: Probe, event: str = "pull_request") -> list[str | None]:
    return [d.action for d in probe.github.deliveries if d.event == event]


def test_opening_and_reading(probe: Probe) -> None:
    made = probe.pull()
    assert (made["number"], made["state"], made["mergeable"], made["merged"]) == (1, "open", None, False)
    assert (made["commits"], made["changed_files"], made["additions"], made["deletions"]) == (1, 1, 1, 1)
    assert made["user"]["login"] == "freshline[bot]"
    assert made["head"]["sha"] == probe.github.head(SHOP, DJANGO)
    assert [one["number"] for one in probe.get(f"pulls?head=acme:{DJANGO}&base=main")] == [1]
    assert probe.get("pulls?head=acme:other") == []
    assert probe.get("pulls?state=closed") == []
    assert [one["filename"] for one in probe.get("pulls/1/files")] == ["pyproject.toml"]
    assert [one["sha"] for one in probe.get("pulls/1/commits")] == [made["head"]["sha"]]
    assert [one["number"] for one in probe.get(f"commits/{made['head']['sha']}/pulls")] == [1]
    assert probe.get("issues/1")["pull_request"]["merged_at"] is None
    probe.get("pulls/2", status=404)


def test_mergeability_is_unknown_until_it_was_asked_for(probe: Probe) -> None:
    probe.pull()
    first, second = probe.get("pulls/1"), probe.get("pulls/1")
    assert (first["mergeable"], first["mergeable_state"]) == (None, "unknown")
    assert (second["mergeable"], second["mergeable_state"]) == (True, "clean")
    probe.github.push(SHOP, "main", {"other": "1"})
    assert probe.get("pulls/1")["mergeable"] is None
    probe.github.push(SHOP, "main", {"pyproject.toml": "[project]\n"})
    assert probe.github.mergeable(SHOP, 1) == "dirty"
    assert probe.put("pulls/1/merge", {}, status=405)["message"] == "Pull Request is not mergeable"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"head": DJANGO},
            [
                {
                    "resource": "PullRequest",
                    "code": "custom",
                    "message": f"A pull request already exists for acme:{DJANGO}.",
                }
            ],
        ),
        (
            {"head": "same"},
            [{"resource": "PullRequest", "code": "custom", "message": "No commits between main and same"}],
        ),
        ({"head": "none"}, [{"resource": "PullRequest", "field": "head", "code": "invalid"}]),
        ({"head": DJANGO, "base": "none"}, [{"resource": "PullRequest", "field": "base", "code": "invalid"}]),
    ],
)
def test_pull_requests_that_cannot_be_opened(probe: Probe, body: dict[str, str], errors: list[dict[str, str]]) -> None:
    probe.pull()
    probe.post("git/refs", {"ref": "refs/heads/same", "sha": probe.github.head(SHOP)})
    answer = probe.post("pulls", {"title": "x", "base": "main", **body}, status=422)
    assert (answer["message"], answer["errors"]) == ("Validation Failed", errors)


def test_editing_closing_and_reopening(probe: Probe) -> None:
    probe.pull()
    assert probe.patch("pulls/1", {"title": "New", "body": "b", "maintainer_can_modify": True})["title"] == "New"
    assert probe.patch("pulls/1", {"state": "closed"})["closed_at"]
    assert probe.patch("pulls/1", {"state": "open"})["closed_at"] is None
    probe.patch("pulls/1", {"state": "closed"})
    probe.delete(f"git/refs/heads/{DJANGO}")
    refused = probe.patch("pulls/1", {"state": "open"}, status=422)
    assert refused["errors"][0]["message"] == f"state cannot be changed. The {DJANGO} branch has been deleted."
    assert actions(probe) == ["opened", "edited", "closed", "reopened", "closed"]


def test_a_branch_that_was_rewritten_cannot_be_reopened(probe: Probe) -> None:
    probe.pull()
    probe.github.close_pull(SHOP, 1)
    probe.github.rewrite(SHOP, DJANGO, {"x": "1"})
    assert "force-pushed" in probe.patch("pulls/1", {"state": "open"}, status=422)["errors"][0]["message"]


def test_another_base(probe: Probe) -> None:
    probe.github.push(SHOP, "next", {"next": "1"})
    probe.pull()
    assert probe.patch("pulls/1", {"base": "next"})["base"]["ref"] == "next"
    probe.patch("pulls/1", {"base": "none"}, status=422)
    assert probe.github.told("pull_request", "edited")[0]["changes"]["base"]["ref"] == {"from": "main"}


def test_pushing_to_the_head_synchronizes(probe: Probe) -> None:
    before = probe.pull()["head"]["sha"]
    after = probe.github.push(SHOP, DJANGO, {"more": "1"}, author="ann")
    told = probe.github.told("pull_request", "synchronize")[0]
    assert (told["before"], told["after"], told["sender"]["login"]) == (before, after, "ann")
    assert probe.get("pulls/1")["head"]["sha"] == after


def test_a_head_without_commits_of_its_own_is_closed(probe: Probe) -> None:
    probe.pull()
    probe.github.force_push(SHOP, DJANGO, str(probe.github.head(SHOP)))
    assert probe.get("pulls/1")["state"] == "closed"
    assert actions(probe) == ["opened", "synchronize", "closed"]


def test_deleting_either_branch_closes(probe: Probe) -> None:
    probe.github.push(SHOP, "next", {"next": "1"})
    probe.pull()
    probe.github.push(SHOP, "other", {"o": "1"})
    probe.github.open_pull(SHOP, "other", base="next")
    probe.github.delete_branch(SHOP, DJANGO)
    probe.github.delete_branch(SHOP, "next")
    assert [p.issue.state for p in probe.github.pulls(SHOP)] == ["closed", "closed"]


def test_a_head_pushed_to_the_base_counts_as_merged(probe: Probe) -> None:
    head = probe.pull()["head"]["sha"]
    probe.github.force_push(SHOP, "main", head)
    told = probe.get("pulls/1")
    assert (told["merged"], told["merge_commit_sha"], told["commits"]) == (True, head, 1)


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_merging(probe: Probe, method: str, parents: int) -> None:
    head = probe.pull()["head"]["sha"]
    probe.github.push(SHOP, "main", {"other": "1"})
    base = probe.github.head(SHOP)
    told = probe.put("pulls/1/merge", {"merge_method": method, "sha": head})
    assert told["merged"] is True
    commit = probe.get(f"git/commits/{told['sha']}")
    assert len(commit["parents"]) == parents
    assert commit["parents"][0]["sha"] == base
    assert commit["committer"]["name"] == "GitHub"
    expected = {
        "merge": f"Merge pull request #1 from acme/{DJANGO}\n\nBump",
        "squash": "Bump (#1)",
        "rebase": "feat: change",
    }
    assert commit["message"] == expected[method]
    assert probe.github.files(SHOP)["pyproject.toml"].decode() == '[project]\ndependencies = ["django==5.0"]\n'
    merged = probe.get("pulls/1")
    assert (merged["merged"], merged["merged_by"]["login"], merged["state"]) == (True, "freshline[bot]", "closed")
    assert [one["filename"] for one in probe.get("pulls/1/files")] == ["pyproject.toml"]
    probe.get("pulls/1/merge", status=204)
    assert [one["number"] for one in probe.get(f"commits/{told['sha']}/pulls")] == [1]
    assert probe.put("pulls/1/merge", {}, status=405)["message"] == "Pull Request is not mergeable"
    assert probe.patch("pulls/1", {"state": "open"}, status=422)["message"] == "Validation Failed"


def test_a_squash_of_several_commits_lists_them(probe: Probe) -> None:
    probe.pull()
    probe.github.push(SHOP, DJANGO, {"more": "1"}, message="fix: more")
    sha = probe.put("pulls/1/merge", {"merge_method": "squash", "commit_title": "T"})["sha"]
    assert probe.get(f"git/commits/{sha}")["message"] == "T\n\n* feat: change\n\n* fix: more"


def test_the_head_is_a_guard_of_the_merge(probe: Probe) -> None:
    old = probe.pull()["head"]["sha"]
    probe.github.push(SHOP, DJANGO, {"more": "1"}, author="ann")
    answer = probe.put("pulls/1/merge", {"sha": old}, status=409)
    assert answer["message"] == "Head branch was modified. Review and try the merge again."


def test_a_rebase_merge_that_conflicts_half_way_is_refused(probe: Probe) -> None:
    probe.github.push(SHOP, "side", {"README.md": "one\n"})
    probe.github.push(SHOP, "side", {"README.md": "# Shop\nmore\n"})
    probe.github.push(SHOP, "main", {"README.md": "# Shop\nmore\n"})
    probe.github.open_pull(SHOP, "side")
    answer = probe.put("pulls/1/merge", {"merge_method": "rebase"}, status=405)
    assert answer["message"] == "This branch can't be rebased due to conflicts"


def test_methods_that_are_off_drafts_and_deleted_heads(probe: Probe) -> None:
    probe.pull()
    r = probe.github.repository(SHOP)
    r.allow_merge_commit, r.delete_branch_on_merge = False, True
    assert probe.put("pulls/1/merge", {}, status=405)["message"] == "Merge merges are not allowed on this repository."
    r.pulls[0].draft = True
    assert (
        probe.put("pulls/1/merge", {"merge_method": "squash"}, status=405)["message"] == "Pull Request is still a draft"
    )
    assert probe.github.mergeable(SHOP, 1) == "draft"
    r.pulls[0].draft = False
    probe.put("pulls/1/merge", {"merge_method": "squash"})
    assert list(probe.github.branches(SHOP)) == ["main"]


def test_branch_protection_gates_the_merge(probe: Probe) -> None:
    head = probe.pull()["head"]["sha"]
    probe.github.protect(SHOP, checks=["build"], reviews=1, strict=True)
    probe.github.collaborator(SHOP, "ann")
    refused = probe.put("pulls/1/merge", {}, status=405)["message"]
    assert 'Required status check "build" is expected.' in refused
    assert "At least 1 approving review is required by reviewers with write access." in refused
    run = probe.github.check(SHOP, head, "build", None)
    assert 'Required status check "build" is in progress.' in probe.put("pulls/1/merge", {}, status=405)["message"]
    probe.github.finish_check(SHOP, run, "failure")
    assert 'Required status check "build" is failing.' in probe.put("pulls/1/merge", {}, status=405)["message"]
    probe.github.status(SHOP, head, "build")
    probe.github.check(SHOP, head, "build")
    assert probe.github.mergeable(SHOP, 1) == "blocked"
    probe.github.review(SHOP, 1, "CHANGES_REQUESTED", by="ann")
    assert "Changes have been requested" in probe.put("pulls/1/merge", {}, status=405)["message"]
    probe.github.review(SHOP, 1, by="ann")
    assert probe.github.mergeable(SHOP, 1) == "clean"
    probe.github.push(SHOP, "main", {"other": "1"})
    assert probe.github.mergeable(SHOP, 1) == "behind"
    assert "out of date" in probe.put("pulls/1/merge", {}, status=405)["message"]
    probe.put("pulls/1/update-branch", {"expected_head_sha": "1" * 40}, status=422)
    probe.put("pulls/1/update-branch", {"expected_head_sha": head}, status=202)
    probe.github.check(SHOP, str(probe.github.head(SHOP, DJANGO)), "build")
    probe.put("pulls/1/merge", {})


def test_rulesets_gate_the_merge_and_a_bypass_lets_the_app_through(probe: Probe) -> None:
    probe.pull()
    rule = probe.github.ruleset(SHOP, checks=["build"], reviews=2, forbid=["deletion"])
    told = probe.get("rules/branches/main")
    assert [one["type"] for one in told] == ["deletion", "required_status_checks", "pull_request"]
    assert probe.get("rules/branches/other") == []
    refused = probe.put("pulls/1/merge", {}, status=405)["message"]
    assert refused.startswith("Repository rule violations found")
    assert "At least 2 approving reviews are required" in refused
    assert probe.get("rulesets")[0]["current_user_can_bypass"] == "never"
    rule.bypass.append(probe.github.app.id)
    assert probe.get(f"rulesets/{rule.id}")["current_user_can_bypass"] == "pull_requests_only"
    probe.put("pulls/1/merge", {})


def test_checks_that_are_not_required_make_it_unstable(probe: Probe) -> None:
    head = probe.pull()["head"]["sha"]
    probe.github.status(SHOP, head, "lint", "failure")
    assert probe.github.mergeable(SHOP, 1) == "unstable"
    assert probe.github.merge_pull(SHOP, 1)


def test_reviews_and_reviewers(probe: Probe) -> None:
    probe.pull()
    probe.github.collaborator(SHOP, "ann")
    body = {"reviewers": ["ann"], "team_reviewers": ["platform"]}
    probe.post("pulls/1/requested_reviewers", body, 422)
    probe.github.repository(SHOP).teams.add("platform")
    asked = probe.post("pulls/1/requested_reviewers", body)
    assert [one["login"] for one in asked["requested_reviewers"]] == ["ann"]
    assert [one["slug"] for one in probe.get("pulls/1/requested_reviewers")["teams"]] == ["platform"]
    assert (
        "collaborators" in probe.post("pulls/1/requested_reviewers", {"reviewers": ["stranger"]}, status=422)["message"]
    )
    probe.delete("pulls/1/requested_reviewers", status=200, body={"reviewers": [], "team_reviewers": ["platform"]})
    probe.github.review(SHOP, 1, by="ann")
    assert probe.get("pulls/1/requested_reviewers") == {"users": [], "teams": []}
    assert probe.post("pulls/1/reviews", {"event": "APPROVE"}, status=422)["errors"] == [
        "Can not approve your own pull request"
    ]
    said = probe.post("pulls/1/reviews", {"event": "COMMENT", "body": "hm"}, status=200)
    assert [one["state"] for one in probe.get("pulls/1/reviews")] == ["APPROVED", "COMMENTED"]
    assert probe.put(f"pulls/1/reviews/{said['id']}/dismissals", {"message": "no"})["state"] == "DISMISSED"
    probe.put("pulls/1/reviews/99/dismissals", {"message": "no"}, status=404)
    assert actions(probe, "pull_request_review") == ["submitted", "submitted"]


def test_a_pull_request_from_a_fork(probe: Probe) -> None:
    probe.github.fork(SHOP, "eve")
    probe.github.push("eve/shop", "evil", {"pyproject.toml": "x\n"}, author="eve")
    pull = probe.github.open_pull(SHOP, "eve:evil", by="eve")
    told = probe.get(f"pulls/{pull.number}")
    assert (told["head"]["label"], told["head"]["repo"]["fork"]) == ("eve:evil", True)
    assert [one["filename"] for one in probe.get("pulls/1/files")] == ["pyproject.toml"]
    probe.github.push("eve/shop", "evil", {"README.md": "y\n"}, author="eve")
    assert probe.github.merge_pull(SHOP, 1)


def test_reverting_and_forcing(probe: Probe) -> None:
    probe.pull()
    probe.github.protect(SHOP, checks=["build"])
    probe.github.merge_pull(SHOP, 1, force=True)
    sha = probe.github.revert_pull(SHOP, 1)
    assert probe.get(f"git/commits/{sha}")["message"].startswith('Revert "Bump"')
    assert b"django==4.2" in probe.github.files(SHOP)["pyproject.toml"]


def test_the_merge_queue(probe: Probe) -> None:
    head = probe.pull()["head"]["sha"]
    probe.github.ruleset(SHOP, merge_queue=True, checks=["build"])
    probe.github.check(SHOP, head, "build")
    assert "merge queue" in probe.put("pulls/1/merge", {}, status=405)["message"]
    number = probe.graphql('query($o:String!){repository(owner:$o,name:"shop"){pullRequest(number:1){id}}}', o="acme")
    target = number["data"]["repository"]["pullRequest"]["id"]
    enqueue = "mutation($i:EnqueuePullRequestInput!){enqueuePullRequest(input:$i){mergeQueueEntry{position state}}}"
    refused = probe.graphql(enqueue, i={"pullRequestId": target, "expectedHeadOid": "1" * 40})
    assert refused["errors"][0]["type"] == "UNPROCESSABLE"
    told = probe.graphql(enqueue, i={"pullRequestId": target, "expectedHeadOid": head})
    assert told["data"]["enqueuePullRequest"]["mergeQueueEntry"]["position"] == 1
    group = probe.github.told("merge_group", "checks_requested")[0]["merge_group"]
    assert group["head_ref"].startswith("refs/heads/gh-readonly-queue/main/pr-1-")
    dequeue = "mutation($i:DequeuePullRequestInput!){dequeuePullRequest(input:$i){mergeQueueEntry{id}}}"
    assert "errors" not in probe.graphql(dequeue, i={"id": target})
    assert "errors" in probe.graphql(dequeue, i={"id": target})
    probe.graphql(enqueue, i={"pullRequestId": target})
    probe.github.finish_queue(SHOP, passes=False)
    assert probe.get("pulls/1")["state"] == "open"
    probe.graphql(enqueue, i={"pullRequestId": target})
    assert probe.github.finish_queue(SHOP).merged_at
    assert [one["reason"] for one in probe.github.told("pull_request", "dequeued")] == ["MANUAL", "CI_FAILURE", "MERGE"]
    assert not [name for name in probe.github.branches(SHOP) if "queue" in name]


def test_renaming_the_default_branch(probe: Probe) -> None:
    probe.pull()
    probe.github.rename_branch(SHOP, "main", "trunk")
    assert probe.get("")["default_branch"] == "trunk"
    assert probe.get("pulls/1")["base"]["ref"] == "trunk"
    probe.get("branches/main", status=404)
    assert probe.github.told("repository", "edited")[0]["changes"] == {"default_branch": {"from": "main"}}
