from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import notes
from bot.core.model import Source
from bot.core.notes import MOST_IN_ALL, MOST_OF_ONE, MOST_VERSIONS, Entry, Published, Range, ReleaseNotes
from bot.core.versions import scheme

AT = datetime(2026, 3, 2, tzinfo=UTC)
PAGE = "https://github.com/encode/httpx/releases"


def between(after: str, upto: str, name: str = "pep440") -> Range:
    return Range(after, upto, scheme(name))


def published(tag: str, text: str = "words", title: str = "") -> Published:
    return Published(tag, title, text, f"{PAGE}/tag/{tag}", AT)


def versions(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.version for entry in entries]


# --- where the source is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/o/r",
        "http://github.com/o/r/",
        "https://www.GitHub.com/o/r.git",
        "git+https://github.com/o/r.git",
        "git+https://user@github.com/o/r.git#main",
        "git://github.com/o/r.git",
        "git+ssh://git@github.com/o/r.git",
        "ssh://git@github.com:22/o/r.git",
        "ssh://git@github.com/o/r",
        "git@github.com:o/r.git",
        "scm:git:https://github.com/o/r.git",
        "https://github.com/o/r/issues?q=1",
        "https://github.com/o/r/tree/main/packages/x",
        "https://github.com:443/o/r",
        " github:o/r ",
        "o/r",
        "o/r#main",
    ],
)
def test_an_address_that_is_a_repository(address: str) -> None:
    assert notes.repository(Source((address,))) == "o/r"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://github.com/o",
        "https://github.com/sponsors/o",
        "https://github.com/o/..",
        "https://github.com/../r",
        "https://github.com/o/r%20x",
        "https://github.com/o/é",
        "https://github.com.evil.example/o/r",
        "https://evil.example/github.com/o/r",
        "https://evilgithub.com/o/r",
        "https://gitlab.example/o/r",
        "gitlab:o/r",
        "github.com/o",
        "o/" + "r" * 101,
        "x" * 3000,
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    assert notes.repository(Source((address,))) is None


def test_the_first_address_that_can_be_read_counts() -> None:
    source = Source(("https://docs.example/", "https://git.corp.example/o/inner", "https://github.com/o/r"))
    assert notes.repository(source) == "o/r"
    assert notes.repository(source, ["git.corp.example"]) == "o/inner"
    assert notes.repository(Source(("o/r",)), ["git.corp.example"]) is None


# --- releases --------------------------------------------------------------------------------------


def test_the_versions_between_newest_first() -> None:
    tags = ["v1.3.0", "v1.2.1", "1.10", "v1.2.0", "v2.0rc1", "nightly", "v1.2.1"]
    found = notes.from_releases("httpx", between("1.2.0", "1.10"), [published(t) for t in tags], shared=False)
    assert versions(found) == ["1.10", "1.3.0", "1.2.1"]
    assert found[0] == Entry("1.10", "", "words", f"{PAGE}/tag/1.10", AT)


def test_pre_releases_count_on_the_way_to_one_only() -> None:
    tags = [published(tag) for tag in ("2.0", "2.0rc1", "2.0b1", "1.9")]
    assert versions(notes.from_releases("x", between("1.9", "2.0"), tags, shared=False)) == ["2.0"]
    assert versions(notes.from_releases("x", between("2.0b1", "2.0rc1"), tags, shared=False)) == ["2.0rc1"]


def test_a_version_in_use_that_is_none_gives_nothing() -> None:
    assert notes.from_releases("x", between("latest", "2.0"), [published("2.0")], shared=False) == ()


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("core", "1.2.3"),
        ("core", "v1.2.3"),
        ("core", "V1.2.3"),
        ("core", "release-1.2.3"),
        ("core", "release/v1.2.3"),
        ("core", "core-1.2.3"),
        ("core", "core-v1.2.3"),
        ("core", "core/v1.2.3"),
        ("core", "core_1.2.3"),
        ("core", "rel_1_2_3"),
        ("@babel/core", "@babel/core@1.2.3"),
        ("@babel/core", "core@1.2.3"),
        ("@babel/core", "babel-core-v1.2.3"),
        ("some-thing", "some_thing-1.2.3"),
    ],
)
def test_the_forms_of_tags(name: str, tag: str) -> None:
    found = notes.from_releases(name, between("1.2.2", "1.2.3", "npm"), [published(tag)], shared=True)
    assert versions(found) == ["1.2.3"]


@pytest.mark.parametrize("tag", ["other@1.2.3", "score-1.2.3", "words", "", "x" * 500 + "-1.2.3"])
def test_tags_of_others(tag: str) -> None:
    assert notes.from_releases("core", between("1.2.2", "1.2.3"), [published(tag)], shared=False) == ()


