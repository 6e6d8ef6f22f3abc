"""Strangers' Markdown made safe for a pull request of ours. Pure.

GitHub looks for mentions, references and commit ids in the rendered text, and reads Markdown as
https://github.github.com/gfm/ says. So what is code is decided here, never guessed twice: a fence
is written anew at the beginning of its line, a code span begins and ends on one line, every other
backtick goes. Links are written anew too, as ``[text](address)`` alone. What then stands outside of
code and addresses is broken with zero-width spaces where it could be a tag, a mention or a reference.

``clean`` of what is clean changes nothing.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType

Definitions = Mapping[str, str]
NO_DEFINITIONS: Definitions = MappingProxyType({})

LONGEST = 16_000
"""Characters that are read of one text: four times what is shown."""
MOST_DEFINITIONS = 2_000
TOP_HEADING = 4
"""Our own headings are above this level."""
ZERO = "\u200b"
MORE = "…"

CODE, LINK, SIGN, END = "\ue000", "\ue001", "\ue002", "\ue003"
"""What stands for code spans, for links (which can't stand in other links), for escaped signs, and ends each."""
_CONTROLS = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff{CODE}{LINK}{SIGN}{END}]"
)
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_PREFIX = r"(?:[ \t]{0,20}(?:>|[-*+](?=[ \t])|[0-9]{1,9}[.)](?=[ \t]))){0,6}"
_FENCE = re.compile(rf"({_PREFIX})([ \t]*)(`{{3,}}(?=[^`]*\Z)|~{{3,}})[ \t]*(.*)")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,20}")
_DRAWN = frozenset({"geojson", "math", "mermaid", "stl", "suggestion", "topojson"})
"""Languages of fences that GitHub does not show as code."""
_TICKS = re.compile(r"`+")
_CODE = re.compile(r"\\([!-/:-@\[-`{-~])|(?<!`)(`{1,20})(?!`)([^\n]{1,1000}?)(?<!`)\2(?!`)|`+")
_TAGS = (
    "a abbr address article aside audio b big blockquote body br button caption center cite code col colgroup dd del"
    " details dfn div dl dt em embed figcaption figure font footer form g h1 h2 h3 h4 h5 h6 head header hr html i"
    " iframe img input ins kbd label li link main map mark math meta nav noscript object ol option p path picture pre q"
    " rp rt ruby s samp script section select small source span strike strong style sub summary sup svg table tbody td"
    " template textarea tfoot th thead time title tr track tt u ul var video wbr"
)
_TAG = re.compile(rf"</?({'|'.join(_TAGS.split())})(?:[\s/][^<>]{{0,3000}})?>", re.IGNORECASE)
_LINES_OF = {"br": "\n", "li": "\n- ", "p": "\n\n", "tr": "\n", "div": "\n", "h1": "\n\n", "h2": "\n\n", "h3": "\n\n"}
_ANGLED = re.compile(r"(?<!\]\()<(https?://[^\s<>]{1,2000})>", re.IGNORECASE)
_OPEN = re.compile(r"<(?=[A-Za-z/!?])")
_DEFINITION = re.compile(
    r" {0,3}\[([^\[\]\n]{1,200})\]:[ \t]*<?(https?://[^\s<>]{1,2000})>?"
    r"(?:[ \t]+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|\([^()\n]{0,300}\)))?[ \t]*",
    re.IGNORECASE,
)
_FOOTNOTE_LINE = re.compile(r"(?m)^ {0,3}\[\^[^\[\]\n]{1,100}\]:.*$")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]{1,100}\]")
_DESTINATION = (
    r"\(\s{0,9}<?((?:[^\s<>()]|\([^\s<>()]{0,200}\)){0,2000})>?"
    r"(?:\s{1,9}(?:\"[^\"]{0,300}\"|'[^']{0,300}'|\([^()]{0,300}\)))?\s{0,9}\)"
)
_TEXT = rf"\[((?:[^\[\]\n{LINK}]|\n(?!\s*\n)){{0,400}})\]"
_IMAGE = re.compile(rf"!{_TEXT}(?:{_DESTINATION}|\[([^\[\]\n]{{0,200}})\])")
_LINK = re.compile(rf"{_TEXT}(?:{_DESTINATION}|\[([^\[\]\n]{{0,200}})\])?")
_BARE = re.compile(rf"(?<![^\s*_~(\[\"'|,;:])(https?://[^\s<>\[\]`|{CODE}{LINK}{SIGN}{END}]{{1,2000}})", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(https?)://((?:[A-Za-z0-9-]{1,63}\.){1,10}[A-Za-z]{2,63})(:[0-9]{1,5})?((?:[/?#][!-~]{0,2000})?)", re.IGNORECASE
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._~:/?#&+,;=%$'-]|&(?=#|[A-Za-z0-9]{1,31};)")
_NUMBERED = re.compile(r"/([^/]+/[^/]+)/(?:issues|pull|pulls|discussions)/([0-9]{1,9})(?:[?#].*)?")
_COMPARED = re.compile(r"/[^/]+/[^/]+/compare/([^/?#]{1,80})")
_HEADING = re.compile(rf"(?m)^({_PREFIX}[ \t]{{0,3}})(#{{1,6}})(?:[ \t]+(.*))?$")
_UNDERLINED = re.compile(
    r"(?m)^(?![ \t]*(?:[-*+](?:[ \t]|$)|>|#{1,6}(?:[ \t]|$)|\||[0-9]{1,9}[.)][ \t])) {0,3}(\S.*)\n {0,3}(=+|-+)$"
)
_UNDER_OTHERS = re.compile(rf"(?m)(?<=[^\n])\n(?={_PREFIX}[ \t]*(?:=+|-+)$)")
_TRAILING = re.compile(r"[ \t]+(?=\n|\Z)")
_BOX = re.compile(r"\[([ xX])\]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")
_KEPT_ENTITIES = frozenset("\"'&<>\u00a0")
_STASHED = re.compile(f"[{CODE}{LINK}{SIGN}]([0-9]+){END}")
_TOUCHING = re.compile(f"({CODE}[0-9]+{END})(?={CODE})")
"""Two code spans that came together, which would be one or none."""
_COMMAND = re.compile(r"(?m)^([ \t]*)/(?=[A-Za-z])")
_COMMIT = re.compile(r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}\b")
_SIX = re.compile(r".{6}(?=.)")
_LOUD = re.compile(
    r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,8});"  # an entity that was kept stays one
    rf"|[@#](?=[\w{SIGN}])|(?<![A-Za-z0-9])gh\\?-(?=[0-9])"
    r"|(?:https?|ftp|mailto|xmpp):(?=[^\s\u200b])|(?<![A-Za-z0-9])www(?=\.)"
    rf"|(?<=\])[(:\[{LINK}]|<!(?=--)|~{{3,}}|!(?=[\[{LINK}])",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\\`*_{}\[\]<>|~]")


def clean(text: str, definitions: Definitions = NO_DEFINITIONS) -> str:
    """Markdown without tags, comments, images, footnotes and task boxes that mentions and references nothing.

    ``definitions`` are addresses by label that stand elsewhere in the same document. At most
    ``LONGEST`` characters are read; what comes out can be a little longer.
    """
    lines = _CONTROLS.sub("", _BREAKS.sub("\n", text[:LONGEST])).split("\n")
    known = {**definitions, **_defined(lines)}
    parts = [_fenced(part) if fenced else _prose(part, known) for fenced, part in _parts(lines)]
    return _demoted("\n".join(part for part in parts if part.strip()).strip("\n"))


def line(text: str) -> str:
    """A stranger's words on one line without markup, at most 100 characters."""
    flat = " ".join(_CONTROLS.sub(" ", text[:400]).split())
    words = " ".join(_calm(_SIGNS.sub("", flat)).split())
    return words if len(words) <= 100 else f"{words[:99]}{MORE}"


def quiet(text: str) -> str:
    """Text outside of code in which nothing mentions or references anything."""
    text = _COMMIT.sub(lambda m: _SIX.sub(lambda six: six[0] + ZERO, m[0]), text)
    return _COMMAND.sub(rf"\1/{ZERO}", _LOUD.sub(_hushed, text))


def _calm(text: str) -> str:
    """Text outside of code in which nothing is a tag, hides behind a character reference, or is loud."""
    return quiet(_OPEN.sub(f"<{ZERO}", _ENTITY.sub(_entity, text)))


def address(url: str) -> str:
    """The web address with nothing in it that could end a link early, "" for what is none."""
    whole = _ADDRESS.fullmatch(url[:2000])
    return "" if whole is None else f"{whole[1].lower()}://{whole[2]}{whole[3] or ''}{_encoded(whole[4])}"


def shorten(text: str, room: int, url: str) -> str:
    """Clean Markdown in at most ``room`` characters: cut at a line, no fence left open, with a link to the rest."""
    if len(text) <= room:
        return text
    link = address(url)
    tail = f"\n\n{MORE} [more]({link})" if link else f"\n\n{MORE}"
    left = room - len(tail)
    while left > 0:
        kept = clean(_cut(text, left))
        if len(kept) + len(tail) <= room:
            return f"{kept}{tail}" if kept else ""
        left -= max(1, len(kept) + len(tail) - room)
    return ""


def definitions(text: str) -> Definitions:
    """The link definitions of a whole document (``[1.2]: https://…``), by label in small letters."""
    return _defined(text.split("\n"))


def _cut(text: str, room: int) -> str:
    at = text.rfind("\n", 0, room + 1)
    at = at if at >= room // 2 else max(at, text.rfind(" ", 0, room + 1))
    return text[: at if at > 0 else room]


# Blocks


def _defined(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in lines:
        match = _DEFINITION.fullmatch(one) if "]:" in one else None
        if match and len(found) < MOST_DEFINITIONS:
            found.setdefault(_label(match[1]), match[2])
    return found


def _label(text: str) -> str:
    return " ".join(text.lower().split())


def _parts(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """The lines outside of fences, and those of each fence with its first line, in turn."""
    prose: list[str] = []
    at, ends = 0, max((n for n, one in enumerate(lines) if "-->" in one), default=-1)
    while at < len(lines):
        at, kept = _uncommented(lines, at, ends)
        opener = _FENCE.fullmatch(kept)
        if opener is None:
            prose.append(kept)
            at += 1
            continue
        end = _fence_end(lines, at + 1, opener)
        yield False, prose
        yield True, [kept, *lines[at + 1 : end]]
        prose, at = [], end + (end < len(lines) and _closes(lines[end], opener))
    yield False, prose


def _uncommented(lines: list[str], at: int, last: int) -> tuple[int, str]:
    """The line without comments (one that stands in code is none), and the number of the line it ends on."""
    kept, start = lines[at], 0
    while (found := kept.find("<!--", start)) >= 0:
        end = kept.find("-->", found + 4)
        if kept.count("`", 0, found) % 2 or (end < 0 and last <= at):
            start = found + 4
        elif end >= 0:
            kept = kept[:found] + kept[end + 3 :]
            start = found
        else:
            at = next(n for n in range(at + 1, last + 1) if "-->" in lines[n])
            kept = kept[:found] + lines[at].partition("-->")[2]
            start = found
    return at, kept


