from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from bot.forge.base import ForgeError
from bot.forge.github_app import EARLY, AppIdentity, AppLogin, Installation, read_key
from bot.forge.github_client import READING, WORKFLOWS, WRITING
from bot.forge.github_errors import GitHubError
from tests.fakes.github.world import EVENTS, PERMISSIONS, private_key
from tests.forge.github_desk import NAME, QUICK, Desk, desk, django, refused

MANIFEST = Path(__file__).parents[2] / "config" / "github-app-manifest.json"


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


# --- the key ---------------------------------------------------------------------------------------


def test_a_key_comes_from_a_file_or_a_variable(tmp_path: Path) -> None:
    text = private_key(1)
    (tmp_path / "key.pem").write_text(text)
    assert read_key(str(tmp_path / "key.pem")) == text
    on_one_line = text.replace("\n", "\\n")
    assert repr(AppIdentity(1, on_one_line)) == "AppIdentity(1)"
    assert repr(AppIdentity("Iv23liAbc", text)) == "AppIdentity(Iv23liAbc)"


def no_keys() -> dict[str, bytes]:
    curve = ec.generate_private_key(ec.SECP256R1())
    elliptic = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    broken = private_key(1).replace("A", "?").encode()
    return {
        "empty": b"",
        "words": b"hunter2",
        "elliptic": elliptic,
        "locked": locked,
        "broken": broken,
        "bytes": b"\xff",
        "huge": b"k" * 70_000,
    }


@pytest.mark.parametrize("kind", sorted(no_keys()))
def test_what_is_no_key_is_said_and_not_shown(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(no_keys()[kind])
    with pytest.raises(ForgeError) as error:
        read_key(str(path))
    refused(error, "no private key of a GitHub App", str(path))
    assert "hunter2" not in str(error.value)
    with pytest.raises(ForgeError) as direct:
        AppIdentity(1, path.read_bytes().decode("latin-1"))
    refused(direct, "github.private_key")


def test_a_key_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(ForgeError) as error:
        read_key(str(tmp_path / "none.pem"))
    refused(error, "can't be read", "No such file", "private_key_file")


@pytest.mark.parametrize("number", ["", "1\n", "1/../2", "a b"])
def test_an_id_that_is_none(number: str) -> None:
    with pytest.raises(ForgeError) as error:
        AppIdentity(number, private_key(1))
    refused(error, "id is not one")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "github.com",
        "ftp://x.example",
        "https://u:p@x.example",
        "https://x.example?a",
        "https://x.example#a",
        "https://",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ForgeError) as error:
        AppIdentity(1, private_key(1), url)
    refused(error, "no address of GitHub's API")
    assert "u:p" not in str(error.value)


# --- installations ---------------------------------------------------------------------------------


def test_installations_with_what_they_grant(at: Desk) -> None:
    at.github.create_repository("widgets/one", {"a": "1"})
    other = at.github.install("widgets", permissions={"contents": "read"})
    at.github.suspend(other)
    mine, theirs = at.identity.installations()
    assert mine == Installation(at.installation.id, "acme", mine.permissions, suspended=False)
    assert mine.grants(WORKFLOWS)
    assert not mine.grants({"contents": "admin"})
    assert not mine.grants({"secrets": "read"})
    assert (theirs.account, theirs.suspended, theirs.grants(READING)) == ("widgets", True, False)
    with pytest.raises(GitHubError) as error:
        at.identity.installation_of("widgets/one")
    refused(error, "suspended")


def test_more_than_a_page_of_installations(at: Desk) -> None:
    for n in range(104):
        at.github.install(f"org-{n}")
    assert len(at.identity.installations()) == 105


def test_installations_without_end(at: Desk) -> None:
    one = {"id": 1, "permissions": {}, "account": None}
    at.github.faults.garble(json.dumps([one] * 100), times=1000, path="/app/installations")
    with pytest.raises(ForgeError) as error:
        at.identity.installations()
    refused(error, "more installations than are read")


def test_the_installation_of_a_repository(at: Desk) -> None:
    assert at.identity.installation_of(NAME).account == "acme"
    at.github.create_repository("other/one", {"a": "1"})
    with pytest.raises(GitHubError) as error:
        at.identity.installation_of("other/one")
    refused(error, "not installed")
    for name in ("acme", "acme/..", "acme/a/b", "../x", "acme/shop?x=1", "acme/s hop", ""):
        with pytest.raises(ForgeError) as odd:
            at.identity.installation_of(name)
        refused(odd, "OWNER/REPO")


