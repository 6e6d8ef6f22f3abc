"""The words: branches, commits, titles, bodies. Nothing that is written can be broken out of."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.model import Bump, Kind, Package, Part, Pin, Span, Update
from bot.core.notes import Published, Range, ReleaseNotes, from_releases
from bot.core.render import (
    LIMIT,
    Ending,
    Moved,
    body,
    branch_name,
    closed,
    code,
    commit_message,
    commit_style,
    escape,
    hands_off,
    hour_full,
    marker,
    no_room,
    read_marker,
    shortened,
    title,
)
from bot.core.rules import CommitStyle, Major, Match, Rule
from bot.core.versions import scheme
from tests.fakes.values import (
    NOW,
    ago,
    decided,
    dependency,
    listing,
    only_update,
    package,
    policy,
    release,
    update,
)

GOLDEN = Path(__file__).parent / "golden"
GATE = timedelta(days=3)


# Pull-request bodies


def one() -> tuple[Update, ...]:
    newest = release("2.1.9", 210, requires=(("python", ">=3.9"),), notes_url="https://docs.example/sqlalchemy/2.1.9")
    site = dependency("==2.0.30", name="sqlalchemy", path="backend/pyproject.toml", line=12)
    return (only_update(decided(site, listing(newest, "2.0.30", of=site.package))),)


def waiting() -> tuple[Update, ...]:
    """Several places, one that stays, and a newer release that is too young."""
    old = dependency("==1.0", path="legacy/requirements.txt", line=7, ignored=None, current="0.9", lock="uv.lock")
    sites = [dependency("==1.0"), dependency(">=1,<2", path="api/setup.cfg", line=3), old]
    found = listing(release("3.0", 0.5), release("2.0", 4), "1.5", "1.0", "0.9")
    return decided(sites, found).updates


def group_of_two() -> tuple[Update, ...]:
    rule = Rule(match=Match(name="@types/*"), group="types")
    names = ("@types/node", "@types/react")
    sites = [dependency("^18.0.0", registry="npm", name=name, path="web/package.json") for name in names]
    answers = [listing(release("19.0.0", 40), "18.0.0", of=site.package) for site in sites]
    return tuple(
        only_update(decided(site, answer, policy(rules=(rule,)))) for site, answer in zip(sites, answers, strict=True)
    )


def calendar() -> tuple[Update, ...]:
    """Dates for versions, seen by the bot only, and a range with alternatives."""
    newest = replace(release("2026.1.1", None), first_seen=ago(10))
    site = dependency("==2025.8.3", name="certifi", kind=Kind.TOOL)
    return (only_update(decided(site, listing(newest, "2025.8.3", of=site.package))),)


def hostile() -> tuple[Update, ...]:
    """Every text that a repository or a registry gives tries to break out."""
    pin = Pin("a`b``c|d\n<b>/@team/#1.toml", Span(0, 5), "==1.0")
    site = dependency("==1.0", name="x|`y`](https://evil.example) @team <img>\n\n# h", pins=(pin,))
    newest = release(
        "2.0",
        40,
        requires=(("python|@team", ">=3|`x`"),),
        notes_url="https://evil.example/>\n<script>",
    )
    found = only_update(decided(site, listing(newest, "1.0", of=site.package)))
    said = (
        "- [x](https://evil.example) &#64;team @org/team owner/repo#1 GH-12 www.evil.example javascript:x",
        "1. ~~a~~ **b** `c` | d <!-- --> $e$ \\@team",
    )
    return (replace(found, reasons=said),)


BODIES = {"one": one, "waiting": waiting, "group": group_of_two, "calendar": calendar, "hostile": hostile}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_as_its_golden_file(name: str) -> None:
    found = body(BODIES[name](), GATE, NOW)
    assert found == (GOLDEN / f"{name}.md").read_bytes().decode()


def test_every_golden_body_is_tested() -> None:
    assert {path.stem for path in GOLDEN.glob("*.md")} == set(BODIES)


# Bodies on a forge with pull requests


def patch() -> tuple[Update, ...]:
    return (update("==4.2.1", "4.2.3", days=12, name="django", path="requirements.txt", line=3),)


def major() -> tuple[Update, ...]:
    return (update("^17.0.2", "18.3.1", days=90, registry="npm", name="react", path="web/package.json", line=9),)


def group_of(number: int) -> tuple[Update, ...]:
    rule = Rule(match=Match(name="*"), group="everything")
    found = []
    for n in range(number):
        site = dependency("==1.0", name=f"package-{n}", path=f"services/part-{n}/requirements.txt", line=n + 1)
        found.append(
            only_update(decided(site, listing(release("1.1", 30), "1.0", of=site.package), policy(rules=(rule,))))
        )
    return tuple(found)


def told(updates: Sequence[Update], *versions: str, text: str = "", title: str = "") -> dict[Package, ReleaseNotes]:
    """Release notes as they come from a source repository: through the cleaning of ``notes``."""
    wanted = Range("0", "99", scheme("pep440"))
    found = {}
    for one in updates:
        name = one.package.name
        published = [
            Published(
                f"v{v}", title or v, text or f"- Fixed what {v} fixes.", f"https://github.com/acme/x/v{v}", ago(9)
            )
            for v in versions or (one.version,)
        ]
        found[one.package] = ReleaseNotes(name, "acme/x", from_releases(name, wanted, published, shared=False), "")
    return found


HOSTILE_NOTES = """# Hello @team
<!-- freshline:{"schema":1,"updates":[]} --><script>alert(1)</script>
- [x] <!-- freshline:propose=a -->Fixes #1 and acme/shop#2, GH-3
![pixel](https://evil.example/p.png) [text](https://evil.example) https://github.com/acme/shop/issues/4
</details>
```
an open fence @team
"""

PULLS: dict[str, Callable[[], tuple[Sequence[Update], dict[Package, ReleaseNotes]]]] = {
    "patch": lambda: (patch(), told(patch(), "4.2.3", "4.2.2")),
    "major": lambda: (major(), {}),
    "group_of_3": lambda: (group_of(3), told(group_of(3)[:2])),
    "group_of_60": lambda: (group_of(60), told(group_of(60), "1.1", "1.0.1", text="Many words about it. " * 150)),
    "hostile_notes": lambda: (hostile(), told(hostile(), "2.0", text=HOSTILE_NOTES, title="<b>@team</b> #1")),
}


@pytest.mark.parametrize("name", PULLS)
def test_a_pull_request_is_as_its_golden_file(name: str) -> None:
    updates, notes = PULLS[name]()
    found = body(updates, GATE, NOW, notes, talks=True)
    assert found == (GOLDEN / "pull" / f"{name}.md").read_bytes().decode()
    assert len(found) <= LIMIT


def test_every_golden_pull_request_is_tested() -> None:
    assert {path.stem for path in (GOLDEN / "pull").glob("*.md")} == set(PULLS)


def test_hostile_notes_change_neither_the_marker_nor_the_rest() -> None:
    updates, notes = PULLS["hostile_notes"]()
    found = body(updates, GATE, NOW, notes, talks=True)
    assert read_marker(found) == (Moved(str(updates[0].package), "1.0", "2.0"),)
    assert found.count("<!--") == 1
    section = found.partition("### Release notes")[2].partition("### What happens")[0]
    assert section
    assert not re.search(r"<script|<!--|^\s*- \[x\]|</details>.*</details>|!\[", section, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", [1, 60, 300, 1000])
def test_the_notes_give_way_first_and_the_ending_never(number: int) -> None:
    updates = group_of(number)
    found = body(updates, GATE, NOW, told(updates, text="Words. " * 600), talks=True)
    assert len(found) <= LIMIT
    assert ("### Release notes" in found) is (number <= 60)
    assert ("### Why now" in found) is (number <= 300)
    assert ("more place" in found) is (number == 1000)
    assert "comment `/freshline ignore this package`" in found
    said = read_marker(found)
    assert said is not None
    assert len(said) == min(number, len(said))
    assert said[0] == Moved("pypi/package-0", "1.0", "1.1")


def test_reasons_that_do_not_all_fit_are_counted() -> None:
    updates = tuple(replace(one, reasons=("because " * 50,) * 6) for one in group_of(60))
    found = body(updates, GATE, NOW, talks=True)
    assert re.search(r"… and \d+ more\n\n</details>", found)
    assert len(found) <= LIMIT


def test_very_many_reasons_are_counted() -> None:
    assert "- … and 5 more\n" in body((replace(one()[0], reasons=("it is so",) * 25),), GATE, NOW)


LONG = "é|`@#🙂" * 20_000


@pytest.mark.parametrize("talks", [True, False])
def test_it_fits_whatever_is_long(talks: bool) -> None:
    pin = replace(one()[0].changes[0].pin, path=LONG, text=LONG)
    newest = replace(one()[0].release, version=LONG, requires=((LONG, LONG),) * 50, notes_url=LONG)
    long = replace(
        one()[0],
        package=package(LONG),
        from_version=LONG,
        version=LONG,
        release=newest,
        changes=(replace(one()[0].changes[0], pin=pin, text=LONG, release=newest),),
        reasons=(LONG,) * 50,
    )
    found = body((long,) * 30, GATE, NOW, talks=talks)
    assert len(found) <= LIMIT
    assert found.count("[[ignore]]") == 5
    assert not talks or read_marker(found) == ()


def test_notes_without_a_word_are_left_out() -> None:
    silent = {one()[0].package: ReleaseNotes("sqlalchemy", "a/b", (), "")}
    assert "### Release notes" not in body(one(), GATE, NOW, silent)


def test_an_age_is_told_in_hours_where_it_is_short() -> None:
    assert "younger than 2 hours are" in body(one(), timedelta(hours=2), NOW)
    assert "younger than 1 hour are" in body(one(), timedelta(minutes=90), NOW)
    assert "younger than 1 day are" in body(one(), timedelta(days=1), NOW)
    assert "| 5 hours |" in body(aged(5 / 24), GATE, NOW)
    assert "| 1 day |" in body(aged(1.5), GATE, NOW)


def aged(days: float) -> tuple[Update, ...]:
    change = replace(one()[0].changes[0], release=release("2", days))
    return (replace(one()[0], changes=(change,)),)


def test_a_release_without_any_date_tells_no_age() -> None:
    change = replace(one()[0].changes[0], release=release("2", None))
    found = body((replace(one()[0], release=release("2", None), changes=(change,)),), GATE, NOW)
    assert "published" not in found
    assert "| not known |" in found


# The marker and the sentences

texts = st.text(st.one_of(st.sampled_from('-<>!"\\{}'), st.characters(exclude_categories=())), max_size=20)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(texts, texts, texts), max_size=4))
@example([("--><script>", "<!--", "----")])
def test_a_marker_is_one_comment_and_is_read_back(moved: list[tuple[str, str, str]]) -> None:
    first = one()[0]
    updates = [replace(first, package=package(n), from_version=a, version=b) for n, a, b in moved]
    found = marker(updates)
    inner = found.removeprefix("<!-- ").removesuffix(" -->")
    assert not re.search(r"<|>|--|[^ -~]", inner)
    printable = all(not re.search("[\ud800-\udfff]", text) for one in moved for text in one)
    expected = tuple(Moved(f"pypi/{n}", a, b) for n, a, b in moved)
    assert read_marker(f"words {found}\n") == (expected if printable else read_marker(found))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "words",
        "<!-- freshline:",
        "<!-- freshline:{} -->",
        "<!-- freshline:dashboard -->",
        '<!-- freshline:{"schema":2,"updates":[]} -->',
        '<!-- freshline:{"schema":1,"updates":[{"package":1}]} -->',
        "<!-- freshline:\ud800 -->",
        '<!-- freshline:{"x":' + "[" * 50_000 + " -->",
    ],
)
def test_what_is_no_marker_is_none(text: str) -> None:
    assert read_marker(text) is None


