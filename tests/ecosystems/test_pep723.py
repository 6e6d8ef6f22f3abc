import pytest

from bot.core.model import DeclaredRuntime, Index, ParseError
from bot.ecosystems.pep723 import extract

TEXT = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
#
# dependencies = [
#   "a<2",  # freshline: ignore
#   "b",
# ]
# [[tool.uv.index]]
# url = "https://main.example/simple"
# default = true
# ///
"""


def test_extract() -> None:
    facts = extract("x.py", TEXT)
    a, b = facts.statements
    assert (a.constraint, a.line, a.lockable, a.ignored) == ("<2", 6, False, "asked by a comment on line 6")
    assert (b.constraint, b.line, b.pins) == ("", 7, ())
    assert a.package.url == "https://main.example/simple"
    assert TEXT[a.pins[0].span.start : a.pins[0].span.end] == "<2"
    assert facts.declarations == (
        DeclaredRuntime("python", "pep440", ">=3.11"),
        Index("pypi", "https://main.example/simple", primary=True),
    )


def test_invalid_toml_is_found_on_its_line() -> None:
    with pytest.raises(ParseError, match=r"^line 3: (?!line)") as caught:
        extract("x.py", "\n# /// script\n# dependencies = [\n# ///\n")
    assert caught.value.line == 3


def test_two_blocks_are_refused() -> None:
    block = "# /// script\n# dependencies = []\n# ///\n\n"
    with pytest.raises(ParseError, match="line 5: a second block"):
        extract("x.py", block + block)


@pytest.mark.parametrize(
    "text", ["", "# /// script\n", "# /// script\n# ///\n", "# /// scripts\n# ///\n", "x = '# /// script'\n"]
)
def test_nothing_to_read(text: str) -> None:
    assert extract("x.py", text).statements == ()


def test_an_open_block_before_a_good_one() -> None:
    facts = extract("x.py", "# /// script\n\n# /// script\n# dependencies = ['a']\n# ///\n")
    assert [s.package.name for s in facts.statements] == ["a"]


def test_many_openings_end_soon() -> None:
    assert extract("x.py", "# /// script\n" * 20_000).statements == ()
