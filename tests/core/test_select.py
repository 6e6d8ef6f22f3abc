"""Which files are read, by whom, and which folders are left out."""

from __future__ import annotations

import time

import pytest

from bot.core.ecosystem import Ecosystem
from bot.core.rules import DEFAULT_EXCLUDE
from bot.core.select import selector
from tests.fakes.values import facts


def ecosystem(name: str, *patterns: str) -> Ecosystem:
    return Ecosystem(name, patterns, 1, lambda path, text: facts(path))


ALL = (
    ecosystem("npm", "package.json"),
    ecosystem("script", "*.py"),
    ecosystem("project", "pyproject.toml", "py?roject.toml"),
    ecosystem("action", ".github/workflows/*.yml", "**/charts/*/values.yaml", "deploy/**"),
    ecosystem("multi", "a*b*c.txt"),
)


def readers(path: str, *excluded: str) -> list[str]:
    return [one.name for one in selector(ALL, excluded).ecosystems(path)]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("package.json", ["npm"]),
        ("a/b/package.json", ["npm"]),
        ("a/package.json/readme", []),
        ("notpackage.json", []),
        ("x.py", ["script"]),
        ("a/b/x.py", ["script"]),
        ("a/x.pyc", []),
        ("x.py/y", []),
        ("pyproject.toml", ["project"]),
        ("py_roject.toml", ["project"]),
        (".github/workflows/ci.yml", ["action"]),
        ("sub/.github/workflows/ci.yml", []),
        (".github/workflows/a/ci.yml", []),
        ("charts/web/values.yaml", ["action"]),
        ("k8s/charts/web/values.yaml", ["action"]),
        ("k8s/charts/web/more/values.yaml", []),
        ("deploy/a", ["action"]),
        ("deploy/a/b/c", ["action"]),
        ("deploy", []),
        ("a1b2c.txt", ["multi"]),
        ("x/abbc.txt", ["multi"]),
        ("a/b/c.txt", []),
        ("strange\nfolder/x.py", ["script"]),
    ],
)
def test_who_reads_a_path(path: str, names: list[str]) -> None:
    assert readers(path) == names


def test_several_ecosystems_read_one_path_in_order_of_their_names() -> None:
    both = (ecosystem("z", "*.py"), ecosystem("a", "setup.py", "*.py"))
    assert [one.name for one in selector(both, ()).ecosystems("setup.py")] == ["a", "z"]


@pytest.mark.parametrize(
    ("glob", "path", "read"),
    [
        ("vendor", "vendor/package.json", False),
        ("vendor", "a/vendor/b/package.json", False),
        ("vendor", "vendors/package.json", True),
        ("vendor", "avendor/package.json", True),
        ("package.json", "a/package.json", False),
        ("*-old", "a-old/package.json", False),
        ("docs/samples", "docs/samples/a/package.json", False),
        ("docs/samples", "x/docs/samples/package.json", True),
        ("docs/samples", "docs/samples2/package.json", True),
        ("/docs", "docs/package.json", False),
        ("/docs", "a/docs/package.json", True),
        ("./docs/", "docs/package.json", False),
        ("./docs/", "a/docs/package.json", True),
        ("docs//a", "docs/a/package.json", False),
        ("docs/package.json", "docs/package.json", False),
        ("docs/**", "docs/a/package.json", False),
        ("docs/**/old", "docs/a/b/old/package.json", False),
        ("docs/**/old", "docs/old/package.json", False),
        ("docs/**/old", "docs/olds/package.json", True),
        ("**/old/*.json", "a/old/package.json", False),
        ("**/old/*.json", "a/old/b/package.json", True),
        ("do?s/a", "docs/a/package.json", False),
        ("a.b", "axb/package.json", True),
        ("[ab]", "a/package.json", True),
        ("", "package.json", True),
        ("/", "package.json", False),
        ("**", "package.json", False),
    ],
)
def test_what_policy_leaves_out(glob: str, path: str, read: bool) -> None:
    assert bool(readers(path, glob)) is read


def test_the_default_leaves_out_what_others_own() -> None:
    assert readers("web/node_modules/x/package.json", *DEFAULT_EXCLUDE) == []
    assert readers("web/package.json", *DEFAULT_EXCLUDE) == ["npm"]
    assert readers("web/package.json") == ["npm"]


@pytest.mark.parametrize("glob", ["**/a/" * 40 + "b", "*a" * 90 + "b", "**/*a*a*a*a/" * 15 + "b"])
def test_no_glob_of_a_repository_makes_the_match_slow(glob: str) -> None:
    chosen = selector(ALL, (glob,))
    before = time.process_time()
    assert [one.name for one in chosen.ecosystems("a/" * 1500 + "package.json")] == ["npm"]
    assert [one.name for one in chosen.ecosystems("a" * 3000 + "/package.json")] == ["npm"]
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("glob", "path", "read"),
    [
        ("*.tf.json", "a/main.tf.json", True),
        ("*.tf.json", "a/main.json", False),
        ("*.*", "a/main.json", True),
        ("*", "a/b", True),
        ("*params*.json", "x/my-params-1.json", True),
        ("*params*.json", "params.json/x.json", False),
        ("config/**/*.json", "config/a.json", True),
        ("config/**/*.json", "config/a/b/c.json", True),
        ("config/**/*.json", "x/config/a.json", False),
        ("**/vars/*.yml", "vars/a.yml", True),
        ("**/vars/*.yml", "a/vars/b/vars/c.yml", True),
        ("**/vars/*.yml", "a/vars/b/c.yml", False),
        ("a/**/b/**/c.json", "a/b/c.json", True),
        ("a/**/b/**/c.json", "a/x/b/y/b/c.json", True),
        ("a/**/b/**/c.json", "a/x/c.json", False),
        ("**/group_vars/**", "x/group_vars/all", True),
        ("**/group_vars/**", "x/group_vars", False),
        ("/top/*.json", "top/a.json", True),
        ("/top/*.json", "x/top/a.json", False),
        ("**/**/a.json", "a.json", True),
    ],
)
def test_patterns_with_folders(glob: str, path: str, read: bool) -> None:
    assert bool(selector((ecosystem("one", glob),), ()).ecosystems(path)) is read


@pytest.mark.parametrize("glob", ["**/a/" * 40 + "b.json", "*a" * 90 + "b.json", "**/*a*a*a*a/" * 15 + "b.json"])
def test_no_pattern_of_a_policy_makes_the_match_slow(glob: str) -> None:
    chosen = selector((ecosystem("one", glob),), ())
    before = time.process_time()
    assert chosen.ecosystems("a/" * 1500 + "x.json") == ()
    assert chosen.ecosystems("a" * 3000 + "/x.json") == ()
    assert chosen.ecosystems("a" * 3000 + "x.json") == ()
    assert time.process_time() - before < 2
