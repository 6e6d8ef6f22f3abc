"""The shape of the house (DESIGN sections 3 and 9), held by tests."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import iter_modules

import grimp
import pytest

from bot import ecosystems, registries
from bot.core import versions
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, ParseError
from bot.core.versions.base import Scheme
from bot.registries.base import Registry

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
CASES = ROOT / "tests" / "ecosystems" / "cases"
Function = ast.FunctionDef | ast.AsyncFunctionDef

MANY_PARAMETERS = {
    "bot/registries/__init__.py:look_up": "the pass hands over its adapters once; four of six have defaults or names",
}
"""Functions with more than five positional parameters, and why."""

DEEP = {
    "bot/ecosystems/_poetry.py:poetry_explicit": "three loops over what TOML nests, and one question in the innermost",
    "bot/ecosystems/requirements.py:_spread": "the usual form of a search in breadth",
}
"""Functions with blocks nested more than three deep, and why."""

MINIMAL = ("", "\n", "{}", "[]", "a", "a = 1\n", "a: 1\n", "[a]\n", "\ufeff", "# x\n", "\0")


def modules_of(package: str) -> list[str]:
    folder = ROOT / package.replace(".", "/")
    return sorted(m.name for m in iter_modules([str(folder)]) if not m.name.startswith("_") and m.name != "base")


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("bot", cache_dir=None)


def test_the_contracts_of_the_layers_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("package", ["bot.ecosystems", "bot.registries"])
def test_what_stands_side_by_side_does_not_import_each_other(package: str) -> None:
    for name in modules_of(package):
        imported = graph().find_modules_directly_imported_by(f"{package}.{name}")
        siblings = {one.removeprefix(f"{package}.") for one in imported if one.startswith(f"{package}.")}
        assert {one for one in siblings if not one.startswith("_") and one != "base"} == set(), name


def test_no_module_takes_part_in_a_cycle() -> None:
    modules = {m for m in graph().modules if not (ROOT / m.replace(".", "/")).is_dir()}
    cyclic = [m for m in sorted(modules) if any(graph().chain_exists(n, m) for n in imports_of(m) & modules)]
    assert cyclic == []


def imports_of(module: str) -> set[str]:
    return graph().find_modules_directly_imported_by(module)


@pytest.mark.parametrize("name", modules_of("bot.ecosystems"))
def test_an_ecosystem_is_complete(name: str) -> None:
    found = importlib.import_module(f"bot.ecosystems.{name}").ecosystem
    assert isinstance(found, Ecosystem)
    assert found.name == name
    assert found.patterns
    assert all(pattern and not pattern.startswith("/") for pattern in found.patterns)
    assert found.version >= 1
    assert found in ecosystems.built_in()


@pytest.mark.parametrize("text", MINIMAL)
@pytest.mark.parametrize("name", modules_of("bot.ecosystems"))
def test_an_ecosystem_reads_a_minimal_text_or_says_why_not(name: str, text: str) -> None:
    found: Ecosystem = importlib.import_module(f"bot.ecosystems.{name}").ecosystem
    path = found.patterns[0].replace("*", "x")
    try:
        facts = found.extract(path, text)
    except ParseError as error:
        assert str(error)  # noqa: PT017 - either answer is right, and each is checked
        return
    assert isinstance(facts, FileFacts)
    assert (facts.path, facts.ecosystem) == (path, name)
    assert all(text[pin.span.start : pin.span.end] == pin.text for s in facts.statements for pin in s.pins)


@pytest.mark.parametrize("name", modules_of("bot.ecosystems"))
def test_an_ecosystem_that_gives_statements_has_golden_cases(name: str) -> None:
    source = (ROOT / "bot" / "ecosystems" / f"{name}.py").read_text(encoding="utf-8")
    if only_declares(source):
        return
    assert list((CASES / name).glob("*/case.toml")), f"tests/ecosystems/cases/{name} has no case"


def only_declares(source: str) -> bool:
    """Whether every ``FileFacts`` made in this module is given an empty tuple of statements."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and name_of(n.func) == "FileFacts"]
    third = [call.args[2] for call in calls if len(call.args) > 2]
    return bool(calls) and len(third) == len(calls) and all(isinstance(a, ast.Tuple) and not a.elts for a in third)


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("name", modules_of("bot.registries"))
def test_a_registry_is_complete(name: str) -> None:
    found: Registry = importlib.import_module(f"bot.registries.{name}").registry
    assert found.name == name
    assert registries.built_in()[name] is found
    assert found.scheme in versions.names()
    assert parameters_of(found.fetch) == parameters_of(Registry.fetch)[1:]
    assert parameters_of(found.default_url) == parameters_of(Registry.default_url)[1:]


