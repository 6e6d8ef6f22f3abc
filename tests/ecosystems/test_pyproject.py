import pytest

from bot.core.model import (
    DeclaredRole,
    DeclaredRuntime,
    FileFacts,
    Include,
    Index,
    ParseError,
    Role,
    SkipReason,
    Statement,
    Workspace,
)
from bot.ecosystems._poetry import python_marker
from bot.ecosystems.pyproject import complete, extract


def read(text: str, path: str = "pyproject.toml") -> FileFacts:
    return extract(path, text)


def urls(facts: FileFacts) -> dict[str, str | None]:
    return {s.package.name: s.package.url for s in facts.statements}


def by_name(facts: FileFacts) -> dict[str, Statement]:
    return {s.package.name: s for s in facts.statements}


def reasons(facts: FileFacts) -> dict[str, SkipReason]:
    return {s.package.name: s.obstacle.reason for s in facts.statements if s.obstacle}


def role(text: str) -> Role | None:
    return next((d.role for d in read(text).declarations if isinstance(d, DeclaredRole)), None)


def test_invalid_toml() -> None:
    with pytest.raises(ParseError):
        read("[project")


def test_groups_and_lockable() -> None:
    facts = read(
        """
build-system.requires = ["a"]
project.dependencies = ["b"]
project.optional-dependencies.docs = ["c"]
project.optional-dependencies.odd = "c"
dependency-groups.dev = ["d", {include-group = "x"}]
tool.uv.dev-dependencies = ["e"]
tool.uv.build-constraint-dependencies = ["f"]
tool.hatch.envs.test.extra-dependencies = ["g"]
tool.hatch.build.hooks.x.dependencies = ["h"]
tool.pdm.dev-dependencies.lint = ["i"]
tool.poetry.requires-plugins.j = "^1"
tool.poetry.group.docs.dependencies.k = "^1"
tool.poetry.dev-dependencies.l = "^1"
tool.pdm.resolution.overrides.m = "1"
tool.pdm.resolution.overrides.n = "https://x.example/n.zip"
"""
    )
    assert {s.package.name: (s.context.group, s.lockable, s.scheme) for s in facts.statements} == {
        "a": ("build-system", False, "pep440"),
        "b": ("dependencies", True, "pep440"),
        "c": ("optional:docs", True, "pep440"),
        "d": ("group:dev", True, "pep440"),
        "e": ("group:dev", True, "pep440"),
        "f": ("uv:build-constraints", False, "pep440"),
        "g": ("hatch:test", False, "pep440"),
        "h": ("hatch:build", False, "pep440"),
        "i": ("group:lint", True, "pep440"),
        "j": ("poetry:plugins", False, "poetry"),
        "k": ("group:docs", True, "poetry"),
        "l": ("dev", True, "poetry"),
        "m": ("pdm:overrides", True, "poetry"),
        "n": ("pdm:overrides", True, "poetry"),
    }
    assert reasons(facts) == {"n": SkipReason.UNSUPPORTED_CONSTRAINT}


PUBLIC = '[build-system]\nrequires = []\n[project]\nname = "x"\nreadme = "R"\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[tool.black]\n", None),
        ('[project]\nname = "x"\nreadme = "R"\n', Role.APPLICATION),
        (PUBLIC, Role.LIBRARY),
        ('[build-system]\n[project]\nname = "x"\n', Role.APPLICATION),
        (PUBLIC + 'classifiers = ["Private :: Do Not Upload"]\n', Role.APPLICATION),
        (PUBLIC + "[tool.uv]\npackage = false\n", Role.APPLICATION),
        (PUBLIC + "[tool.uv]\npackage = true\n", Role.LIBRARY),
        (PUBLIC + "[tool.pdm]\ndistribution = false\n", Role.APPLICATION),
        ('[build-system]\n[tool.poetry]\nname = "x"\nversion = "1"\nreadme = "R"\n', Role.LIBRARY),
        ('[build-system]\n[tool.poetry]\nname = "x"\nreadme = "R"\n', Role.APPLICATION),
        (
            '[build-system]\n[tool.poetry]\nname = "x"\nversion = "1"\nreadme = "R"\npackage-mode = false\n',
            Role.APPLICATION,
        ),
    ],
)
def test_role(text: str, found: Role | None) -> None:
    assert role(text) == found


