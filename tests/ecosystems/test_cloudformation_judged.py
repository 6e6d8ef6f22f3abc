"""cfn-lint judges what we make of templates: an edited one has no error that it did not have before."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]  # it ships no type information
from cfnlint.core import get_rules  # type: ignore[import-untyped]  # it ships no type information
from cfnlint.rules import RulesCollection  # type: ignore[import-untyped]  # it ships no type information

from bot.core.edits import splice
from bot.core.model import Kind
from bot.ecosystems.cloudformation import extract
from tests.ecosystems.test_cases import CASES, Read, edits_for, texts_of

CORPUS = Path(__file__).parent / "corpus" / "cloudformation"
TEMPLATES = sorted(CORPUS.iterdir())
CHANGED = [
    folder
    for folder in sorted((CASES / "cloudformation").iterdir())
    if texts_of(folder / "before") != texts_of(folder / "after")
]
VERSIONS = {"aws-lambda": "3.13.1", "amazon-rds-postgresql": "17.5", "amazon-rds-mysql": "8.4.6"}
FLOATING = {"containers.yaml": 1}
"""How many statements of a template say what is never edited."""


@cache
def rules() -> RulesCollection:
    """Every rule that finds errors; those that only advise are left out."""
    return get_rules([], ["W", "I"], [], {}, False)


def errors(text: str) -> Counter[tuple[str, int]]:
    """What cfn-lint finds wrong: rule and line, however often."""
    return Counter((one.rule.id, one.linenumber) for one in lint(text, rules(), ["us-east-1"]))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_what_becomes_of_a_sound_template_is_sound(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert errors(text) == Counter()
    facts = extract(template.name, text)
    ids = {one.constraint for one in facts.statements if one.kind is Kind.MACHINE_IMAGE and one.pins}
    images = {one: f"ami-{hashlib.sha256(one.encode()).hexdigest()[:17]}" for one in ids}
    before = Read({template.name: text}, {(template.name, "cloudformation"): facts})
    edits = edits_for(before, {"versions": VERSIONS, "images": images})
    assert len(edits) == len(facts.statements) - FLOATING.get(template.name, 0) > 0
    assert errors(splice(text, edits)) == Counter()


@pytest.mark.parametrize("folder", CHANGED, ids=lambda path: path.name)
def test_no_golden_case_gains_an_error(folder: Path) -> None:
    after = texts_of(folder / "after")
    for path, text in texts_of(folder / "before").items():
        assert errors(after[path]) <= errors(text)


def test_the_judge_would_find_something() -> None:
    text = (CORPUS / "bastion.json").read_text(encoding="utf-8")
    assert errors(text.replace('"Default": "ami-', '"Default": "ima-'))
    assert errors(text.replace("}}", "}"))
