from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.forge.base import Author, Deleted, ForgeError, NewCommit, Pushed, RefusalReason
from bot.forge.dry_run import DryRunForge
from bot.forge.github import GitHub
from bot.forge.github_errors import GitHubError
from tests.fakes.github.world import Special, link_to, submodule
from tests.forge.github_desk import (
    AT,
    BOT,
    BRANCH,
    MESSAGE,
    NAME,
    QUICK,
    Desk,
    desk,
    django,
    head,
    new,
    reason,
    refused,
)

WORKFLOW = ".github/workflows/ci.yml"


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


def someone_pushes(at: Desk) -> None:
    at.github.push(NAME, BRANCH, {"x": "1"})


# --- a new branch ----------------------------------------------------------------------------------


def test_a_proposal_is_three_writes_and_a_commit_that_github_signs(at: Desk) -> None:
    forge = at.forge()
    base = forge.snapshot()
    at.github.forget_requests()
    pushed = forge.propose(BRANCH, django(forge), None)
    assert at.counts() == {"reads": 0, "writes": 3}
    repository = at.github.repository(NAME)
    commit = repository.git.known_commit(head(pushed))
    assert repository.branch(BRANCH) == head(pushed)
    assert (list(commit.parents), commit.author.name) == ([base.commit], "freshline[bot]")
    assert head(pushed) in repository.signed
    assert commit.message == MESSAGE.rstrip("\n")
    before = at.github.files(NAME)
    assert at.github.files(NAME, head(pushed)) == {**before, "pyproject.toml": b"django==5.2\n"}
    assert forge.branches() == at.forge().branches()


def test_a_plain_token_names_the_author(at: Desk) -> None:
    token = at.github.personal_token()
    forge = at.forge(token=token)
    pushed = head(forge.propose(BRANCH, django(forge), None))
    commit = at.github.repository(NAME).git.known_commit(pushed)
    assert (commit.author.name, commit.author.email, commit.author.at) == (BOT.name, BOT.email, AT)
    assert commit.committer == commit.author
    other = at.forge(token=token)
    assert other.propose(BRANCH, replace(django(other), at=AT + timedelta(days=1)), None) == Pushed(
        pushed, changed=False
    )
    someone = replace(django(other), author=Author("Other", "other@bots.example"))
    assert isinstance(other.propose(BRANCH, someone, pushed), Pushed)
    assert at.github.head(NAME, BRANCH) != pushed


def test_modes_stay_and_new_files_are_plain(at: Desk) -> None:
    at.github.push(NAME, "main", {"run.sh": Special("#!/bin/sh\n"), "a/b/c.txt": "c"})
    forge = at.forge()
    files = {
        "run.sh": b"#!/bin/bash\n",
        "a/b/d/new.bin": b"\xff\xfe",
        "a/z": b"z",
        "nul": b"x\0",
        "\u00e9 &?#.txt": b"\xc3\xa9",
    }
    pushed = head(forge.propose(BRANCH, new(forge.snapshot().commit, files), None))
    assert {path: at.github.files(NAME, pushed)[path] for path in files} == files
    modes = {entry.path: entry.mode for entry in at.forge().snapshot(BRANCH).entries()}
    assert (modes["run.sh"], modes["a/z"]) == (0o100755, 0o100644)


def test_text_that_is_too_much_for_one_request_goes_file_by_file(at: Desk) -> None:
    forge = at.forge()
    files = {f"f{n}": bytes([65 + n]) * 2_500_000 for n in range(3)}
    pushed = head(forge.propose(BRANCH, new(forge.snapshot().commit, files), None))
    assert at.github.files(NAME, pushed)["f2"] == files["f2"]
    assert at.counts()["writes"] == 5