def test_runtime() -> None:
    assert DeclaredRuntime("python", "pep440", ">=3.9") in read('project.requires-python = " >=3.9 "').declarations
    assert read('project.requires-python = " "').declarations == ()
    poetry = read('tool.poetry.dependencies.python = "^3.9"')
    assert DeclaredRuntime("python", "poetry", "^3.9") in poetry.declarations
    assert [(s.scheme, s.constraint, s.pins[0].text) for s in poetry.statements] == [("poetry", "^3.9", "^3.9")]
    table = read('tool.poetry.dependencies.python = { version = "~3.9" }')
    assert DeclaredRuntime("python", "poetry", "~3.9") in table.declarations
    assert read("tool.poetry.dependencies.python = 3").declarations == (DeclaredRole(Role.APPLICATION),)


def test_a_runtime_comes_from_no_index() -> None:
    root = read(
        'tool.uv.workspace.members = ["python"]\n[[tool.uv.index]]\nurl = "https://x.test/simple"\ndefault = true'
    )
    member = extract("python/pyproject.toml", 'project.requires-python = ">=3.9"\nproject.dependencies = ["a==1"]\n')
    statements = {s.package.name: s for facts in complete([root, member], []) for s in facts.statements}
    assert (statements["python"].package.url, statements["a"].package.url) == (None, "https://x.test/simple")


def test_setuptools_files_are_taken_in() -> None:
    facts = read(
        """
[tool.setuptools.dynamic]
dependencies = { file = ["requirements.txt", "../out.txt"] }
optional-dependencies.dev = { file = "dev.txt" }
""",
        "svc/pyproject.toml",
    )
    assert facts.declarations == (Include("svc/requirements.txt"), Include("out.txt"), Include("svc/dev.txt"))


def test_poetry_sources() -> None:
    facts = read(
        """
[tool.poetry.dependencies]
a = "^1"
b = { version = "^1", source = "inner" }
c = { version = "^1", source = "nowhere" }
d = [{ version = "^1", source = "inner" }, [1]]
[[tool.poetry.source]]
name = "main"
url = "https://main.example/simple"
[[tool.poetry.source]]
name = "inner"
url = "https://inner.example/simple"
priority = "explicit"
[[tool.poetry.source]]
name = "old"
url = "https://old.example/simple"
secondary = true
[[tool.poetry.source]]
url = "https://anonymous.example/simple"
priority = "supplemental"
"""
    )
    main, inner = "https://main.example/simple", "https://inner.example/simple"
    assert urls(facts) == {"a": main, "b": inner, "c": main, "d": inner}
    assert reasons(facts) == {"c": SkipReason.UNKNOWN_REGISTRY}
    assert [(d.url, d.primary) for d in facts.declarations if isinstance(d, Index)] == [
        (main, True),
        ("https://old.example/simple", False),
        ("https://anonymous.example/simple", False),
    ]


def test_poetry_with_pypi_beside_it_has_no_primary_index() -> None:
    facts = read(
        """
[tool.poetry.dependencies]
a = "^1"
[[tool.poetry.source]]
name = "PyPI"
priority = "primary"
[[tool.poetry.source]]
name = "more"
url = "https://more.example/simple"
"""
    )
    assert urls(facts) == {"a": None}


def test_poetry_enriches_what_the_project_lists() -> None:
    facts = read(
        """
[project]
dependencies = ["a>=1"]
[tool.poetry.dependencies]
a = { source = "inner" }
b = { extras = ["x"] }
"c d" = "^1"
e = 1
f = []
[[tool.poetry.source]]
name = "inner"
url = "https://inner.example/simple"
priority = "explicit"
"""
    )
    assert [(s.package.name, s.constraint) for s in facts.statements] == [
        ("a", ">=1"),
        ("b", ""),
        ("c d", ""),
        ("e", ""),
    ]
    assert urls(facts)["a"] == "https://inner.example/simple"
    assert reasons(facts) == {"c d": SkipReason.INVALID_NAME, "e": SkipReason.UNSUPPORTED_CONSTRAINT}


def test_poetry_markers() -> None:
    facts = read(
        """
[tool.poetry.dependencies]
a = { version = "^1", markers = "sys_platform == 'linux'", python = "<3.9" }
b = { version = "^1", markers = "sys_platform == 'linux'" }
c = { version = "^1", python = "odd" }
"""
    )
    assert {s.package.name: s.context.marker for s in facts.statements} == {
        "a": "(sys_platform == 'linux') and (python_version < \"3.9\")",
        "b": "sys_platform == 'linux'",
        "c": "",
    }


