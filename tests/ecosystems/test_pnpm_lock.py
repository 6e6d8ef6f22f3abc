from __future__ import annotations

import pytest

from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems.pnpm_lock import extract

MANIFESTS = ("package.json", "pnpm-workspace.yaml")

VERSION_9 = """\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

catalogs:
  default:
    react:
      specifier: ^18.0.0
      version: 18.2.0
  old:
    two:
      specifier: npm:lodash@~3.10.0
      version: 3.10.1

overrides:
  semver: 6.3.0

importers:

  .:
    dependencies:
      react:
        specifier: 'catalog:'
        version: 18.2.0
      react-dom:
        specifier: ^18.0.0
        version: 18.2.0(react@18.2.0)(@types/react@18.0.0)
      old:
        specifier: npm:react@^16.0.0
        version: react@16.14.0
      scoped-alias:
        specifier: npm:@babel/core@^7.0.0
        version: '@babel/core@7.26.0(supports-color@8.1.1)'
    devDependencies:
      '@types/node':
        specifier: ^20.0.0
        version: 20.1.0
    dependenciesMeta:
      react:
        injected: true

  packages/a:
    dependencies:
      b:
        specifier: workspace:*
        version: link:../b
      fork:
        specifier: github:x/fork
        version: https://codeload.example/x/fork/tar.gz/abc
      packed:
        specifier: file:x.tgz
        version: file:x.tgz
    optionalDependencies:
      pre:
        specifier: next
        version: 2.0.0-rc.1+build.5

  packages/b: {}

packages:

  react@18.2.0:
    resolution: {integrity: sha512-x}
    dependencies:
      js-tokens: 4.0.0
"""

VERSION_5_WORKSPACE = """\
lockfileVersion: 5.4

importers:

  .:
    specifiers:
      '@types/node': ^18.0.0
      old: npm:react@^16.0.0
      older: npm:@babel/core@^7.0.0
    dependencies:
      old: /react/16.14.0
      older: /@babel/core/7.1.0_supports-color@8.1.1
      peers: 1.2.3_react@18.2.0+x@1.0.0
      peer: 1.2.4_react@18.2.0
    devDependencies:
      '@types/node': 18.19.130

  packages/a:
    specifiers:
      b: workspace:*
    dependencies:
      b: link:../b

packages:
  /react/16.14.0:
    dev: false
"""

VERSION_5_ALONE = """\
lockfileVersion: 5.3

specifiers:
  react: ^17.0.0

dependencies:
  react: 17.0.2

packages:
  /react/17.0.2: {}
"""

VERSION_6_ALONE = """\
lockfileVersion: '6.0'

dependencies:
  react:
    specifier: ^17.0.0
    version: 17.0.2
  old:
    specifier: npm:react@^16.0.0
    version: /react@16.14.0

devDependencies:
  jest:
    specifier: ^29.0.0
    version: 29.7.0(ts-node@10.9.2)
"""


def read(text: str) -> FileFacts:
    facts = extract("pnpm-lock.yaml", text)
    assert facts.statements == ()
    return facts


def locked(facts: FileFacts) -> list[tuple[str, str, str | None]]:
    return [(one.name, one.version, one.importer) for one in facts.declarations if isinstance(one, Locked)]


def importers(facts: FileFacts) -> tuple[str, ...]:
    (found,) = [one for one in facts.declarations if isinstance(one, LockFile)]
    assert (found.tool, found.manifests) == ("pnpm", MANIFESTS)
    return found.importers


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_version_9(ending: str) -> None:
    facts = read(VERSION_9.replace("\n", ending))
    assert importers(facts) == (".", "packages/a", "packages/b")
    assert locked(facts) == [
        ("react", "18.2.0", None),
        ("lodash", "3.10.1", None),
        ("react", "18.2.0", "."),
        ("react-dom", "18.2.0", "."),
        ("react", "16.14.0", "."),
        ("@babel/core", "7.26.0", "."),
        ("@types/node", "20.1.0", "."),
        ("pre", "2.0.0-rc.1+build.5", "packages/a"),
    ]


def test_a_catalogs_version_answers_its_constraint() -> None:
    found = [one for one in read(VERSION_9).declarations if isinstance(one, Locked) and one.importer is None]
    assert [one.requested for one in found] == ["^18.0.0", "~3.10.0"]


def test_a_catalog_without_a_specifier() -> None:
    facts = read("lockfileVersion: '9.0'\ncatalogs:\n  default:\n    a:\n      version: 1.0.0\n")
    assert facts.declarations[1] == Locked("npm", "a", "1.0.0")


def test_version_5_with_a_workspace() -> None:
    facts = read(VERSION_5_WORKSPACE)
    assert importers(facts) == (".", "packages/a")
    assert locked(facts) == [
        ("react", "16.14.0", "."),
        ("@babel/core", "7.1.0", "."),
        ("peers", "1.2.3", "."),
        ("peer", "1.2.4", "."),
        ("@types/node", "18.19.130", "."),
    ]


def test_version_5_and_6_of_one_project() -> None:
    assert locked(read(VERSION_5_ALONE)) == [("react", "17.0.2", ".")]
    assert locked(read(VERSION_6_ALONE)) == [
        ("react", "17.0.2", "."),
        ("react", "16.14.0", "."),
        ("jest", "29.7.0", "."),
    ]
    assert importers(read(f"\ufeff{VERSION_5_ALONE}")) == (".",)


def test_the_last_document_is_the_projects_own() -> None:
    own = "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    packageManagerDependencies:\n      pnpm:\n"
    own += "        specifier: 11.0.0\n        version: 11.0.0\n    dependencies:\n      a: 1.0.0\n"
    assert locked(read(f"{own}\n---\n{VERSION_6_ALONE}")) == locked(read(VERSION_6_ALONE))


def test_quoted_keys() -> None:
    facts = read("lockfileVersion: 5.4\nimporters:\n  'it''s':\n    dependencies:\n      \"a\": 1.0.0\n")
    assert locked(facts) == [("a", "1.0.0", "it's")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "packages: {}\n",
        " lockfileVersion: 9\n",
        "lockfileVersion: 9\n<<<<<<< HEAD\n",
        "lockfileVersion: 9\nimporters:\n      a: 1.0.0\n",
    ],
)
def test_what_is_no_such_lock_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


@pytest.mark.parametrize(
    "line", ["a: " * 300_000, " " * 1_000_000 + "\r", "'" * 1_000_000, "a:b" * 300_000, "''" * 500_000]
)
def test_hostile_lines_take_no_time(line: str) -> None:
    assert locked(read(f"lockfileVersion: 9\nimporters:\n{line}\n")) == []