def test_the_last_marker_counts() -> None:
    assert read_marker(marker(patch()) + marker(major())) == (Moved("npm/react", "17.0.2", "18.3.1"),)


@pytest.mark.parametrize("why", Ending)
def test_an_ending_says_why_and_pings_nobody(why: Ending) -> None:
    assert closed(why).startswith("Closed: ")
    assert closed(why, "mona").startswith("Closed on request of `mona`: ")
    assert "@" not in closed(why, "mona")
    assert closed(why, "a`b|@c") == closed(why).replace("Closed", f"Closed on request of {code('a`b|@c')}", 1)


def test_other_sentences() -> None:
    assert "`/freshline recreate`" in hands_off()
    assert no_room("application", 1) == "1 pull request of the application pipeline may be open at once"
    assert hour_full(20) == "20 new pull requests may be opened here in an hour"


def test_a_pin_that_stands_elsewhere_has_no_line() -> None:
    pin = Pin("pnpm-workspace.yaml", Span(1, 7), "^1.0.0")
    found = update("^1.0.0", "2.0.0", registry="npm", path="a/package.json", pins=(pin,))
    assert "| `pnpm-workspace.yaml` |" in body((found,), GATE, NOW)


# Harmless text

words = st.text(
    alphabet=st.one_of(st.sampled_from("`|\\\n @#<>[]()*_~!&$:/.-=+1wgGhH;x"), st.characters()), max_size=40
)