def _fence_end(lines: list[str], start: int, opener: re.Match[str]) -> int:
    """The number of the line that ends a fence; a quoted one ends with its quote."""
    quoted = ">" in opener[1]
    for n in range(start, len(lines)):
        if _closes(lines[n], opener) or (quoted and not lines[n].lstrip().startswith(">")):
            return n
    return len(lines)


def _closes(one: str, opener: re.Match[str]) -> bool:
    marks = one.lstrip(" \t>" if ">" in opener[1] else " \t").rstrip(" \t")
    return len(marks) >= len(opener[3]) and set(marks) == {opener[3][0]}


def _fenced(part: list[str]) -> str:
    """A fence at the beginning of the line, longer than any row of backticks in it."""
    opener = _FENCE.fullmatch(part[0])
    assert opener is not None  # noqa: S101  # _parts found it to be one
    inside = part[1:]
    if ">" in opener[1]:
        inside = [re.sub(r"^[ \t]*(?:>[ \t]?){1,6}", "", one) for one in inside]
    width = len(opener[2]) + len(opener[1])
    shift = min((len(one) - len(one.lstrip(" ")) for one in inside if one.strip()), default=0)
    text = "\n".join(one[min(width, shift) :] for one in inside).replace("<!--", f"<!{ZERO}--")
    longest = max((len(row) for row in _TICKS.findall(text)), default=0)
    marks = "`" * max(3, longest + 1)
    language = _LANGUAGE.match(opener[4])
    shown = language[0] if language and language[0].lower() not in _DRAWN else ""
    return f"{marks}{shown}\n{text}\n{marks}" if text else f"{marks}{shown}\n{marks}"