def test_the_same_again_writes_nothing(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    pushed = head(forge.propose(BRANCH, commit, None))
    at.github.forget_requests()
    assert forge.propose(BRANCH, commit, None) == Pushed(pushed, changed=False)
    fresh = at.forge()
    assert fresh.propose(BRANCH, django(fresh), pushed) == Pushed(pushed, changed=False)
    assert at.counts() == {"reads": 2, "writes": 0}


def test_the_same_by_somebody_else_is_not_ours(at: Desk) -> None:
    plain = at.forge(token=at.github.personal_token())
    theirs = head(plain.propose(BRANCH, django(plain), None))
    forge = at.forge()
    assert reason(forge.propose(BRANCH, django(forge), None)) is RefusalReason.EXISTS
    assert at.github.head(NAME, BRANCH) == theirs


def test_a_symbolic_link_is_not_written_through(at: Desk) -> None:
    at.github.push(NAME, "main", {"link": link_to("README.md"), "mod": submodule("1" * 40)})
    forge = at.forge()
    base = forge.snapshot().commit
    assert reason(forge.propose(BRANCH, new(base, {"link": b"x"}), None)) is RefusalReason.NOT_A_FILE
    assert reason(forge.propose(BRANCH, new(base, {"mod": b"x"}), None)) is RefusalReason.NOT_A_FILE


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("sub", "that is a folder"),
        ("README.md/x", "README.md is no folder"),
        ("../x", "no name of a file"),
        ("a/.git/config", "no name of a file"),
        ("", "no name of a file"),
    ],
)
def test_a_name_that_can_not_be_written(at: Desk, path: str, why: str) -> None:
    forge = at.forge()
    with pytest.raises(ForgeError) as error:
        forge.propose(BRANCH, new(forge.snapshot().commit, {path: b"x"}), None)
    refused(error, why)
    assert at.counts()["writes"] == 0


