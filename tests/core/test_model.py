"""What the nouns do beside holding values."""

from __future__ import annotations

from bot.core.model import History, Package, ParseError, Refusal, SkipReason, pins_of
from tests.fakes.values import ago, dependency, package, release, statement


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


def test_pins_in_order() -> None:
    first, second = statement(line=1), statement(line=2)
    assert pins_of([first, second]) == (*first.pins, *second.pins)