def _demoted(text: str) -> str:
    """Headings moved down, all by as much, until the highest is at ``TOP_HEADING``."""
    parts = list(_parts(text.split("\n")))
    prose = ["\n".join(part) for fenced, part in parts if not fenced]
    highest = min((len(m[2]) for one in prose for m in _HEADING.finditer(one)), default=TOP_HEADING)
    down = max(0, TOP_HEADING - highest)
    made = [_fenced(p) if fenced else _HEADING.sub(lambda m: _heading(m, down), "\n".join(p)) for fenced, p in parts]
    return "\n".join(one for (_, part), one in zip(parts, made, strict=True) if part)


def _heading(match: re.Match[str], down: int) -> str:
    words = (match[3] or "").rstrip()
    while (bare := words.rstrip("#")) != words and (not bare or bare[-1] in " \t"):
        words = bare.rstrip()
    return f"{match[1]}{'#' * min(6, len(match[2]) + down)} {words}".rstrip()


# Words


class _Stash:
    """What must not be looked at any more, and a mark in its place."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def put(self, text: str, mark: str = CODE) -> str:
        """What stands for a text: a mark and its number."""
        self._kept.append(text)
        return f"{mark}{len(self._kept) - 1}{END}"

    def restored(self, text: str) -> str:
        """The text with everything in its place again; a kept text can hold marks of earlier ones."""
        while END in text:
            text = _STASHED.sub(lambda m: self._kept[int(m[1])], text)
        return text


def _prose(lines: list[str], known: Definitions) -> str:
    """What stands outside of fences."""
    stash = _Stash()
    text = "\n".join(one for one in lines if not ("]:" in one and _DEFINITION.fullmatch(one)))
    text = _CODE.sub(lambda m: _span(m, stash), text)
    text = _ANGLED.sub(lambda m: _bare(m[1], stash), text)
    text = _TAG.sub(_untagged, text)
    text = _FOOTNOTE.sub("", _FOOTNOTE_LINE.sub("", text))
    text = _IMAGE.sub("", text)
    text = _LINK.sub(lambda m: _link(m, known, stash), text)
    text = _BARE.sub(lambda m: _bare(m[1], stash), text)
    text = _BOX.sub(lambda m: "☐" if m[1] == " " else "☑", text)
    text = _UNDERLINED.sub(lambda m: f"{'#' if m[2][0] == '=' else '##'} {m[1]}", _TRAILING.sub("", text))
    # What is underlined in a list or a quote would be a heading above ours.
    text = _UNDER_OTHERS.sub("\n\n", text)
    text = stash.restored(_TOUCHING.sub(rf"\1{ZERO}", _calm(text)))
    return re.sub(r"\n{3,}", "\n\n", _TRAILING.sub("", text))


def _span(match: re.Match[str], stash: _Stash) -> str:
    """A code span kept, an escaped sign as it is, and every other backtick as an apostrophe."""
    if match[1]:
        # Signs that make mentions and references are still looked at: without the backslash they would be shown.
        return (
            stash.put(match[0], SIGN)
            if match[1] in "*_[]()!|\\"
            else {"`": "'", "<": f"<{ZERO}"}.get(match[1], match[0])
        )
    if not match[2]:
        return "'"
    inside = match[3]
    if "|" in inside and (quiet(inside) != inside or "<" in inside):
        # A table ends its cell at the bar, whatever stands around it: there it would be no code.
        return inside.replace("`", "'").replace("\\", f"\\{ZERO}")
    return stash.put(f"{match[2]}{inside.replace('<!--', f'<!{ZERO}--')}{match[2]}")


def _untagged(match: re.Match[str]) -> str:
    name = match[1].lower()
    return "" if match[0].startswith("</") else _LINES_OF.get(name, "")


def _link(match: re.Match[str], known: Definitions, stash: _Stash) -> str:
    """A link with its address written anew; the text alone where it leads nowhere on the web."""
    text, url = match[1], match[2]
    if url is None:
        found = known.get(_label(match[3] or text))
        if found is None:
            return match[0]
        url = found
    link = _elsewhere(url)
    words = " ".join(text.split())
    if not words or not link:
        return words
    return f"{stash.put('[', LINK)}{words}{stash.put(f']({link})', LINK)}"


def _bare(url: str, stash: _Stash) -> str:
    """An address that stands in the text, as a link with a short text."""
    end = re.search(r"[?!.,:*_~'\"\])]*\Z", url)
    cut = end.start() if end else len(url)
    if url.count("(", 0, cut) > url.count(")", 0, cut) and url[cut : cut + 1] == ")":
        cut += 1
    url, rest = url[:cut], url[cut:]
    link = _elsewhere(url)
    return f"{stash.put(f'[{_calm(_shown(url))}]({link})', LINK)}{rest}" if link else f"{url}{rest}"


def _shown(url: str) -> str:
    """``#12`` and ``v1...v2`` as GitHub would show them, else the address without its beginning."""
    whole = _ADDRESS.fullmatch(url)
    path = whole[4] if whole and _is_github(whole[2]) else ""
    if numbered := _NUMBERED.fullmatch(path):
        return f"#{numbered[2]}"
    if compared := _COMPARED.fullmatch(path):
        return _SIGNS.sub("", compared[1])
    words = _SIGNS.sub("", url.partition("://")[2])
    return words.rstrip("!") if len(words) <= 60 else f"{words[:59]}{MORE}"


def _elsewhere(url: str) -> str:
    """The address to link to: GitHub's own go through its redirector, which makes no cross-reference."""
    link = address(_ENTITY.sub(lambda m: html.unescape(m[0]), url))
    whole = _ADDRESS.fullmatch(link)
    if whole is None or not _is_github(whole[2]):
        return link
    return f"https://redirect.github.com{whole[4]}"


def _is_github(host: str) -> bool:
    return host.lower() in {"github.com", "www.github.com", "redirect.github.com"}


def _encoded(path: str) -> str:
    return _UNSAFE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), path)


def _entity(match: re.Match[str]) -> str:
    """A character reference that stays one, the character, or (it would be read as markup) neither."""
    char = html.unescape(match[0])
    if char in _KEPT_ENTITIES:
        return match[0]
    if len(char) == 1 and not char.isascii() and char.isprintable() and unicodedata.category(char) != "Co":
        return char
    return f"&amp;{match[0][1:]}"


def _hushed(match: re.Match[str]) -> str:
    word = match[0]
    if len(word) > 1 and word[0] == "&":
        return word
    if word[0] == "~":
        return "~~"
    if word[0] in f"(:[{LINK}":
        return ZERO + word
    return word + ZERO