def test_what_is_no_branch_or_commit_of_ours(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    for branch in (
        "main",
        "freshline/../x",
        "freshline/a b",
        "freshline/x.lock",
        "freshline/",
        "freshline/a\n",
        "freshline/x@{1}",
    ):
        with pytest.raises(ForgeError):
            forge.propose(branch, commit, None)
        with pytest.raises(ForgeError):
            forge.delete(branch, "1" * 40)
    with pytest.raises(ForgeError):
        forge.propose(BRANCH, new(None, {"x": b""}), None)
    with pytest.raises(ForgeError):
        forge.propose(BRANCH, new("main", {"x": b""}), None)
    with pytest.raises(ForgeError):
        forge.propose(BRANCH, new(commit.base, {}), None)
    assert at.counts()["writes"] == 0


# --- an existing one -------------------------------------------------------------------------------


def test_a_branch_moves_from_where_it_was_left(at: Desk) -> None:
    forge = at.forge()
    first = head(forge.propose(BRANCH, django(forge), None))
    second = head(forge.propose(BRANCH, django(forge, "5.3"), first))
    assert at.github.head(NAME, BRANCH) == second != first
    assert forge.branches()[BRANCH].trailers == ("pypi/django@5.3",)
    at.github.push(NAME, "main", {"README.md": "new\n"})
    later = at.forge()
    third = head(later.propose(BRANCH, django(later, "5.3"), second))
    assert at.github.repository(NAME).git.known_commit(third).parents[0] == at.github.head(NAME)


def test_refusals_of_what_the_pass_sees(at: Desk) -> None:
    forge = at.forge()
    base = str(forge.snapshot().commit)
    assert reason(forge.propose(BRANCH, django(forge), base)) is RefusalReason.GONE
    tip = at.github.push(NAME, BRANCH, {"theirs": "x"})
    seen = at.forge()
    assert reason(seen.propose(BRANCH, django(seen), None)) is RefusalReason.EXISTS
    assert reason(seen.propose(BRANCH, django(seen), base)) is RefusalReason.MOVED
    assert reason(seen.delete(BRANCH, base)) is RefusalReason.MOVED
    assert at.github.head(NAME, BRANCH) == tip


def test_a_person_who_pushes_in_between_keeps_the_commit(at: Desk) -> None:
    forge = at.forge()
    first = head(forge.propose(BRANCH, django(forge), None))
    theirs: list[str] = []
    at.github.faults.call_before(1, lambda: theirs.append(at.github.push(NAME, BRANCH, {"x": "1"})), operation="Move")
    assert reason(forge.propose(BRANCH, django(forge, "5.3"), first)) is RefusalReason.MOVED
    assert at.github.head(NAME, BRANCH) == theirs[0]
    assert forge.branches()[BRANCH].head == theirs[0]


def test_a_branch_that_appears_or_goes_in_between(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    at.github.faults.call_before(1, lambda: someone_pushes(at), operation="Move")
    assert reason(forge.propose(BRANCH, commit, None)) is RefusalReason.EXISTS
    again = at.forge()
    tip = str(at.github.head(NAME, BRANCH))
    at.github.faults.call_before(1, lambda: at.github.delete_branch(NAME, BRANCH), operation="Move")
    assert reason(again.propose(BRANCH, django(again), tip)) is RefusalReason.GONE
    assert again.branches() == {}


def test_an_answer_that_is_lost_is_looked_for(at: Desk) -> None:
    forge = at.forge()
    at.github.faults.drop(after=True, times=1, operation="Move")
    pushed = forge.propose(BRANCH, django(forge), None)
    assert at.github.head(NAME, BRANCH) == head(pushed)
    at.github.faults.lose_answer(500, times=10, operation="Move")
    moved = forge.propose(BRANCH, django(forge, "5.3"), head(pushed))
    assert at.github.head(NAME, BRANCH) == head(moved)
    gone = forge.delete(BRANCH, head(moved))
    assert gone == Deleted(changed=True)
    assert at.github.head(NAME, BRANCH) is None


def test_a_move_that_github_forbids_is_an_error(at: Desk) -> None:
    forge = at.forge()
    at.github.faults.fail(500, times=10, operation="Move")
    with pytest.raises(GitHubError) as error:
        forge.propose(BRANCH, django(forge), None)
    refused(error, "GitHub failed (HTTP 500)")
    at.github.faults.clear()
    at.github.faults.fail(403, operation="Move")
    with pytest.raises(GitHubError) as forbidden:
        forge.propose(BRANCH, django(forge), None)
    refused(forbidden, "A permission is missing")
    assert at.github.head(NAME, BRANCH) is None


# --- deleting --------------------------------------------------------------------------------------


def test_deleting_is_guarded_and_idempotent(at: Desk) -> None:
    forge = at.forge()
    tip = head(forge.propose(BRANCH, django(forge), None))
    at.github.forget_requests()
    assert forge.delete(BRANCH, tip) == Deleted(changed=True)
    assert at.counts() == {"reads": 0, "writes": 1}
    assert forge.delete(BRANCH, tip) == Deleted(changed=False)
    assert at.github.head(NAME, BRANCH) is None


def test_deleting_races(at: Desk) -> None:
    forge = at.forge()
    tip = head(forge.propose(BRANCH, django(forge), None))
    at.github.faults.call_before(1, lambda: someone_pushes(at), operation="Move")
    assert reason(forge.delete(BRANCH, tip)) is RefusalReason.MOVED
    theirs = str(at.github.head(NAME, BRANCH))
    again = at.forge()
    at.github.faults.call_before(1, lambda: at.github.delete_branch(NAME, BRANCH), operation="Move")
    assert again.delete(BRANCH, theirs) == Deleted(changed=False)


# --- permissions -----------------------------------------------------------------------------------


def workflow(base: str | None) -> NewCommit:
    return new(base, {WORKFLOW: b"on: push\n"})


def test_workflows_need_their_permission(at: Desk) -> None:
    forge = at.forge()
    assert isinstance(forge.propose(BRANCH, workflow(forge.snapshot().commit), None), Pushed)
    without = {name: level for name, level in at.installation.permissions.items() if name != "workflows"}
    at.github.permit(at.installation, without)
    barred = at.forge()
    at.github.forget_requests()
    answer = barred.propose("freshline/npm/x", workflow(barred.snapshot().commit), None)
    assert reason(answer) is RefusalReason.PERMISSION_MISSING
    assert at.counts()["writes"] == 0
    assert isinstance(barred.propose("freshline/npm/x", django(barred), None), Pushed)


def test_a_permission_taken_away_half_way(at: Desk) -> None:
    forge = at.forge()
    base = forge.snapshot().commit
    without = {name: level for name, level in at.installation.permissions.items() if name != "workflows"}
    at.github.permit(at.installation, without)
    assert reason(forge.propose(BRANCH, workflow(base), None)) is RefusalReason.PERMISSION_MISSING


def test_a_classic_token_that_may_not_write_workflows(at: Desk) -> None:
    forge = at.forge(token=at.github.personal_token())
    base = forge.snapshot().commit
    at.github.faults.fail(404, path="git/trees$", method="POST")
    assert reason(forge.propose(BRANCH, workflow(base), None)) is RefusalReason.PERMISSION_MISSING
    for status in (403, 409):
        at.github.faults.fail(status, path="git/trees$", method="POST")
        with pytest.raises(GitHubError):
            forge.propose(BRANCH, workflow(base), None)


def test_a_fine_grained_token_that_may_not_write_workflows(at: Desk) -> None:
    at.github.faults.clear()
    rights = {"contents": "write", "metadata": "read", "pull_requests": "write"}
    forge = at.forge(token=at.github.personal_token(permissions=rights))
    answer = forge.propose(BRANCH, workflow(forge.snapshot().commit), None)
    assert reason(answer) is RefusalReason.PERMISSION_MISSING


def test_an_app_that_may_only_read(at: Desk) -> None:
    at.github.permit(at.installation, {"contents": "read", "pull_requests": "write"})
    forge = at.forge()
    with pytest.raises(GitHubError) as error:
        forge.propose(BRANCH, django(forge), None)
    refused(error, "A permission is missing", "contents: write", "acme")


def test_an_app_that_is_not_installed_there(at: Desk) -> None:
    at.github.create_repository("other/private", {"x": "1"}, private=True)
    with pytest.raises(GitHubError) as error:
        at.forge("other/private")
    refused(error, "not installed", "other/private")
    with pytest.raises(GitHubError) as hidden:
        at.forge("other/private", token=at.github.personal_token("stranger")).snapshot()
    refused(hidden, "GitHub shows no such thing", "other/private")
    with pytest.raises(GitHubError):
        at.forge("acme/nowhere")


def test_an_app_that_is_removed_half_way(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    at.github.uninstall(at.installation)
    with pytest.raises(GitHubError):
        forge.propose(BRANCH, commit, None)


def test_an_archived_repository(at: Desk) -> None:
    forge = at.forge()
    at.github.archive(NAME)
    with pytest.raises(GitHubError) as error:
        forge.propose(BRANCH, django(forge), None)
    refused(error, "archived")


# --- tokens, addresses, other forges ---------------------------------------------------------------


def test_a_token_that_expires_half_way_is_renewed(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    at.github.faults.call_before(1, at.github.expire_tokens, path="git/commits")
    pushed = forge.propose(BRANCH, commit, None)
    assert at.github.head(NAME, BRANCH) == head(pushed)


def test_github_enterprise_server(at: Desk) -> None:
    token = at.github.personal_token()
    forge = at.forge(token=token, api_url=f"{at.github.api_url}/api/v3/")
    pushed = head(forge.propose(BRANCH, django(forge), None))
    assert at.github.head(NAME, BRANCH) == pushed
    paths = {one.path for one in at.github.requests if one.method == "POST"}
    assert "/graphql" in paths


def test_an_apps_tokens_stay_with_the_github_that_gave_them(at: Desk) -> None:
    with pytest.raises(ForgeError) as error:
        GitHub(at.identity, "https://github.example/api/v3")
    refused(error, "An App's tokens are for the GitHub that gives them")


def test_a_dry_run_over_github_writes_nothing(at: Desk) -> None:
    rehearsal = DryRunForge(at.forge())
    commit = new(rehearsal.snapshot().commit, {"pyproject.toml": b"django==5.2\n"})
    assert isinstance(rehearsal.propose(BRANCH, commit, None), Pushed)
    assert "+django==5.2" in rehearsal.proposals[0].diff
    assert at.counts()["writes"] == 0


def test_a_tree_that_is_not_the_wanted_one_is_not_used(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    honest = forge.snapshot().listing
    honest.nodes["README.md"].sha = "1" * 40
    with pytest.raises(ForgeError) as error:
        forge.propose(BRANCH, commit, None)
    refused(error, "GitHub made another tree than was wanted")
    assert at.github.head(NAME, BRANCH) is None


def test_whose_commit_it_is(at: Desk) -> None:
    forge = at.forge()
    head(forge.propose(BRANCH, django(forge), None))
    at.github.push(NAME, "freshline/npm/theirs", {"x": "1"})
    seen = at.forge()
    assert seen.authored(seen.branches()[BRANCH], BOT)
    assert not seen.authored(seen.branches()["freshline/npm/theirs"], BOT)
    assert seen.installation == at.installation.id
    plain = at.forge(token=at.github.personal_token())
    assert not plain.authored(plain.branches()[BRANCH], BOT)
    pushed = head(plain.propose("freshline/npm/mine", django(plain), None))
    assert plain.branches()["freshline/npm/mine"].head == pushed
    assert plain.authored(at.forge().branches()["freshline/npm/mine"], BOT)
    assert plain.installation is None


def test_what_is_left_of_the_rate_limit_is_known(at: Desk) -> None:
    github = GitHub(at.identity, at.github.api_url, QUICK)
    assert github.allowance(at.installation.id) is None
    github.open(NAME).snapshot()
    core, points = (github.allowance(at.installation.id, resource) for resource in ("core", "graphql"))
    assert core is not None
    assert points is not None
    assert (core.limit, core.left) == (5000, 4999)
    assert 4990 < points.left < 5000
    assert github.allowance(None) is None
    github.close()
