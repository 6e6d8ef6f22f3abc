from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core import markdown
from bot.core.markdown import clean, shorten

Z = "\u200b"
PIECES = [
    *(
        "@user",
        "@",
        "user",
        "@org/team",
        "#1",
        "#",
        "12",
        "o/r#3",
        "GH-1",
        "abc1234",
        "x",
        "é",
        "$",
        "%",
        "|",
        "'",
        '"',
    ),
    *("<", "<!--", "-->", "<b>", "</b>", "<a href='x'>", "<img src=x>", "<details>", "<br>", "<li>", "<https://e.io>"),
    *("`", "``", "```", "```js", "~~~", "\n", "\n\n", "  ", "    ", "\t", "\r", "- ", "> ", "1. ", "===", "---", "# "),
    *(
        "[",
        "]",
        "(",
        ")",
        "!",
        "[x]",
        "[ ]",
        "[r]: https://e.io/x\n",
        "[r]",
        "](",
        "[^1]",
        "[^1]: ",
        "*",
        "_",
        "~",
        ":",
    ),
    *(
        "https://github.com/o/r/pull/1",
        "https://e.io/a_(b)",
        "www.x.y",
        "mailto:a@b.c",
        "javascript:x",
        "://",
        "/close",
    ),
    *("\\", "&#64;", "&commat;", "&lt;", "&amp;", "&eacute;", "&", ";", "\ue000", "0", "\ue003", Z, "\u202e", "#### "),
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)
LOUD = re.compile(
    r"@\w|(?<![\w&])#\d|\w/\w+#\d|(?<![A-Za-z0-9])gh-\d|https?://|(?<![A-Za-z0-9])www\.\w|mailto:\w|<!--", re.IGNORECASE
)
RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def shown(text: str) -> Iterator[tuple[str, str]]:
    """What a reader of Markdown (another one than ours) makes of it: kinds and words, outside of code."""
    yield from read(RENDERER.parse(text))


def read(tokens: Iterable[Token]) -> Iterator[tuple[str, str]]:
    words = ""
    for token in tokens:
        if token.type in {"text", "text_special"}:
            words += token.content
            continue
        if words:
            yield "text", words
            words = ""
        if token.type in {"html_block", "html_inline", "image"}:
            yield "markup", token.content
        elif token.type == "link_open":
            yield "link", str(token.attrs["href"])
        elif token.type == "heading_open":
            yield "heading", token.tag
        yield from read(token.children or ())
    if words:
        yield "text", words


# --- laws ------------------------------------------------------------------------------------------


@given(HOSTILE)
def test_nothing_in_it_is_loud_for_another_reader(text: str) -> None:
    for kind, words in shown(clean(text)):
        assert kind != "markup", words
        assert kind != "text" or not LOUD.search(words), words
        assert kind != "heading" or words in {"h4", "h5", "h6"}
        assert kind != "link" or re.match(r"https?://(?!(?:www\.)?github\.com)", words), words


@given(HOSTILE)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(HOSTILE, HOSTILE)
def test_no_comment_and_no_sign_of_ours_survives(before: str, after: str) -> None:
    found = clean(f'{before}<!-- freshline:{{"schema":1}} -->{after}')
    assert "<!--" not in found
    assert not re.search("[\ue000-\ue003\u202e\r]", found)


@given(HOSTILE, st.integers(0, 120))
def test_a_cut_fits_and_leaves_nothing_open(text: str, room: int) -> None:
    whole = clean(text)
    found = shorten(whole, room, "https://e.io/notes")
    assert len(found) <= room
    assert clean(found) == found
    fences = [one for one in found.split("\n") if re.fullmatch(r"`{3,}[\w+#.-]*", one)]
    assert len(fences) % 2 == 0