@pytest.mark.parametrize("name", modules_of("bot.core.versions"))
def test_a_scheme_can_do_everything(name: str) -> None:
    found = versions.scheme(name)
    assert found.name == name
    wanted = [m for m, value in vars(Scheme).items() if inspect.isfunction(value) and not m.startswith("_")]
    assert len(wanted) == 8
    for method in wanted:
        assert len(parameters_of(getattr(found, method))) == len(parameters_of(getattr(Scheme, method))) - 1, method


def parameters_of(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


def functions() -> Iterator[tuple[str, Function]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}:{node.name}", node


def test_no_function_is_longer_than_50_lines() -> None:
    long = {place: node.end_lineno - node.lineno + 1 for place, node in functions() if node.end_lineno}
    assert {place: lines for place, lines in long.items() if lines > 50} == {}
    assert len(long) > 300


def test_no_function_has_more_than_five_positional_parameters() -> None:
    many = {place for place, node in functions() if positional(node) > 5}
    assert many == set(MANY_PARAMETERS)


def positional(node: Function) -> int:
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    return len(names) - (bool(names) and names[0] in {"self", "cls"})


def test_no_nesting_is_deeper_than_three() -> None:
    depths = {place: nesting(node) for place, node in functions()}
    assert {place: depth for place, depth in depths.items() if depth > (4 if place in DEEP else 3)} == {}
    assert {place for place in DEEP if depths.get(place) == 4} == set(DEEP)


def nesting(node: ast.AST) -> int:
    """The most blocks inside one another; an ``elif`` is no deeper than its ``if``."""
    blocks = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (Function, ast.ClassDef, ast.Lambda)):
            continue
        otherwise = isinstance(node, ast.If) and child in node.orelse and isinstance(child, ast.If)
        deepest = max(deepest, nesting(child) + (isinstance(child, blocks) and not otherwise))
    return deepest


def comments() -> Iterator[tuple[str, str]]:
    for path in sorted([*SOURCES, *(ROOT / "tests").rglob("*.py")]):
        if CASES in path.parents or ROOT / "tests" / "samples" in path.parents:
            continue  # repositories to be read, not code
        with path.open("rb") as stream:
            for token in tokenize.tokenize(stream.readline):
                if token.type == tokenize.COMMENT:
                    yield f"{path.relative_to(ROOT)}:{token.start[0]}", token.string


def test_every_exception_from_a_check_carries_its_reason() -> None:
    silent = re.compile(
        r"#\s*(?:noqa|type:\s*ignore|pragma)(?::\s*[A-Z0-9, ]+|\[[a-z, -]+\]|:\s*no (?:cover|branch))?\s*"
    )
    found = [(place, text) for place, text in comments() if silent.match(text)]
    assert found
    assert [one for one in found if len(silent.sub("", one[1], count=1).strip(" -#")) < 8] == []


def test_pure_code_is_recorded_as_such() -> None:
    for package in ("bot.core", "bot.formats", "bot.ecosystems"):
        reached = {m for m in graph().find_upstream_modules(package, as_package=True) if m.startswith("bot.")}
        assert reached <= {m for m in reached if m.startswith(("bot.core", "bot.formats", "bot.ecosystems"))}
