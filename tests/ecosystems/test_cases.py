"""Golden cases: folders ``cases/<ecosystem>/<case>/{before,after}/`` with a ``case.toml``.

``[versions]`` maps package names to the version that each moves to; what already admits it
stays, unless it is exact. ``strategy`` (default ``replace``; ``widen`` for what widens), ``role``
(what the case's manifest must declare), ``statements`` (how many statements the case's own
ecosystem must see), ``[obstacles]`` (package name -> skip reason), ``[digests]`` (package name -> the
digest that its pins move to) and ``[images]`` (machine image's id -> the id that it becomes) are optional.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.edits import prove, splice
from bot.core.model import DeclaredRole, Edit, FileFacts, Part, Pin, Statement, Strategy
from bot.core.select import selector
from bot.core.versions import scheme
from bot.ecosystems import built_in

CASES = Path(__file__).parent / "cases"
SELECTOR = selector(built_in(), ())
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/case.toml"))


@dataclass(frozen=True)
class Read:
    texts: dict[str, str]
    facts: dict[tuple[str, str], FileFacts]

    def statements(self) -> list[Statement]:
        return [s for _, facts in sorted(self.facts.items()) for s in facts.statements]


def texts_of(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in files}


def read(texts: dict[str, str]) -> Read:
    found: dict[str, list[FileFacts]] = {
        ecosystem.name: [
            ecosystem.extract(path, text)
            for path, text in texts.items()
            if ecosystem in SELECTOR.ecosystems(path)
            and (not ecosystem.hints or any(hint in text for hint in ecosystem.hints))
        ]
        for ecosystem in built_in()
    }
    every = [facts for own in found.values() for facts in own]
    completed = [facts for e in built_in() for facts in e.complete(found[e.name], every)]
    return Read(texts, {(facts.path, facts.ecosystem): facts for facts in completed})


def rewritten(statement: Statement, version: str, strategy: Strategy) -> str | None:
    rules = scheme(statement.scheme)
    exact = rules.exact(statement.constraint)
    if exact == version or (exact is None and strategy is not Strategy.BUMP and satisfied(statement, version)):
        return None
    return rules.rewrite(statement.constraint, version, Strategy.WIDEN if statement.widens else strategy)


def satisfied(statement: Statement, version: str) -> bool:
    return scheme(statement.scheme).satisfies(version, statement.constraint)


def edits_for(before: Read, case: dict[str, object]) -> list[Edit]:
    versions = case.get("versions", {})
    assert isinstance(versions, dict)
    strategy = Strategy(str(case.get("strategy", "replace")))
    edits = {(edit.path, edit.span.start): edit for edit in images_for(before, case)}
    for statement in before.statements():
        pins = [pin for pin in statement.pins if pin.part is Part.VERSION]
        version = versions.get(statement.package.name)
        if not pins or version is None or statement.obstacle or statement.ignored:
            continue
        if text := rewritten(statement, version, strategy):
            before_it, after_it = statement.frame
            inner = text[len(before_it) : len(text) - len(after_it)]
            edits[pins[0].path, pins[0].span.start] = Edit(pins[0].path, pins[0].span, pins[0].text, inner)
            for pin, digest in digests_for(statement, case):
                edits[pin.path, pin.span.start] = Edit(pin.path, pin.span, pin.text, digest)
    return list(edits.values())


def images_for(before: Read, case: dict[str, object]) -> list[Edit]:
    images = case.get("images", {})
    assert isinstance(images, dict)
    moving = [s for s in before.statements() if not s.obstacle and not s.ignored and s.package.name in images]
    pins = [pin for statement in moving for pin in statement.pins if pin.part is Part.IMAGE_ID]
    return [Edit(pin.path, pin.span, pin.text, images[pin.text]) for pin in pins]


def digests_for(statement: Statement, case: dict[str, object]) -> list[tuple[Pin, str]]:
    digests = case.get("digests", {})
    assert isinstance(digests, dict)
    digest = digests.get(statement.package.name)
    return [(pin, digest) for pin in statement.pins if digest is not None and pin.part is Part.DIGEST]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_case(folder: Path) -> None:
    case = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    before = read(texts_of(folder / "before"))
    for statement in before.statements():
        for pin in statement.pins:
            assert before.texts[pin.path][pin.span.start : pin.span.end] == pin.text
    check_expectations(folder.parent.name, case, before)
    edits = edits_for(before, case)
    after = {path: splice(text, [e for e in edits if e.path == path]) for path, text in before.texts.items()}
    assert after == texts_of(folder / "after")
    again = read(after)
    assert again.facts.keys() == before.facts.keys()
    for key, facts in before.facts.items():
        own = {pin.span for statement in facts.statements for pin in statement.pins if pin.path == facts.path}
        if all(pin.path == facts.path for s in facts.statements for pin in s.pins):
            mine = [e for e in edits if e.path == facts.path and e.span in own]
            assert prove(facts, again.facts[key], mine) is None


def check_expectations(ecosystem: str, case: dict[str, object], found: Read) -> None:
    own = [facts for (_, name), facts in found.facts.items() if name == ecosystem]
    assert own, "no file of the case is one of its ecosystem"
    statements = [statement for facts in own for statement in facts.statements]
    if "statements" in case:
        assert len(statements) == case["statements"], [str(s.package) for s in statements]
    obstacles = {s.package.name: str(s.obstacle.reason) for s in statements if s.obstacle}
    if "obstacles" in case:
        assert obstacles == case["obstacles"]
    if "role" in case:
        roles = {str(d.role) for facts in own for d in facts.declarations if isinstance(d, DeclaredRole)}
        assert roles == {case["role"]}


def test_every_case_has_both_trees() -> None:
    assert FOLDERS
    for folder in FOLDERS:
        assert {path.name for path in folder.iterdir()} == {"before", "after", "case.toml"}


@pytest.mark.parametrize(
    "ecosystem",
    [
        "pyproject",
        "requirements",
        "setup_cfg",
        "setup_py",
        "pipfile",
        "pep723",
        "runtime_files",
        "go_mod",
        "dockerfile",
        "cloudformation",
        "terraform",
        "packer",
        "cdk",
        "cdk_context",
        "compose",
        "parameters",
        "karpenter",
        "eksctl",
    ],
)
def test_there_are_as_many_no_op_cases_as_changes(ecosystem: str) -> None:
    folders = [folder for folder in FOLDERS if folder.parent.name == ecosystem]
    still = [folder for folder in folders if texts_of(folder / "before") == texts_of(folder / "after")]
    assert len(still) >= 3
    assert len(folders) - len(still) >= 3
