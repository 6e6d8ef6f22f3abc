from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from bot.forge.base import ForgeError, Pushed
from bot.forge.clone import is_address, split
from bot.forge.git import Git
from tests.forge.conftest import BRANCH, Repository, new


def test_an_address_is_cloned_and_fetched_again(repository: Repository) -> None:
    address = f"file://{repository.folder}"
    forge = repository.forge(address)
    snapshot = forge.snapshot()
    assert (snapshot.commit, snapshot.branch) == (repository.git("rev-parse", "main"), "main")
    assert forge.repository == address
    assert len(snapshot.entries()) == 3
    newer = repository.commit({"README.md": b"newer\n"}, "fix: words")
    again = repository.forge(address)
    assert again.snapshot().commit == newer
    assert again.recent_subjects() == ["fix: words", "feat: start"]
    assert len(list((repository.state / "repositories").glob("*.git"))) == 1
    assert stat.S_IMODE((repository.state / "repositories").stat().st_mode) == 0o700


def test_the_bots_branches_survive_the_next_fetch_and_the_remotes_do_not(repository: Repository) -> None:
    address = f"file://{repository.folder}"
    repository.git("branch", "gone")
    repository.git("branch", BRANCH)
    forge = repository.forge(address)
    assert forge.branches() == {}
    pushed = forge.propose(BRANCH, new(forge.snapshot().commit, {"README.md": b"x\n"}), None)
    assert isinstance(pushed, Pushed)
    assert forge.snapshot("gone").branch == "gone"
    repository.git("branch", "-D", "gone")
    again = repository.forge(address)
    assert again.branches()[BRANCH].head == pushed.head
    with pytest.raises(ForgeError, match="There is no commit 'gone'"):
        again.snapshot("gone")


def test_the_remotes_default_branch_may_change(repository: Repository) -> None:
    address = f"file://{repository.folder}"
    assert repository.forge(address).snapshot().branch == "main"
    repository.git("checkout", "--quiet", "-b", "trunk")
    assert repository.forge(address).snapshot().branch == "trunk"
    repository.git("checkout", "--quiet", "--detach")
    assert repository.forge(address).snapshot().branch == "HEAD"


def test_sha256_objects_are_cloned(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo", tmp_path / "home", "--object-format=sha256")
    base = repository.commit({"a": b"1"})
    assert repository.forge(f"file://{repository.folder}").snapshot().commit == base


def test_a_repository_without_commits(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo", tmp_path / "home")
    with pytest.raises(ForgeError, match="The repository has no commit yet"):
        repository.forge(f"file://{repository.folder}")


def test_an_address_that_is_gone_is_never_answered_from_the_old_clone(repository: Repository) -> None:
    address = f"file://{repository.folder}"
    repository.forge(address)
    repository.folder.rename(repository.folder.with_name("moved"))
    with pytest.raises(ForgeError, match="ls-remote failed"):
        repository.forge(address)


def test_a_clone_that_was_cut_off_is_made_whole(repository: Repository) -> None:
    address = f"file://{repository.folder}"
    repository.forge(address)
    clone = next((repository.state / "repositories").glob("*.git"))
    (clone / "HEAD").unlink()
    assert len(repository.forge(address).snapshot().entries()) == 3


@pytest.mark.parametrize(
    ("target", "is_one"),
    [
        ("https://git.example/a/b", True),
        ("ssh://git@git.example/a", True),
        ("git@git.example:a/b.git", True),
        ("file:///srv/a", True),
        ("ext::sh -c true", False),
        ("/srv/a", False),
        ("a/b", False),
        ("-oProxyCommand=x@host:y", False),
        ("git@-oProxyCommand=x:y", False),
        ("git@host:-y", False),
    ],
)
def test_what_is_an_address(target: str, is_one: bool) -> None:
    assert is_address(target) is is_one


@pytest.mark.parametrize(
    "address", ["http://git.example/a", "git://git.example/a", "ext://sh", "https://-x/a", "https:///a"]
)
def test_addresses_that_are_refused(repository: Repository, address: str) -> None:
    with pytest.raises(ForgeError, match=r"are not cloned|names no host"):
        repository.forge(address)


def test_credentials_are_bound_to_their_origin_and_never_an_argument(tmp_path: Path, repository: Repository) -> None:
    plain, options, secrets = split("https://ann:p%40ss@git.example:8443/a/b")
    assert plain == "https://git.example:8443/a/b"
    assert "ss" not in "".join(options).replace("PASSWORD", "").replace("password", "").replace("pass", "")
    git = Git(tmp_path, plain, repository.environ, None, options, secrets)

    def ask(host: str) -> str:
        question = f"protocol=https\nhost={host}\n\n".encode()
        finished = git.attempt("credential", "fill", feed=question)
        return finished.out.decode() if not finished.code else "nothing"

    assert "username=ann\npassword=p@ss" in ask("git.example:8443")
    assert ask("git.example") == "nothing"
    assert ask("other.example") == "nothing"


@pytest.mark.parametrize(
    ("address", "plain", "user"),
    [
        ("https://git.example/a", "https://git.example/a", None),
        ("https://ann@git.example/a", "https://git.example/a", "ann"),
        ("ssh://git:secret@git.example/a", "ssh://git@git.example/a", None),
        ("ssh://git.example/a", "ssh://git.example/a", None),
        ("git@git.example:a", "git@git.example:a", None),
        ("file:///srv/a", "file:///srv/a", None),
    ],
)
def test_what_stays_of_an_address(address: str, plain: str, user: str | None) -> None:
    found, options, secrets = split(address)
    assert found == plain
    assert secrets.get("FRESHLINE_GIT_USERNAME") == user
    assert bool(options) == (user is not None)


def test_a_password_is_in_no_error(repository: Repository) -> None:
    with pytest.raises(ForgeError) as caught:
        repository.forge("https://ann:hunter2@127.0.0.1:1/a")
    assert "hunter2" not in str(caught.value)
    assert "ann" not in str(caught.value)
    assert "127.0.0.1:1/a" in caught.value.where


def test_the_folder_for_clones_cannot_be_made(repository: Repository) -> None:
    repository.state.write_text("in the way")
    with pytest.raises(ForgeError, match="The folder for clones can't be made"):
        repository.forge(f"file://{repository.folder}")


def test_the_clone_is_a_sound_repository(repository: Repository) -> None:
    repository.forge(f"file://{repository.folder}")
    clone = next((repository.state / "repositories").glob("*.git"))
    done = subprocess.run(
        ["git", "fsck"], cwd=clone, env=repository.environ, capture_output=True, text=True, check=True
    )
    assert "error" not in done.stderr