@pytest.mark.parametrize("piece", [*PIECES, "[a](", "![", "[x](https://e.io/(", "`a", "[a]: ", "> - ", "<!-- ", "<a "])
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (2 * markdown.LONGEST // len(piece))
    start = time.perf_counter()
    clean(text)
    assert time.perf_counter() - start < 5, "a text of the longest length has to be read in no time"


# --- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Thanks @adam and @org/team", f"Thanks @{Z}adam and @{Z}org/team"),
        ("closes #12, o/r#3, GH-4, gh-5", f"closes #{Z}12, o/r#{Z}3, GH-{Z}4, gh-{Z}5"),
        (r"\@adam and \#12", rf"\@{Z}adam and \#{Z}12"),
        ("&#64;adam &commat;adam &#35;12", f"&amp;#{Z}64;adam &amp;commat;adam &amp;#{Z}35;12"),
        ("a &lt; b &amp; c &eacute; &nbsp;&#39;", "a &lt; b &amp; c é &nbsp;&#39;"),
        ("see 1234abcd", f"see 1234ab{Z}cd"),
        ("20260302 and defaced", "20260302 and defaced"),
        ("high-1 and a@b.c", f"high-1 and a@{Z}b.c"),
        ("/close me", f"/{Z}close me"),
        ("www.e.io and ftp://e.io", f"www{Z}.e.io and ftp:{Z}//e.io"),
        ("`@decorator` and ``a`b``", "`@decorator` and ``a`b``"),
        ("`@a | @b`", f"@{Z}a | @{Z}b"),
        ("`a | b`", "`a | b`"),
        ("`a`<b>`c`", f"`a`{Z}`c`"),
        ("don't \\` and `a\nb` @c", f"don't ' and 'a\nb' @{Z}c"),
        ("`<!-- x -->`", f"`<!{Z}-- x -->`"),
        ("$x^2$ and :tada: and **bold** \\*", "$x^2$ and :tada: and **bold** \\*"),
        ("a\u202eb\x07c\r\nd\u2028e", "abc\nd\ne"),
        ("- [ ] a\n- [x] b\n- [X] c", "- ☐ a\n- ☑ b\n- ☑ c"),
        ("a[^1] b\n\n[^1]: gone", "a b"),
        ("~~~~ no fence ~~~~x", "~~ no fence ~~x"),
    ],
)
def test_words(text: str, wanted: str) -> None:
    # The last one would be a fence at the beginning of its line.
    assert clean(f"x {text}" if text.startswith("~") else text) == (f"x {wanted}" if text.startswith("~") else wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a <b>bold</b> word", "a bold word"),
        ("a<br>b<hr/>c", "a\nbc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<img\n src='x'\n alt='y'>a", "a"),
        ("Vec<String> and a < b", f"Vec<{Z}String> and a < b"),
        ("<<b>script>x", f"<{Z}script>x"),
        (r"\<b>", f"<{Z}b>"),
        ("<b", f"<{Z}b"),
        ("a <!-- b --> c", "a  c"),
        ("a <!-- b\n@c\n--> d", "a  d"),
        ("<!-- a --><!-- b\n-->c", "c"),
        ("a <!-- @b", f"a <{Z}!-- @{Z}b"),
        ("a <!-- b\nc", f"a <{Z}!-- b\nc"),
        ("--> a", "--> a"),
    ],
)
def test_tags_and_comments(text: str, wanted: str) -> None:
    assert clean(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[a](https://e.io/x 'title')", "[a](https://e.io/x)"),
        ("[a](<https://e.io/x>)", "[a](https://e.io/x)"),
        ("[a](https://e.io/x_(y)|@z)", "[a](https://e.io/x_%28y%29%7C%40z)"),
        ("[a](docs/x.md) [b](#c) [c](mailto:x@y.z) [d](javascript:x)", "a b c d"),
        ("[`code`](https://e.io)", "[`code`](https://e.io)"),
        ("[](https://e.io)x", "x"),
        ("[a\nb](https://e.io)", "[a b](https://e.io)"),
        ("[a][r] [r][] [r]\n\n[R]: <https://e.io> 'x'", "[a](https://e.io) [r](https://e.io) [r](https://e.io)"),
        ("[a][nowhere] [b]", f"[a]{Z}[nowhere] [b]"),
        ("[a]: b", f"[a]{Z}: b"),
        ("![a](https://e.io/x.png)b", "b"),
        ("![a][r]b\n\n[r]: https://e.io/x.png", "b"),
        ("[![a](https://e.io/x.png)](https://e.io)b", "b"),
        ("![a](b c d)", f"!{Z}[a]{Z}(b c d)"),
        ("<https://e.io/x>", "[e.io/x](https://e.io/x)"),
        ("see https://e.io/x.", "see [e.io/x](https://e.io/x)."),
        ("(https://e.io/x) and https://e.io/a(b)", "([e.io/x](https://e.io/x)) and [e.io/a(b)](https://e.io/a%28b%29)"),
        ("https://e.io/?a=1&amp;b=2&copy=3", "[e.io/?a=1&amp;b=2&copy=3](https://e.io/?a=1&b=2&copy=3)"),
        ("https://e.io/" + "x" * 80, f"[e.io/{'x' * 54}…](https://e.io/{'x' * 80})"),
        ("https://localhost/x", f"https:{Z}//localhost/x"),
        ("by @a in https://github.com/o/r/pull/12", f"by @{Z}a in [#{Z}12](https://redirect.github.com/o/r/pull/12)"),
        ("https://github.com/o/r/compare/v1...v2", "[v1...v2](https://redirect.github.com/o/r/compare/v1...v2)"),
        ("https://GitHub.com:443/o/r", "[GitHub.com:443/o/r](https://redirect.github.com/o/r)"),
        ("[a](http://www.github.com/o/r/issues/1)", "[a](https://redirect.github.com/o/r/issues/1)"),
        ("[a](https://git&#104;ub.com/o/r)", "[a](https://redirect.github.com/o/r)"),
    ],
)
def test_links(text: str, wanted: str) -> None:
    assert clean(text) == wanted