@pytest.mark.parametrize(
    ("constraint", "marker"),
    [
        ("", ""),
        ("*", ""),
        (">=3.8,<3.12", 'python_version >= "3.8" and python_version < "3.12"'),
        (">=3.8 <3.12", 'python_version >= "3.8" and python_version < "3.12"'),
        ("^3.8", 'python_version >= "3.8" and python_version < "4"'),
        ("~3.8", 'python_version >= "3.8" and python_version < "3.9"'),
        ("~3", 'python_version >= "3" and python_version < "4"'),
        ("3.8.*", 'python_version >= "3.8" and python_version < "3.9"'),
        ("3.8.1", 'python_full_version == "3.8.1"'),
        ("=3.8", 'python_version == "3.8"'),
        ("<3.8 || >=3.12", '(python_version < "3.8") or (python_version >= "3.12")'),
        ("<3.8 | odd", ""),
    ],
)
def test_python_marker(constraint: str, marker: str) -> None:
    assert python_marker(constraint) == marker


def test_uv_sources() -> None:
    facts = read(
        """
[project]
dependencies = ["a>=1", "b>=1", "c>=1", "d>=1", "e>=1", "f>=1", "g>=1"]
[tool.uv]
extra-index-url = ["https://extra.example/simple", []]
[tool.uv.sources]
a = { index = "inner" }
b = [{ index = "inner", marker = "x" }, { index = "main", marker = "y" }]
c = { path = "../c" }
d = { url = "https://x.example/d.zip" }
e = { workspace = true }
f = { workspace = false }
[[tool.uv.index]]
name = "inner"
url = "https://inner.example/simple"
explicit = true
[[tool.uv.index]]
name = "main"
url = "https://main.example/simple"
default = true
[[tool.uv.index]]
name = "no address"
"""
    )
    assert urls(facts)["a"] == "https://inner.example/simple"
    assert urls(facts)["g"] == "https://main.example/simple"
    assert reasons(facts) == {
        "b": SkipReason.UNSUPPORTED_CONSTRAINT,
        "c": SkipReason.LOCAL,
        "d": SkipReason.UNSUPPORTED_CONSTRAINT,
        "e": SkipReason.LOCAL,
    }


def test_uv_index_url_and_nameless_index() -> None:
    facts = read('project.dependencies = ["a"]\ntool.uv.index-url = "https://main.example/simple"')
    assert urls(facts) == {"a": "https://main.example/simple"}
    facts = read('project.dependencies = ["a"]\ntool.uv.index = [{ url = "https://more.example/simple" }, 1]')
    assert urls(facts) == {"a": None}


def test_pdm_sources() -> None:
    facts = read(
        """
project.dependencies = ["a"]
tool.pdm.source = [
  { name = "more", url = "https://more.example/simple" },
  { name = "pypi", url = "https://main.example/simple" },
  { name = "links", url = "https://links.example/", type = "find_links" },
  { name = "none" },
  1,
]
"""
    )
    assert urls(facts) == {"a": "https://main.example/simple"}
    assert [d.primary for d in facts.declarations if isinstance(d, Index)] == [False, True]


ROOT = """
[project]
name = "root"
dependencies = ["other @ file:///x"]
[tool.uv]
index = [{ url = "https://main.example/simple", default = true }]
[tool.uv.workspace]
members = ["packages/*", "./deep/**"]
exclude = ["packages/not"]
[tool.uv.sources]
member = { workspace = true }
forked = { git = "https://code.example/forked" }
elsewhere = { index = "unknown" }
plain = { workspace = false }
"""


def test_workspace_members_inherit() -> None:
    member = 'project.dependencies = ["member>=1", "forked>=1", "plain>=1", "gone @ https://x.example/gone.zip"]'
    paths = ["packages/a", "packages/not", "packages/a/b", "deep/a/b", "beside"]
    facts = [read(ROOT), *(read(member, f"{path}/pyproject.toml") for path in paths)]
    assert Workspace(("packages/*", "./deep/**"), ("packages/not",)) in facts[0].declarations
    done = complete(facts, facts)
    assert done[0] is facts[0]
    assert {"member", "forked"} <= reasons(facts[0]).keys()
    for at, inherits in enumerate([True, False, False, True, False], start=1):
        assert ("member" in reasons(done[at])) is inherits
        assert ("forked" in reasons(done[at])) is inherits
        assert urls(done[at])["plain"] == ("https://main.example/simple" if inherits else None)
    assert reasons(done[1])["gone"] is SkipReason.UNSUPPORTED_CONSTRAINT


def test_members_of_a_root_in_a_folder() -> None:
    text = 'project.dependencies = ["a"]\ntool.uv.workspace.members = ["*"]'
    facts = [read(text, "x/pyproject.toml"), read(text, "x/y/pyproject.toml"), read(text, "z/pyproject.toml")]
    assert complete(facts, facts) == tuple(facts)