def test_in_a_shared_repository_tags_without_a_name_are_nobodys() -> None:
    tags = [published(tag) for tag in ("v1.2.3", "other@1.2.3")]
    wanted = between("1.2.2", "1.2.3")
    assert notes.from_releases("core", wanted, tags, shared=True) == ()
    assert versions(notes.from_releases("core", wanted, tags, shared=False)) == ["1.2.3"]
    assert versions(notes.from_releases("core", wanted, tags[:1], shared=True)) == ["1.2.3"]


def test_a_tag_with_the_name_is_stronger_than_one_without() -> None:
    tags = [published("v1.2.3", "of the whole"), published("core@1.2.3", "of the core")]
    (found,) = notes.from_releases("core", between("1.2.2", "1.2.3"), tags, shared=False)
    assert found.text == "of the core"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("v1.2.3", ""),
        ("Release 1.2.3", ""),
        ("httpx 1.2.3", ""),
        ("Version 1.2.3 (2026-03-02)", "Version 1.2.3 (2026-03-02)"),
        ("The *great* one @all", "The great one @\u200ball"),
        ("a" * 200, "a" * 99 + "…"),
    ],
)
def test_a_title_that_says_more_than_the_version_is_shown(title: str, shown: str) -> None:
    (found,) = notes.from_releases("httpx", between("1.2.2", "1.2.3"), [published("1.2.3", title=title)], shared=False)
    assert found.title == shown


def test_a_heading_that_says_the_version_again_is_left_out() -> None:
    def text(words: str) -> str:
        (found,) = notes.from_releases("x", between("1.0", "1.1"), [published("1.1", words)], shared=False)
        return found.text

    assert text("\r\n# x 1.1 (6th May)\r\n\r\n## New\r\n- a") == "#### New\n- a"
    assert text("# New in 1.0\n- a") == "#### New in 1.0\n- a"
    assert text("1.1 is out") == "1.1 is out"


def test_many_and_long_notes_are_bounded() -> None:
    releases = [published(f"1.{n}", "word " * 2000) for n in range(1, 60)]
    found = notes.from_releases("x", between("1.0", "1.59"), releases, shared=False)
    assert len(found) == MOST_VERSIONS
    assert versions(found)[0] == "1.59"
    assert all(len(entry.text) <= MOST_OF_ONE for entry in found)
    assert sum(len(entry.text) for entry in found) <= MOST_IN_ALL
    assert found[0].text.endswith(f"… [more]({PAGE}/tag/1.59)")
    assert found[-1].text == ""


# --- changelogs ------------------------------------------------------------------------------------

URL = "https://github.com/o/r/blob/main/CHANGELOG.md"

KEEP = """# Changelog

All notable changes.

## [Unreleased]

- not yet

## [1.2.0] - 2026-03-02

### Added

- This, see [the page][doc]

## [1.1.0] - 2026-02-01
### Upgrade to Python 3.13
- That

```
## 1.0.5 is no heading here
```

## [1.0.0]

- First

# Older

## 0.9
[doc]: https://docs.example/
[1.2.0]: https://github.com/o/r/compare/1.1.0...1.2.0
"""

UNDERLINED = """
Release History
===============

2.1.0 (2026-03-02)
------------------

* Later

Fixes
~~~~~

* A fix

Version 2.0.1
-------------
* Sooner

2.0.0
-----
* First
"""


def test_a_changelog_with_hashes() -> None:
    found = notes.from_changelog("x", between("1.0.0", "1.2.0"), KEEP, URL)
    assert versions(found) == ["1.2.0", "1.1.0"]
    assert found[0].text == "#### Added\n\n- This, see [the page](https://docs.example/)"
    assert found[1].text.startswith("#### Upgrade to Python 3.13\n- That")
    assert found[1].text.endswith("```\n## 1.0.5 is no heading here\n```")
    assert found[0].url == URL


def test_a_higher_heading_ends_a_version() -> None:
    (found,) = notes.from_changelog("x", between("0.9", "1.0.0"), KEEP, URL)
    assert found.text == "- First"


def test_a_changelog_with_lines_under_its_headings() -> None:
    found = notes.from_changelog("requests", between("2.0.0", "2.1.0"), UNDERLINED.replace("\n", "\r\n"), URL)
    assert versions(found) == ["2.1.0", "2.0.1"]
    assert "A fix" in found[0].text
    assert "Sooner" not in found[0].text
    assert found[1].text == "* Sooner"


