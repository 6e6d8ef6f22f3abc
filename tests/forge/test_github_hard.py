"""Repositories that are large, odd, hostile, or change while they are read: a reason, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot import ecosystems
from bot.core.model import FileReason
from bot.extraction import Limits, Reading, read
from bot.forge.base import ForgeError, Snapshot
from bot.forge.github_errors import GitHubError
from bot.store import FactsCache, Store
from tests.fakes.github import refs
from tests.fakes.github.gitrepo import FILE, FOLDER, Entry
from tests.fakes.github.world import Content, Special, link_to, submodule
from tests.forge.github_desk import NAME, Desk, desk, refused

LIMITS = Limits(16 * 1024 * 1024, ())
PROJECT = '[project]\nname = "shop"\ndependencies = ["django==5.1"]\n'
SCRIPT = '# /// script\n# dependencies = ["rich==13.0"]\n# ///\n'


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


@pytest.fixture
def facts() -> Iterator[FactsCache]:
    with Store.in_memory() as store:
        yield store.facts("7")


def repository(at: Desk, files: dict[str, Content], name: str = "acme/hard") -> str:
    at.github.create_repository(name, files)
    return name


def reading(snapshot: Snapshot, facts: FactsCache) -> Reading:
    return read(snapshot, ecosystems.built_in(), facts, LIMITS)


def named(reading: Reading) -> list[str]:
    return [one.path for one in reading.files]


def skipped(reading: Reading) -> dict[str, FileReason]:
    return {one.path: one.reason for one in reading.skipped}


def contents(at: Desk) -> list[list[str]]:
    """The blobs that each query for contents asked for."""
    bodies: list[Any] = [one.body for one in at.github.requests if one.operation == "Contents"]
    return [
        [blob for name, blob in body["variables"].items() if name[0] == "o" and name[1:].isdecimal()] for body in bodies
    ]


def operations(at: Desk) -> list[str | None]:
    return [one.operation or one.template for one in at.github.requests if one.kind != "token"]


# --- reading only what changed ---------------------------------------------------------------------


def test_a_hundred_manifests_and_as_many_scripts_as_are_searched_cost_three_reads(at: Desk, facts: FactsCache) -> None:
    manifests = {f"services/s{n:03}/pyproject.toml": PROJECT.replace("5.1", f"5.{n}") for n in range(100)}
    scripts = {f"tools/t{n:04}.py": f"print({n})\n" for n in range(1000)}
    found = {f"tools/t{n:04}.py": SCRIPT.replace("13.0", f"13.{n}") for n in (3, 250)}
    name = repository(at, {**manifests, **scripts, **found})
    at.forge(name)  # an App asks once which installation a repository belongs to
    at.github.forget_requests()
    first = reading(at.forge(name).snapshot(), facts)
    assert named(first) == sorted([*manifests, *found])
    assert operations(at)[-3:] == ["Overview", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "Contents"]
    assert at.counts() == {"reads": 3, "writes": 0}
    assert [len(blobs) for blobs in contents(at)] == [400]


def test_the_second_time_only_what_changed_is_asked_for(at: Desk, facts: FactsCache) -> None:
    manifests: dict[str, Content] = {f"s{n}/pyproject.toml": PROJECT.replace("5.1", f"5.{n}") for n in range(5)}
    name = repository(at, {**manifests, **{f"t{n}.py": f"print({n})\n" for n in range(50)}, "x.py": SCRIPT})
    before = reading(at.forge(name).snapshot(), facts)
    at.github.push(name, "main", {"s3/pyproject.toml": PROJECT.replace("5.1", "4.2"), "README.md": "words\n"})
    at.github.forget_requests()
    snapshot = at.forge(name).snapshot()
    after = reading(snapshot, facts)
    blob = next(entry.blob for entry in snapshot.entries() if entry.path == "s3/pyproject.toml")
    assert contents(at) == [[blob]]
    assert at.counts() == {"reads": 3, "writes": 0}
    assert [one for one in after.files if one not in before.files] == [after.files[3]]
    at.github.forget_requests()
    assert reading(at.forge(name).snapshot(), facts) == after
    assert at.counts() == {"reads": 2, "writes": 0}


def test_the_same_file_in_many_places_is_asked_for_once(at: Desk, facts: FactsCache) -> None:
    name = repository(at, {f"s{n}/pyproject.toml": PROJECT for n in range(30)})
    assert len(reading(at.forge(name).snapshot(), facts).files) == 30
    assert [len(blobs) for blobs in contents(at)] == [1]


def test_a_new_script_among_searched_ones_is_found(at: Desk, facts: FactsCache) -> None:
    name = repository(at, {"a.py": "print(1)\n", "b.py": "print(2)\n"})
    assert reading(at.forge(name).snapshot(), facts).files == ()
    at.github.push(name, "main", {"b.py": SCRIPT})
    at.github.forget_requests()
    assert named(reading(at.forge(name).snapshot(), facts)) == ["b.py"]
    assert [len(blobs) for blobs in contents(at)] == [1]


# --- large -----------------------------------------------------------------------------------------


def folder(at: Desk, entries: dict[str, Entry]) -> Entry:
    """A folder written straight into the repository, however much it unfolds to."""
    return Entry(FOLDER, at.github.repository(NAME).git.write_tree(entries))


def file(at: Desk, text: str) -> Entry:
    return Entry(FILE, at.github.repository(NAME).git.write("blob", text.encode()))


def put(at: Desk, tree: Entry) -> None:
    """The default branch with this tree; told to nobody, as what changed could not be counted."""
    r = at.github.repository(NAME)
    owner = at.github.world.actor("maintainer").user
    commit = refs.commit(at.github.world, r, tree.sha, [str(at.github.head(NAME))], "All of it", owner)
    r.git.set_ref("refs/heads/main", commit)


def test_a_hundred_thousand_files(at: Desk, facts: FactsCache) -> None:
    many = folder(at, {f"f{n:03}.txt": file(at, "same\n") for n in range(100)})
    parts = {f"e{n:02}": many for n in range(50)}
    top = {f"d{n:02}": folder(at, {**parts, f"own{n}.txt": file(at, "own\n")}) for n in range(19)}
    with_manifest = folder(at, {**parts, "package.json": file(at, '{"dependencies": {"a": "^1.0.0"}}')})
    put(at, folder(at, {**top, "d19": with_manifest, "pyproject.toml": file(at, PROJECT)}))
    at.github.forget_requests()
    snapshot = at.forge().snapshot()
    assert named(reading(snapshot, facts)) == ["d19/package.json", "pyproject.toml"]
    assert len(snapshot.entries()) == 100_021
    assert at.counts() == {"reads": 24, "writes": 0}  # overview, whole tree, its root, twenty folders, contents


def test_a_tree_that_unfolds_without_end(at: Desk) -> None:
    entry = file(at, "x")
    for _ in range(9):
        entry = folder(at, {f"d{n}": entry for n in range(10)})
    put(at, entry)
    at.github.world.settings.tree_limit = 1000
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot()
    refused(error, "The repository has more files than can be listed", NAME)


def test_a_manifest_of_thirty_megabytes_is_refused_without_fetching_it(at: Desk, facts: FactsCache) -> None:
    name = repository(at, {"package.json": "{" + " " * 30 * 1024 * 1024 + "}", "pyproject.toml": PROJECT})
    at.github.forget_requests()
    found = reading(at.forge(name).snapshot(), facts)
    assert named(found) == ["pyproject.toml"]
    [skip] = found.skipped
    assert (skip.path, skip.reason) == ("package.json", FileReason.TOO_LARGE)
    assert skip.detail == "30.0 MiB; files above 16 MiB are not read"
    assert at.counts() == {"reads": 3, "writes": 0}


# --- odd -------------------------------------------------------------------------------------------


def test_links_and_submodules_where_manifests_are_expected(at: Desk, facts: FactsCache) -> None:
    files: dict[str, Content] = {
        "real/pyproject.toml": PROJECT,
        "pyproject.toml": link_to("real/pyproject.toml"),
        "package.json": link_to("/etc/passwd"),
        "lib": link_to("real"),
        "requirements.txt": submodule("1" * 40),
        "vendored": submodule("2" * 40),
        "tool.py": link_to("real/tool.py"),
        "run/requirements.txt": Special("rich==13.0\n"),
    }
    found = reading(at.forge(repository(at, files)).snapshot(), facts)
    assert named(found) == ["real/pyproject.toml", "run/requirements.txt"]
    assert skipped(found) == dict.fromkeys(["package.json", "pyproject.toml"], FileReason.SYMBOLIC_LINK)


ODD = [
    "new\nline",
    'quo"te',
    "it's",
    "\U0001f600",
    "back\\slash",
    "-dash",
    "--help",
    " ",
    "a:b",
    "%2e%2e",
    "$(id)",
    "é",
]


def test_names_with_odd_characters(at: Desk, facts: FactsCache) -> None:
    files: dict[str, Content] = {f"{odd}/pyproject.toml": PROJECT.replace("5.1", f"5.{n}") for n, odd in enumerate(ODD)}
    name = repository(at, {**files, **{f"{odd}.py": SCRIPT for odd in ODD}})
    snapshot = at.forge(name).snapshot()
    found = reading(snapshot, facts)
    assert named(found) == sorted([*files, *(f"{odd}.py" for odd in ODD)])
    assert found.skipped == ()
    by_name = at.forge(name).snapshot(str(snapshot.commit)).read_many(list(files))
    assert {path: data.decode() for path, data in by_name.items() if isinstance(data, bytes)} == files


def test_files_that_are_not_utf8(at: Desk, facts: FactsCache) -> None:
    files: dict[str, Content] = {
        "pyproject.toml": PROJECT,
        "a/pyproject.toml": "# caf\xe9\n".encode("latin-1") + PROJECT.encode(),
        "b/pyproject.toml": PROJECT.encode("utf-16"),
        "c/package.json": b'{"dependencies": {}}\0',
        "script.py": SCRIPT.encode() + b"# \xff\n",
        "binary.py": SCRIPT.encode() + b"\0",
        "plain.py": b"# \xff\n",
    }
    found = reading(at.forge(repository(at, files)).snapshot(), facts)
    assert named(found) == ["pyproject.toml"]
    undecodable = dict.fromkeys(["a/pyproject.toml", "b/pyproject.toml", "script.py"], FileReason.UNDECODABLE)
    assert skipped(found) == {**undecodable, "c/package.json": FileReason.UNPARSABLE}


# --- changing while it is read ---------------------------------------------------------------------


def rename(at: Desk) -> None:
    at.github.rename_branch(NAME, "main", "trunk")


def rewrite(at: Desk) -> None:
    at.github.rewrite(NAME, "main", {"other.txt": "x\n"})


def change(at: Desk) -> None:
    at.github.push(NAME, "main", {"pyproject.toml": PROJECT.replace("5.1", "4.2")})


def remove(at: Desk) -> None:
    at.github.push(NAME, "main", {"pyproject.toml": None})


@pytest.mark.parametrize("happens", [rename, rewrite, change, remove])
@pytest.mark.parametrize("before", ["tree", "contents"])
def test_what_happens_during_a_pass_does_not_change_what_it_reads(
    at: Desk, facts: FactsCache, happens: Callable[[Desk], None], before: str
) -> None:
    commit = at.github.push(NAME, "main", {"pyproject.toml": PROJECT})
    match = {"path": "git/trees"} if before == "tree" else {"operation": "Contents"}
    at.github.faults.call_before(1, lambda: happens(at), **match)
    snapshot = at.forge().snapshot()
    found = reading(snapshot, facts)
    assert snapshot.commit == commit
    assert [one.statements[0].constraint for one in found.files if one.path == "pyproject.toml"] == ["==5.1"]
    assert at.github.head(NAME, "trunk" if happens is rename else "main") == commit or happens is not rename


def test_a_commit_that_github_no_longer_has(at: Desk) -> None:
    at.github.faults.fail(404, path="git/trees")
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot()
    refused(error, NAME)


def test_a_file_that_github_no_longer_has(at: Desk, facts: FactsCache) -> None:
    snapshot = at.forge().snapshot()
    blob = next(entry.blob for entry in snapshot.entries() if entry.path == "pyproject.toml")
    file = at.github.git_folder(NAME) / "objects" / blob[:2] / blob[2:]
    at.github.faults.call_before(1, file.unlink, operation="Contents")
    with pytest.raises(GitHubError) as error:
        reading(snapshot, facts)
    refused(error, NAME, blob)


def test_uninstalled_half_way(at: Desk) -> None:
    at.github.faults.call_before(1, lambda: at.github.uninstall(at.installation), path="git/trees")
    with pytest.raises(ForgeError) as error:
        at.forge().snapshot()
    refused(error, "The App is not installed")


# --- nothing there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["empty", "default branch gone"])
def test_a_repository_without_a_default_branch(at: Desk, facts: FactsCache, how: str) -> None:
    at.github.create_repository("acme/bare", None if how == "empty" else {"pyproject.toml": PROJECT})
    if how != "empty":
        at.github.repository("acme/bare").default_branch = "trunk"
    with pytest.raises(GitHubError) as error:
        at.forge("acme/bare").snapshot()
    refused(error, "There is no commit yet", "acme/bare")
    assert named(reading(at.forge(NAME).snapshot(), facts)) == ["sub/package.json"]


def test_a_repository_whose_one_commit_holds_nothing(at: Desk, facts: FactsCache) -> None:
    name = repository(at, {"pyproject.toml": PROJECT})
    at.github.push(name, "main", {"pyproject.toml": None})
    found = reading(at.forge(name).snapshot(), facts)
    assert (found.files, found.skipped) == ((), ())
