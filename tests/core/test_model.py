"""What the nouns do beside holding values."""

from __future__ import annotations

from bot.core.ecosystem import as_they_are
from bot.core.errors import ExpectedError
from bot.core.model import History, Listing, Package, ParseError, Refusal, Release, Releases, SkipReason
from tests.fakes.values import ago, dependency, facts, listing, package, release


def test_a_package_prints_as_a_package_url() -> None:
    assert Package("npm", "@scope/a").purl == "pkg:npm/%40scope/a"
    assert str(package()) == "pypi/flask"


def test_a_dependency_speaks_for_its_statement() -> None:
    site = dependency(">=1", name="a")
    found = site.statement
    assert (site.package, site.kind, site.constraint, site.pins) == (
        found.package,
        found.kind,
        found.constraint,
        found.pins,
    )


def test_the_time_that_the_registry_attests_comes_first() -> None:
    assert release("1", 5, first_seen=ago(1)).since == ago(5)
    assert release("1", None, first_seen=ago(1)).since == ago(1)
    assert release("1", None).since is None


def test_history_knows_a_version_of_a_package_and_no_other() -> None:
    refusal = Refusal("pypi", "flask", "2.0", SkipReason.QUARANTINED, "rolled back")
    history = History((refusal,))
    assert history.refusal(package(), "2.0") == refusal
    assert history.refusal(package(), "2.1") is None
    assert history.refusal(package("django"), "2.0") is None
    assert history.refusal(package(registry="npm"), "2.0") is None


def test_a_parse_error_names_its_line_where_it_is_known() -> None:
    assert (str(ParseError("no table", 3)), ParseError("no table", 3).line) == ("line 3: no table", 3)
    assert (str(ParseError("no table")), ParseError("no table").line) == ("no table", None)


def test_releases_are_made_when_they_are_looked_at() -> None:
    made: list[int] = []
    every = (release("3"), release("2"), release("1"))

    def make(at: int) -> Release:
        made.append(at)
        return every[at]

    lazy = Releases([one.version for one in every], [one.published for one in every], make)
    assert (len(lazy), lazy[1], lazy[-1], made) == (3, every[1], every[2], [1, 2])
    assert lazy[1:] == every[1:]
    assert lazy == every
    assert hash(lazy) == hash(every)
    assert lazy != every[:2]
    assert lazy != "321"
    assert repr(lazy).startswith("Releases([Release(version='3'")


def test_a_listing_tells_versions_and_missing_dates_of_both_sorts_of_releases() -> None:
    for undated in (False, True):
        plain = listing("2", release("1", None if undated else 5))
        times = [one.published for one in plain.releases]
        lazy = Listing(plain.package, Releases(["2", "1"], times, plain.releases.__getitem__))
        for found in (plain, lazy):
            assert (list(found.versions), found.undated) == (["2", "1"], undated)


def test_an_ecosystem_completes_nothing_unless_it_says_so() -> None:
    own = [facts("a.toml")]
    assert as_they_are(own, [*own, facts("b.toml")]) == tuple(own)


def test_an_expected_error_is_its_own_text() -> None:
    assert str(ExpectedError("what, where, what next")) == "what, where, what next"
