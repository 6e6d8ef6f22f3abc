"""An App is installed: its first passes over a fleet, and which repositories it leaves out."""

from __future__ import annotations

from tests.fakes.github.fake import FakeGitHub
from tests.stories.conftest import versions
from tests.stories.fleet_desk import ALPHA, FILES, ONE, PAD, POLICY, SHOP, Fleet


def test_the_first_pass_opens_what_is_due_and_the_next_asks_almost_nothing(fleet: Fleet) -> None:
    for number in range(29):
        fleet.github.create_repository(f"acme/lib{number}", ONE)
    out = fleet.run()
    assert "acme: 30 repositories: 30 to visit, 0 as before" in out
    assert fleet.open().keys() == {ALPHA, PAD}
    assert all(fleet.open(f"acme/lib{number}").keys() == {ALPHA} for number in range(29))
    fleet.run()  # its own pull requests are looked at once more
    out = fleet.run()
    assert "acme: 30 repositories: 0 to visit, 30 as before" in out
    # the installations, a token, one page, and one question about everything that is watched
    assert fleet.writes() == []
    assert len(fleet.github.requests) <= 5


def test_an_app_that_is_installed_nowhere_says_so(fleet: Fleet) -> None:
    fleet.github.uninstall(fleet.installation)
    assert "not installed anywhere yet" in fleet.run()


