"""What people write on pull requests, and what is answered."""

from __future__ import annotations

from tests.stories.conftest import versions
from tests.stories.fleet_desk import ALPHA, ONE, PAD, POLICY, SHOP, Fleet


def ask(fleet: Fleet, words: str, by: str = "maintainer") -> int:
    """Somebody asks on the pull request for alpha, and a pass hears it."""
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.comment(SHOP, number, words, by=by)
    fleet.run()
    return number


def test_rebase_puts_it_on_the_newest_commit(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.push(SHOP, "main", {"README.md": "words"})
    before = fleet.github.branches(SHOP)[ALPHA]
    number = ask(fleet, "/freshline rebase")
    assert fleet.github.branches(SHOP)[ALPHA] != before
    assert (fleet.reactions(number), fleet.said(number)) == ([["+1"]], [])


def test_rebase_where_there_is_nothing_to_do_says_so(fleet: Fleet) -> None:
    number = ask(fleet, "/freshline rebase")
    assert fleet.reactions(number) == [["+1"]]
    (said,) = fleet.said(number)
    assert "nothing to rebase" in said


def test_rebase_of_somebody_elses_work_is_refused(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.push(SHOP, ALPHA, {"notes.txt": "mine"})
    theirs = fleet.github.branches(SHOP)[ALPHA]
    number = ask(fleet, "/freshline rebase")
    assert fleet.github.branches(SHOP)[ALPHA] == theirs
    assert fleet.reactions(number) == [["-1"]]
    assert any("`/freshline recreate`" in said and "rebase it by hand" in said for said in fleet.said(number))


def test_recreate_what_is_not_wanted_any_more_is_refused(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.push(SHOP, "main", {"requirements.txt": "alpha==1.1\nbeta==2.0\n"})
    fleet.run()
    fleet.github.comment(SHOP, number, "/freshline recreate")
    fleet.receive()
    fleet.attend()
    assert fleet.reactions(number) == [["-1"]]
    assert any("would not propose this update today" in said for said in fleet.said(number))
    assert fleet.open().keys() == {PAD}


def test_ignore_this_version_closes_and_waits_for_a_newer_one(fleet: Fleet) -> None:
    number = ask(fleet, "/freshline ignore this version")
    assert fleet.reactions(number) == [["+1"]]
    assert fleet.said(number)[0].startswith("Closed on request of `maintainer`")
    assert fleet.open().keys() == {PAD}
    assert ALPHA not in fleet.github.branches(SHOP)
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    fleet.run()
    assert fleet.file(ALPHA) == "alpha==1.2\nbeta==2.0\n"


def test_ignore_this_package_closes_and_proposes_no_other(fleet: Fleet) -> None:
    number = ask(fleet, "/freshline ignore this package")
    assert fleet.reactions(number) == [["+1"]]
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    fleet.run()
    assert fleet.open().keys() == {PAD}


def test_recreate_takes_an_ignored_package_up_again(fleet: Fleet) -> None:
    number = ask(fleet, "/freshline ignore this package")
    fleet.rest()
    fleet.github.comment(SHOP, number, "/freshline recreate")
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}


def test_quarantine_is_for_the_whole_fleet(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.run()
    there = fleet.open("acme/lib")[ALPHA]
    number = ask(fleet, "/freshline quarantine")
    assert fleet.reactions(number) == [["+1"]]
    fleet.rest()
    assert fleet.open().keys() == {PAD}
    assert fleet.open("acme/lib") == {}
    assert fleet.said(there, "acme/lib")[0].startswith("Closed: it is not needed any more")
    assert "### Quarantined" in fleet.board("acme/lib")
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    fleet.run()
    assert fleet.file(ALPHA, name="acme/lib") == "alpha==1.2\n"


ANSWERS = {
    "/freshline help": ("+1", "| `/freshline rebase` |"),
    "/freshline merge when green": ("confused", 'does not merge here (`mode = "propose"`)'),
    "/freshline rebsae": ("confused", "Did you mean `/freshline rebase`?"),
    "/freshline make coffee @everyone": ("confused", "does not know that command"),
}


def test_the_other_commands_are_answered_in_words(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    for words in ANSWERS:
        fleet.github.comment(SHOP, number, words)
    fleet.run()
    assert fleet.reactions(number) == [[reaction] for reaction, _ in ANSWERS.values()]
    for said, (_, answer) in zip(fleet.said(number), ANSWERS.values(), strict=True):
        assert answer in said
        assert "@everyone" not in said
    assert fleet.open().keys() == {ALPHA, PAD}


def test_an_answer_is_given_once(fleet: Fleet) -> None:
    number = ask(fleet, "/freshline help")
    fleet.rest()
    assert fleet.reactions(number) == [["+1"]]
    assert len(fleet.said(number)) == 1


def test_who_may_not_write_is_not_heard_and_not_asked_about_again(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.comment(SHOP, number, "/freshline ignore this package", by="stranger")
    assert f"! {SHOP}: #{number}: stranger may not write here" in fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert (fleet.reactions(number), fleet.said(number)) == ([[]], [])
    fleet.github.label(SHOP, number, "urgent")
    assert "stranger" not in fleet.run()
    assert not any("permission" in one.path for one in fleet.github.requests)


def test_whoever_may_write_is_heard(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    for role in ("read", "triage", "write", "maintain", "admin"):
        fleet.github.collaborator(SHOP, f"one-to-{role}", role)
        fleet.github.comment(SHOP, number, "/freshline rebase", by=f"one-to-{role}")
    fleet.run()
    assert fleet.reactions(number) == [[], [], ["+1"], ["+1"], ["+1"]]


def test_two_that_ask_at_once_are_both_answered(fleet: Fleet) -> None:
    fleet.run()
    number, other = fleet.open()[ALPHA], fleet.open()[PAD]
    fleet.github.comment(SHOP, number, "/freshline help")
    fleet.github.comment(SHOP, number, "/freshline ignore this version")
    fleet.github.comment(SHOP, other, "/freshline rebase")
    fleet.run()
    assert fleet.reactions(number) == [["+1"], ["+1"]]
    assert fleet.reactions(other) == [["+1"]]


def test_where_it_only_observes_nobody_is_answered(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.push(SHOP, "main", {POLICY: 'mode = "observe"\n'})
    fleet.github.comment(SHOP, fleet.open()[ALPHA], "/freshline help")
    assert "only observes" in fleet.run()
    assert fleet.writes() == []