def test_definitions_can_stand_elsewhere() -> None:
    known = markdown.definitions("[1.0]: https://e.io/1\n[Two  Words]: https://e.io/2\n")
    assert clean("[1.0] and [x][two words]", known) == "[1.0](https://e.io/1) and [x](https://e.io/2)"


def test_definitions_are_bounded() -> None:
    many = "\n".join(f"[{n}]: https://e.io/{n}" for n in range(markdown.MOST_DEFINITIONS + 9))
    assert len(markdown.definitions(many)) == markdown.MOST_DEFINITIONS


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# A\n## B\n#### C ##", "#### A\n##### B\n###### C"),
        ("#### A\n##### B", "#### A\n##### B"),
        ("A\n===\nB\n---\ntext", "#### A\n##### B\ntext"),
        ("- a\n---\nb", "- a\n\n---\nb"),
        ("> a\n> ===", "> a\n\n> ==="),
        ("a<li>", "#### a"),
        ("## a # #", "#### a"),
        ("# C#", "#### C#"),
        ("> # a\n- ## b\n#", "> #### a\n- ##### b\n####"),
        ("#12 is no heading", f"#{Z}12 is no heading"),
    ],
)
def test_headings(text: str, wanted: str) -> None:
    assert clean(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("```js\n@a <b>\n\n\n\n# x\n```\nb @c", f"```js\n@a <b>\n\n\n\n# x\n```\nb @{Z}c"),
        ("```\nopen", "```\nopen\n```"),
        ("~~~ py\na ``` b\n~~~", "````py\na ``` b\n````"),
        ("1. a\n   ```\n   x\n     y\n   ```\n2. b", "1. a\n```\nx\n  y\n```\n2. b"),
        ("- ```\n  x\n  ```\nb", "```\nx\n```\nb"),
        ("> ```\n> x\n@b", f"```\nx\n```\n@{Z}b"),
        ("> ```\n> x\n> ```\nb", "```\nx\n```\nb"),
        ("```mermaid\nx\n```", "```\nx\n```"),
        ("```suggestion\nx\n```", "```\nx\n```"),
        ("```<b>\nx\n```", "```\nx\n```"),
        ("```\n```", "```\n```"),
        ("```\n<!-- freshline -->\n```", f"```\n<!{Z}-- freshline -->\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("<!--\n```\n-->\na", "a"),
    ],
)
def test_fences(text: str, wanted: str) -> None:
    assert clean(text) == wanted


def test_only_so_much_is_read() -> None:
    assert clean("a" * 3 * markdown.LONGEST) == "a" * markdown.LONGEST


# --- cuts and lines --------------------------------------------------------------------------------


def test_a_cut_is_made_at_a_line_with_a_link_to_the_rest() -> None:
    text = "\n".join(["words and words"] * 20)
    found = shorten(text, 100, "https://e.io/notes")
    assert found == "\n".join(["words and words"] * 4) + "\n\n… [more](https://e.io/notes)"
    assert shorten(text, 100, "nowhere").endswith("words\n\n…")
    assert shorten(text, len(text), "") == text


def test_a_cut_can_be_made_in_a_line() -> None:
    assert shorten("word " * 50, 40, "") == "word word word word word word word\n\n…"
    assert shorten("w" * 500, 40, "") == "w" * 37 + "\n\n…"


def test_a_cut_that_needs_more_words_is_made_earlier() -> None:
    text = "```\n" + "x\n" * 100 + "```"
    found = shorten(text, 60, "")
    assert re.fullmatch(r"```\n(x\n){20,}```\n\n…", found)
    assert len(found) <= 60


def test_no_room_is_no_text() -> None:
    assert shorten("words", 3, "https://e.io/") == ""


def test_a_title_is_one_plain_line() -> None:
    assert markdown.line("# The\n*big* <b>one</b> &commat;all") == "# The big bone/b &amp;commat;all"


@pytest.mark.parametrize(
    "url", ["", "ftp://e.io", "https://e.io:x/", "https://u:p@e.io/", "https://e", "https://e.io/\n"]
)
def test_what_is_no_address(url: str) -> None:
    assert markdown.address(url) == ""