@settings(max_examples=300, deadline=None)
@given(words)
@example("`")
@example("``a|b`")
@example("a\\|b")
@example("|www.evil.example WWW.evil.example")
@example("\\")
def test_a_code_span_holds_its_text_in_a_table(text: str) -> None:
    found = code(text)
    assert "\n" not in found
    assert "|" not in found
    if found.startswith("`"):
        assert found.count("`") == 2
        assert found.endswith("`")
    elif found != "nothing":
        inner = found.removeprefix("<code>").removesuffix("</code>")
        assert re.fullmatch(r"(?:[A-Za-z0-9 ^=,/+.-]|&#\d+;)*", inner)
        assert "www." not in inner.lower()


@settings(max_examples=300, deadline=None)
@given(words)
@example("https://evil.example")
@example("&#64;team")
@example("\\@team")
@example("WWW.evil.example")
def test_escaped_text_has_no_markup_mention_reference_or_link(text: str) -> None:
    found = escape(text)
    assert all(c.isprintable() or c == "\u200b" for c in found)
    bare = re.sub(r"\\[\\`*_{}\[\]<>()|~!&$=+.-]", "", found)
    assert not re.search(r"[`*_{}\[\]<>()|~!&$]|[@#](?!\u200b)|://|www\.|gh-\d", bare, re.IGNORECASE)
    assert not re.match(r"[-+=]|\d+\.(?: |$)", found)