def test_what_a_pull_request_costs_over_its_whole_life(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.github.archive(SHOP)
    fleet.run()
    operations = [one.operation for one in fleet.about("acme/lib")]
    assert operations.count("OwnIssues") == 2  # the dashboard, which is made once
    reads = [one for one in fleet.about("acme/lib") if one.kind in {"read", "graphql"}]
    assert len(reads) - 2 <= 3, reads
    opened = fleet.writes()
    assert len(opened) <= 6, opened  # tree, commit, branch, pull request, labels; and the dashboard
    fleet.run()
    assert fleet.writes() == []
    fleet.github.merge_pull("acme/lib", fleet.open("acme/lib")[ALPHA])
    fleet.run()
    assert len(opened) + len(fleet.writes()) <= 9


def test_what_is_left_out_is_picked_up_when_that_changes(fleet: Fleet) -> None:
    settings = ("archived", "disabled", "fork")
    others = {one: fleet.github.create_repository(f"acme/{one}", ONE) for one in settings}
    for setting, other in others.items():
        setattr(other, setting, True)
    assert "3 left out (1 archived, 1 disabled, 1 a fork)" in fleet.run()
    for setting, other in others.items():
        assert fleet.about(f"acme/{setting}") == []
        setattr(other, setting, False)
    fleet.run()
    for setting in settings:
        assert fleet.open(f"acme/{setting}").keys() == {ALPHA}


def test_an_empty_repository_waits_for_its_first_commit(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/other")
    assert "1 left out (1 empty)" in fleet.run()
    fleet.github.push("acme/other", "main", ONE)
    fleet.run()
    assert fleet.open("acme/other").keys() == {ALPHA}


def test_forks_are_looked_after_where_the_operator_wants_it(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/other", ONE, fork=True)
    fleet.run(FRESHLINE_POLICY='{"forks": true}')
    assert fleet.open("acme/other").keys() == {ALPHA}


def test_one_that_is_archived_is_left_as_it_is(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.archive(SHOP)
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert "1 left out (1 archived)" in fleet.run()
    assert fleet.writes() == []
    fleet.github.archive(SHOP, archived=False)
    assert "1 moved" in fleet.run()


def test_only_the_repositories_that_the_app_was_given(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/secret", ONE)
    fleet.github.select(fleet.installation, remove=["acme/secret"])
    assert "acme: 1 repository: 1 to visit" in fleet.run()
    assert fleet.open("acme/secret") == {}


def test_without_the_permission_for_issues_there_is_no_dashboard(fleet: Fleet) -> None:
    fleet.github.permit(fleet.installation, {"contents": "write", "pull_requests": "write"})
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert fleet.boards() == []
    fleet.rest()


def test_where_issues_are_switched_off_there_is_no_dashboard(fleet: Fleet) -> None:
    fleet.github.repository(SHOP).has_issues = False
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert fleet.boards() == []
    fleet.rest()


# Policy


def test_labels_people_and_drafts_are_what_policy_says(fleet: Fleet) -> None:
    fleet.github.collaborator(SHOP, "ann")
    fleet.github.collaborator(SHOP, "bob")
    words = '[pull_requests]\nlabels = ["deps", "auto"]\nassignees = ["ann"]\nreviewers = ["bob"]\ndraft = true\n'
    fleet.github.push(SHOP, "main", {POLICY: words})
    fleet.run()
    pull = fleet.github.pull(SHOP, fleet.open()[ALPHA])
    assert pull.issue.labels == ["deps", "auto"]
    assert [one.login for one in pull.issue.assignees] == ["ann"]
    assert [one.login for one in pull.reviewers] == ["bob"]
    assert pull.draft


def test_a_reviewer_who_is_not_let_in_is_said(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "main", {POLICY: '[pull_requests]\nreviewers = ["stranger"]\n'})
    out = fleet.run()
    number = fleet.open()[ALPHA]
    assert f"! {SHOP}: #{number}: `stranger` could not be asked for a review" in out
    (said,) = fleet.said(number)
    assert "`stranger` could not be asked for a review" in said
    fleet.rest()
    assert len(fleet.said(number)) == 1


def test_what_belongs_together_shares_a_pull_request(fleet: Fleet) -> None:
    fleet.desk.registry.pypi("beta", versions("2.0", "2.1"))
    fleet.github.push(SHOP, "main", {POLICY: '[[rules]]\nmatch = { registry = "pypi" }\ngroup = "python"\n'})
    fleet.run()
    group = "freshline/group/application/python"
    assert fleet.open().keys() == {group, PAD}
    assert fleet.file(group) == "alpha==1.1\nbeta==2.1\n"
    assert fleet.github.pull(SHOP, fleet.open()[group]).issue.title == "Update python (2 updates)"
    fleet.desk.registry.pypi("beta", versions("2.0", "2.1", "2.2"))
    before = fleet.open()
    fleet.rest()
    assert fleet.open() == before
    assert fleet.file(group) == "alpha==1.1\nbeta==2.2\n"


HOUSE = "acme/.github"


def test_the_owners_policy_tightens_and_a_change_of_it_reaches_everyone(fleet: Fleet) -> None:
    fleet.github.create_repository(HOUSE, {POLICY: '[[ignore]]\nname = "left-pad"\nreason = "never"\n'})
    fleet.run()
    assert fleet.open().keys() == {ALPHA}
    fleet.rest()
    fleet.github.push(HOUSE, "main", {POLICY: 'minimum_age = "3d"\n'})
    assert f"{SHOP} (its policy changed): 1 created" in fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}


def test_an_owners_policy_that_can_not_be_read_warns_and_closes_nothing(fleet: Fleet) -> None:
    fleet.github.create_repository(HOUSE, {POLICY: 'minimum_age = "3d"\n'})
    fleet.run()
    fleet.github.push(HOUSE, "main", {POLICY: 'mode = "everything"\n'})
    out = fleet.run()
    assert f"! {SHOP}: .github/.github/freshline.toml" in out
    assert fleet.open().keys() == {ALPHA, PAD}
    assert "**Please look:**" in fleet.board()


def test_the_owner_can_have_it_only_observe(fleet: Fleet) -> None:
    fleet.github.create_repository(HOUSE, {POLICY: 'mode = "observe"\n'})
    fleet.github.push(SHOP, "main", {POLICY: 'mode = "propose"\n'})
    assert f'{SHOP} (not visited before): Policy only observes here (mode = "observe")' in fleet.run()
    assert fleet.writes() == []
    assert " 0 to visit" in fleet.run()


# Limits


def test_limits_hold_new_ones_back_and_a_tick_lets_one_in(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "main", {POLICY: "[pull_requests]\nmax_open = 1\n"})
    assert "1 created, 1 waiting" in fleet.run()
    (first,) = fleet.open()
    (second,) = {ALPHA, PAD} - {first}
    assert "### Ready, and waiting for room" in fleet.board()
    fleet.tick(second.rpartition("/")[2])
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert "waiting for room" not in fleet.board()
    assert "[x]" not in fleet.board()


def test_merging_one_lets_the_next_in(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "main", {POLICY: "[pipelines.application]\nmax_open = 1\n"})
    fleet.run()
    (first,) = fleet.open()
    fleet.github.merge_pull(SHOP, fleet.open()[first])
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD} - {first}


def test_so_many_new_ones_an_hour_and_the_rest_later(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "main", {POLICY: "[pull_requests]\nmax_new_per_hour = 1\n"})
    assert "1 created, 1 waiting" in fleet.run()
    assert "1 new pull request may be opened here in an hour" in fleet.board()
    out = fleet.run()  # nothing happened, but time alone makes room: so it is looked at again
    assert "1 unchanged, 1 waiting" in out
    assert fleet.writes() == []


# Two fleets


def test_nothing_crosses_from_one_fleet_to_another(fleet: Fleet) -> None:
    github: FakeGitHub = fleet.github
    github.create_repository("globex/site", FILES)
    github.install("globex")
    out = fleet.run()
    assert "acme: 1 repository: 1 to visit" in out
    assert "globex: 1 repository: 1 to visit" in out
    github.comment(SHOP, fleet.open()[ALPHA], "/freshline quarantine")
    fleet.run()
    github.create_repository("acme/later", ONE)
    github.create_repository("globex/later", ONE)
    fleet.run()
    assert fleet.open("acme/later") == {}
    assert fleet.open("globex/later").keys() == {ALPHA}
    assert fleet.open("globex/site").keys() == {ALPHA, PAD}