def test_an_app_that_github_does_not_know(at: Desk) -> None:
    stranger = AppIdentity(at.github.app.id, private_key(99), at.github.api_url, QUICK)
    with pytest.raises(GitHubError) as error:
        stranger.installations()
    refused(error, "does not take the credentials")
    stranger.close()


# --- tokens ----------------------------------------------------------------------------------------


def minted(at: Desk) -> int:
    return sum(one.kind == "token" for one in at.github.requests)


def test_a_token_is_narrow_and_used_until_shortly_before_its_end(at: Desk) -> None:
    now = datetime.now(UTC)
    identity = AppIdentity(at.github.app.id, at.github.app.private_key, at.github.api_url, QUICK, lambda: now)
    first = identity.token(at.installation.id, READING)
    assert at.github.world.tokens[first].permissions == dict(READING)
    assert identity.token(at.installation.id, dict(reversed(list(READING.items())))) == first
    assert minted(at) == 1
    assert identity.token(at.installation.id, WRITING) != first
    now += timedelta(hours=1) - EARLY - timedelta(seconds=30)
    assert identity.token(at.installation.id, READING) == first
    now += timedelta(minutes=1)
    assert identity.token(at.installation.id, READING) != first
    assert minted(at) == 3
    identity.close()


def test_a_token_for_some_repositories(at: Desk) -> None:
    number = at.github.repository(NAME).id
    token = at.identity.token(at.installation.id, READING, [number])
    assert at.github.world.tokens[token].repository_ids == {number}
    assert at.identity.token(at.installation.id, READING) != token


def test_a_forgotten_token_is_asked_for_again(at: Desk) -> None:
    first = at.identity.token(at.installation.id, READING)
    at.identity.forget(first)
    assert at.identity.token(at.installation.id, READING) != first


def test_what_was_not_granted_is_said(at: Desk) -> None:
    with pytest.raises(GitHubError) as error:
        at.identity.token(at.installation.id, {"secrets": "write"})
    refused(error, "A permission is missing", "not granted")
    assert error.value.status == 403
    at.github.uninstall(at.installation)
    with pytest.raises(GitHubError) as gone:
        at.identity.token(at.installation.id, READING)
    assert gone.value.status == 404


def test_an_answer_without_a_token_is_not_shown(at: Desk) -> None:
    at.github.faults.garble('{"token": ["ghs_secret"], "expires_at": "soon"}', path="access_tokens")
    with pytest.raises(GitHubError) as error:
        at.identity.token(at.installation.id, READING)
    refused(error, "can't be understood")
    assert "ghs_secret" not in str(error.value)


def test_a_login_renews(at: Desk) -> None:
    login = AppLogin(at.identity, at.identity.installation_of(NAME))
    first = login.token(READING)
    assert login.renew(first)
    assert login.token(READING) != first
    assert login.fleet == at.installation.id
    assert not login.lacks(WORKFLOWS)


def test_threads_have_clients_of_their_own(at: Desk) -> None:
    got: list[str] = []

    def ask(n: int) -> None:
        got.append(at.identity.token(at.installation.id, READING, [n]))

    numbers = [at.github.create_repository(f"acme/r{n}", {"a": "1"}).id for n in range(8)]
    threads = [threading.Thread(target=ask, args=(n,)) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 8
    wanted = {frozenset({n}) for n in numbers}
    assert {frozenset(at.github.world.tokens[token].repository_ids or ()) for token in got} == wanted


def test_nothing_secret_is_logged(at: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        forge = at.forge()
        forge.propose("freshline/pypi/x", django(forge), None)
    assert caplog.text
    assert all(token not in caplog.text for token in at.github.world.tokens)
    assert "PRIVATE KEY" not in caplog.text


# --- the manifest ----------------------------------------------------------------------------------


def test_the_manifest_asks_for_what_is_used_and_no_more(at: Desk) -> None:
    manifest = json.loads(MANIFEST.read_text())
    permissions = manifest["default_permissions"]
    assert set(permissions.items()) >= set(WRITING.items())
    assert "workflows" not in permissions
    assert permissions.keys() <= PERMISSIONS.keys()
    levels = {"read": 1, "write": 2}
    assert all(levels[level] <= levels[PERMISSIONS[name]] for name, level in permissions.items())
    assert set(manifest["default_events"]) <= {*EVENTS, "merge_group"}
    assert manifest["public"] is False