def test_an_address_is_a_link_only_where_it_is_plain() -> None:
    for url in ("javascript:alert(1)", "https://x.example/<b>", "https://x.example/a b", "ftp://x.example"):
        found = body((replace(one()[0], release=release("2", notes_url=url)),), GATE, NOW)
        assert f"<{url}>" not in found
        assert code(url) in found


def test_text_is_shortened_to_one_line() -> None:
    assert shortened(" a\n\tb\x00c ", 10) == "a b c"
    assert shortened("abcdef", 5) == "abcd…"
    assert shortened("x" * 1_000_000, 5) == "xxxx…"


# Branches


def named(name: str, group: str | None = None, track: str = "") -> Update:
    return replace(one()[0], subject=f"pypi/{name}", group=group, track=track)


def is_branch(name: str) -> bool:
    return (
        subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("flask", "freshline/pypi/flask"),
        ("zope.interface", "freshline/pypi/zope.interface"),
        ("@types/node", "freshline/pypi/@types+node"),
        ("a+b", "freshline/pypi/a%2Bb"),
        ("a.lock", "freshline/pypi/a%2Elock"),
        ("a.major", "freshline/pypi/a%2Emajor"),
        ("a..b", "freshline/pypi/a%2E%2Eb"),
        ("-x", "freshline/pypi/%2Dx"),
        ("a@{b", "freshline/pypi/a@%7Bb"),
        ("%41", "freshline/pypi/%2541"),
        ("\x00", "freshline/pypi/%00"),
        ("%00", "freshline/pypi/%2500"),
        ("é", "freshline/pypi/%C3%A9"),
        ("\ud800", "freshline/pypi/%ED%A0%80"),
        ("", "freshline/pypi/%"),
    ],
)
def test_a_branch_name(name: str, branch: str) -> None:
    assert branch_name([named(name)]) == branch
    assert is_branch(branch)