@pytest.mark.parametrize(
    "heading",
    [
        "## 1.2.3",
        "# v1.2.3",
        "### [v1.2.3](https://x.example/1.1.0...1.2.3) (2026-03-02)",
        "## 2026-03-02, Version 1.2.3 (Current), @someone",
        "## @scope/some-name 1.2.3",
        "## some-name@1.2.3",
        "## What's new in 1.2.3",
        "**1.2.3**",
        "**Release 1.2.3**",
        "some-name 1.2.3\n===",
    ],
)
def test_headings_that_state_a_version(heading: str) -> None:
    found = notes.from_changelog("@scope/some-name", between("1.2.2", "1.2.3", "npm"), f"{heading}\n- words\n", URL)
    assert [(entry.version, entry.text) for entry in found] == [("1.2.3", "- words")]


@pytest.mark.parametrize(
    "heading", ["## Works with other 1.2.3", "- 1.2.3", "## 1", "text 1.2.3", "**words**", "## words", "1.2.3"]
)
def test_lines_that_state_none(heading: str) -> None:
    assert notes.from_changelog("x", between("1.2.2", "1.2.3"), f"{heading}\n- words\n", URL) == ()


def test_the_first_of_two_headings_counts() -> None:
    (found,) = notes.from_changelog("x", between("1.2", "1.3"), "## 1.3\n- new\n## 1.3\n- again\n", URL)
    assert found.text == "- new"


def test_a_row_of_signs_is_no_heading() -> None:
    assert versions(notes.from_changelog("x", between("1.2", "1.3"), "====\n1.3\n====\n- new\n", URL)) == ["1.3"]


@given(st.lists(st.sampled_from(["# 1.3", "1.3", "===", "```", "## 1.2", "words", "", "- x", "**1.3**"]), max_size=30))
def test_any_changelog_can_be_read(lines: list[str]) -> None:
    found = notes.from_changelog("x", between("1.1", "1.3"), "\n".join(lines), URL)
    assert versions(found) == sorted(set(versions(found)), reverse=True)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["README.md", "CHANGELOG.md"], "CHANGELOG.md"),
        (["HISTORY.rst", "CHANGES"], "CHANGES"),
        (["changelog.txt", "changelog.md"], "changelog.md"),
        (["NEWS", "Change-Log.MD"], "Change-Log.MD"),
        (["RELEASE-NOTES.md"], "RELEASE-NOTES.md"),
        (["changelog.py", "changes.d", "changelog.md.j2"], None),
        ([], None),
    ],
)
def test_the_name_of_the_changelog(names: list[str], chosen: str | None) -> None:
    assert notes.changelog_name(names) == chosen


# --- the section -----------------------------------------------------------------------------------


def told(*entries: Entry, name: str = "httpx") -> ReleaseNotes:
    return ReleaseNotes(name, "encode/httpx", entries, PAGE)


TWO = (
    Entry("0.28.1", "Second", "- b", f"{PAGE}/tag/0.28.1", AT),
    Entry("0.28.0", "", "- a", "", None),
)


def test_the_section() -> None:
    assert notes.section(told(*TWO), 10_000) == (
        "<details>\n<summary>Release notes of httpx, 0.28.0 to 0.28.1</summary>\n\n"
        f"### [0.28.1]({PAGE}/tag/0.28.1): Second\n\n2026-03-02\n\n- b\n\n"
        "### 0.28.0\n\n- a\n\n"
        f"From [encode/httpx]({PAGE}).\n\n</details>"
    )


def test_one_version_is_named_once() -> None:
    assert "<summary>Release notes of httpx, 0.28.0</summary>" in notes.section(told(TWO[1]), 10_000)


def test_nothing_to_say_is_no_section() -> None:
    assert notes.section(told(), 10_000) == ""


def test_a_version_without_words_is_only_named() -> None:
    text = notes.section(ReleaseNotes("x", "o/r", (Entry("1.0", "", "", "", None),), "javascript:x"), 10_000)
    assert "### 1.0\n\nFrom o/r.\n" in text


def test_a_stranger_cannot_write_markup_in_it() -> None:
    entry = Entry("1.0](x)<b>", "", "words", "https://github.com/o/r)<b>", None)
    text = notes.section(told(entry, name='<b>"@all"&#64;x</b>'), 10_000)
    assert "&lt;b&gt;&quot;@\u200ball&quot;&amp;#\u200b64;x&lt;/b&gt;" in text
    assert "### [1.0xb](https://github.com/o/r%29%3Cb%3E)" in text


@given(st.integers(-10, 3000))
def test_the_section_fits_its_room(room: int) -> None:
    entries = (Entry("3", "", "long words\n" * 80, PAGE, AT), *TWO)
    text = notes.section(told(*entries), room)
    assert len(text) <= max(room, 0)
    assert text == "" or text.endswith("</details>")


def test_the_oldest_are_left_out_first() -> None:
    whole = notes.section(told(*TWO), 10_000)
    cut = notes.section(told(*TWO), len(whole) - 1)
    assert "### [0.28.1]" in cut
    assert "### 0.28.0" not in cut
