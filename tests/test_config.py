from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.config import ConfigError, load, unknown_variables
from bot.core.rules import DEFAULTS, Mode


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith(("FRESHLINE_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_without_a_file_the_defaults_count(home: Path) -> None:
    settings = load()
    assert settings.path is None
    assert settings.policy == DEFAULTS
    assert settings.store_url == f"sqlite:///{home}/.local/state/freshline/freshline.db"
    assert settings.environ == dict(os.environ)


def test_the_state_folder_is_where_the_desktop_says(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    assert load().state == home / "state" / "freshline"


def test_the_usual_place_is_found(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    path = written(home / ".config/freshline/freshline.toml", 'fleet = "mine"\n')
    assert (load().path, load().config.fleet) == (path, "mine")
    other = written(home / "xdg/freshline/freshline.toml", 'fleet = "other"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    assert load().path == other


def test_a_file_that_is_named_comes_before_the_usual_one(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    written(home / ".config/freshline/freshline.toml", 'fleet = "usual"\n')
    monkeypatch.setenv("FRESHLINE_CONFIG", str(written(home / "a.toml", 'fleet = "a"\n')))
    assert load().config.fleet == "a"
    assert load(written(home / "b.toml", 'fleet = "b"\n')).config.fleet == "b"


def test_nothing_is_read_from_the_folder_that_is_worked_on(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    written(home / "shop/freshline.toml", 'fleet = "theirs"\n')
    written(home / "shop/config/freshline.toml", 'fleet = "theirs"\n')
    written(home / "shop/.env", "FRESHLINE_FLEET=theirs\n")
    monkeypatch.chdir(home / "shop")
    assert load().config.fleet == "local"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    path = written(home / "a.toml", "[http]\nconcurrency = 3\ndeadline = 7.5\n[policy]\nmode = 'observe'\n")
    monkeypatch.setenv("FRESHLINE_HTTP__CONCURRENCY", "5")
    monkeypatch.setenv("FRESHLINE_REGISTRIES__ACME__TOKEN", "t0p")
    settings = load(path)
    assert (settings.config.http.concurrency, settings.config.http.deadline) == (5, 7.5)
    assert settings.config.registries["acme"].token.get_secret_value() == "t0p"
    assert "t0p" not in repr(settings.config)
    assert settings.policy.mode is Mode.OBSERVE


@pytest.mark.parametrize("given", ["eu-west-1,us-gov-west-1", " eu-west-1 , us-gov-west-1,"])
def test_lists_in_the_environment_have_commas(monkeypatch: pytest.MonkeyPatch, home: Path, given: str) -> None:
    monkeypatch.setenv("FRESHLINE_AWS__REGIONS", given)
    assert load().config.aws.regions == ("eu-west-1", "us-gov-west-1")
    path = written(home / "a.toml", "[aws]\nroles = ['arn:aws:iam::111122223333:role/a/b']\n")
    assert load(path).config.aws.roles == ("arn:aws:iam::111122223333:role/a/b",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[http\n", "mend it, or check it with: freshline config check"),
        (b"\xff", "can't be read (UnicodeDecodeError)"),
        ("fleet = 5\n", "FRESHLINE_FLEET: Input should be a valid string"),
        ("fleat = 'x'\n", "there is no setting fleat; did you mean fleet?"),
        ("[http]\nconcurency = 5\n", "there is no setting http.concurency; did you mean concurrency?"),
        ("[http]\nzzz = 5\n", "there is no setting http.zzz; see config/freshline.toml"),
        ("[registries.acme]\ntokn = 's3cr3t'\n", "there is no setting registries.acme.tokn; did you mean token?"),
        ("[http]\nconcurrency = 0\n", "HTTP__CONCURRENCY: Input should be greater than or equal to 1"),
        ("[policy]\nmode = 's3cr3t'\n", "[policy] Invalid enum value"),
        ("[policy]\nmood = 1\n", "[policy] Object contains unknown field `mood`"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(home: Path, text: str | bytes, words: str) -> None:
    path = written(home / "a.toml", text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FRESHLINE_HTTP", "s3cr3t", "environment: FRESHLINE_HTTP is not JSON; set one setting at a time"),
        (
            "FRESHLINE_HTTP__DEADLINE",
            "s3cr3t",
            "environment or FRESHLINE_HTTP__DEADLINE: Input should be a valid number",
        ),
        ("FRESHLINE_HTTP__DEDLINE", "s3cr3t", "environment: there is no setting http.dedline; did you mean deadline?"),
        (
            "FRESHLINE_AWS__REGIONS",
            "eu-west-1,s3cr3t",
            "AWS__REGIONS__1: Value error, a region of AWS is written as in",
        ),
        ("FRESHLINE_AWS__ROLES", "s3cr3t", "AWS__ROLES__0: Value error, a role is written as in arn:aws:iam::"),
        ("FRESHLINE_POLICY__MODE", "s3cr3t", "environment: [policy] Invalid enum value"),
    ],
)
def test_what_is_wrong_in_the_environment_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert words in str(caught.value)


@pytest.mark.parametrize("place", [".", "nothing.toml", "n" * 300], ids=["folder", "nothing", "too long"])
def test_a_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, home: Path, place: str) -> None:
    with pytest.raises(ConfigError, match=r"leave --config out|can't be looked at"):
        load(home / place)
    monkeypatch.setenv("FRESHLINE_CONFIG", str(home / place))
    with pytest.raises(ConfigError, match=r"unset FRESHLINE_CONFIG|can't be looked at"):
        load()


def test_a_user_without_a_home_is_told_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)  # a number that no user has
    with pytest.raises(ConfigError, match="set HOME"):
        load()


def test_misspelt_variables_are_found() -> None:
    environ = {
        "FRESHLINE_HTP__X": "",
        "FRESHLINE_HTTP__DEADLINE": "",
        "FRESHLINE_CONFIG": "",
        "freshline_zzz": "",
        "A": "",
    }
    assert unknown_variables(environ) == ("FRESHLINE_HTP__X", "freshline_zzz")