def test_a_long_name_is_cut_and_still_its_own() -> None:
    first, second = branch_name([named("a" * 300 + "b")]), branch_name([named("a" * 300 + "c")])
    assert first != second
    assert is_branch(first)
    assert len(first) < 130


def test_a_subject_that_is_no_package() -> None:
    runtime = replace(one()[0], subject="runtime:python")
    assert branch_name([runtime]) == "freshline/runtime/python"


def test_a_branch_has_the_prefix_that_is_asked_for() -> None:
    assert branch_name([named("flask")], "bots/") == "bots/pypi/flask"
    assert branch_name(group_of_two(), "bots/") == "bots/group/application/types"


def test_a_group_s_branch_is_named_after_its_pipeline_and_group() -> None:
    assert branch_name(group_of_two()) == "freshline/group/application/types"
    major = replace(one()[0], group="types", track="major")
    assert branch_name([major]) == "freshline/group/application/types.major"
    assert branch_name([named("x", track="major")]) == "freshline/pypi/x.major"


hostile_names = st.text(
    alphabet=st.one_of(st.sampled_from("a.lock@{}~^:?*[\\/-+%majorX0 \x00\x7f"), st.characters(exclude_categories=())),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(hostile_names, st.sampled_from([None, "g", ".lock", "a/b"]), st.sampled_from(["", "major"]))
@example("x.lock", None, "")
@example("@", "@", "major")
@example("a/../b.lock/", None, "")
def test_every_branch_name_is_one_for_git(name: str, group: str | None, track: str) -> None:
    assert is_branch(branch_name([named(name, group=group, track=track)]))


subjects = st.tuples(hostile_names, st.sampled_from(["", "major"]))


@settings(max_examples=300, deadline=None)
@given(subjects, subjects)
@example(("a/b", ""), ("a+b", ""))
@example(("a.major", ""), ("a", "major"))
@example(("%2E", ""), (".", ""))
@example(("", ""), ("%", ""))
def test_different_subjects_have_different_branches(first: tuple[str, str], second: tuple[str, str]) -> None:
    left, right = (branch_name([named(name, track=track)]) for name, track in (first, second))
    assert (left == right) == (first == second)


# Commits and titles


@pytest.mark.parametrize(
    ("history", "prefix"),
    [
        (["Fix the door", "Add a window"], ""),
        (["fix: the door", "feat(web)!: a window"], "build(deps): "),
        (["fix: the door", "Add a window"], "build(deps): "),
        (["fix: the door", "Add a window", "Paint"], ""),
        (["Merge pull request #1", "Merge branch 'x'", "fix: the door"], "build(deps): "),
        (["chore(deps): bump a", "fix: b"], "chore(deps): "),
        (["chore(deps-dev): bump a", "fix: b"], "chore(deps): "),
        (["fix(dependencies)!: bump a", "fix: b"], "fix(dependencies): "),
        (["build(deps) everything", "fix:no space"], ""),
        (["build(deps\x1b[31m): x", "fix: b"], "build(deps): "),
        ([], ""),
    ],
)
def test_the_commit_style_of_the_history_is_kept(history: list[str], prefix: str) -> None:
    assert commit_style(history, CommitStyle.AUTO) == prefix
    assert commit_style(history, CommitStyle.PLAIN) == ""
    assert commit_style(history, CommitStyle.CONVENTIONAL) == (prefix or "build(deps): ")


def test_titles() -> None:
    assert title(one()) == "Bump sqlalchemy from 2.0.30 to 2.1.9"
    assert title(one(), "build(deps): ") == "build(deps): bump sqlalchemy from 2.0.30 to 2.1.9"
    assert title((update(">=1,<2"),)) == "Update flask requirement from >=1,<2 to >=1,<3"
    assert title([several_pins("==2.0.31", "==2.0.30")]) == "Bump sqlalchemy from 2.0.30 to 2.1.9"
    assert title(group_of_two()) == "Update types (2 updates)"
    assert title([replace(one, group=None) for one in group_of_two()]) == "Update dependencies (2 updates)"


def several_pins(*stated: str) -> Update:
    found = one()[0]
    first = found.changes[0]
    return replace(found, changes=tuple(replace(first, pin=replace(first.pin, text=text)) for text in stated))


def test_an_update_of_digests_alone_has_a_title() -> None:
    found = one()[0]
    pin = replace(found.changes[0].pin, part=Part.DIGEST)
    digest = replace(found, bump=Bump.DIGEST, changes=(replace(found.changes[0], pin=pin),))
    assert title([digest]) == "Bump sqlalchemy from 2.0.30 to 2.1.9"


def test_a_title_is_one_line_of_bounded_length() -> None:
    found = update("==1.0", name="x\n\n\x1b[31m" + "y" * 500)
    assert title([found]) == f"Bump x [31m{'y' * 61}… from 1.0 to 2.0"


def test_the_longest_title_fits_the_forge() -> None:
    # GitHub takes 256 characters.
    found = update(">=1,<2", name="y" * 500)
    change = replace(found.changes[0], text="z" * 500, pin=replace(found.changes[0].pin, text="w" * 500))
    assert 200 < len(title([replace(found, changes=(change,))], "fix(dependencies): ")) <= 256


def test_a_commit_message_tells_every_place_once_and_ends_in_trailers() -> None:
    shared = Pin("pnpm-workspace.yaml", Span(1, 7), "^1.0.0")
    sites = [dependency("^1.0.0", registry="npm", path=f"{name}/package.json", pins=(shared,)) for name in "ab"]
    found = only_update(decided(sites, listing("2.0.0", "1.0.0", of=sites[0].package)))
    assert commit_message([found], "build(deps): ") == (
        "build(deps): update flask requirement from ^1.0.0 to ^2.0.0\n"
        "\n"
        "pnpm-workspace.yaml: ^1.0.0 -> ^2.0.0\n"
        "\n"
        "Freshline: npm/flask@2.0.0\n"
    )


def test_no_text_can_forge_a_trailer() -> None:
    message = commit_message(hostile())
    assert re.findall(r"^Freshline: ", message, re.MULTILINE) == ["Freshline: "]
    assert len(message.splitlines()) == 5
    pin = Pin("p", Span(0, 5), ">=1,\n<2")
    found = update(">=1,<2", pins=(pin,))
    assert "p: >=1, <2 -> " in commit_message([found])


def test_a_split_major_says_that_it_is_one() -> None:
    smaller, major = decided(dependency(), listing("2.0", "1.5", "1.0"), policy(major=Major.SPLIT)).updates
    assert " waits" not in body([major], GATE, NOW)
    assert "2.0 waits: major releases are proposed apart" in body([smaller], GATE, NOW)
    assert "**major**" in body([major], GATE, NOW)
    assert major.package == package()
