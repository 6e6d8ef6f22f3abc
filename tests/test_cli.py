"""The command line as a process: exit codes, terminals, pipes, and what must never be printed."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry
from tests.stories.conftest import Desk, git, versions

FRESHLINE = str(Path(sys.executable).with_name("freshline"))
MANY = 1200


@dataclass
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Shell:
    """A desk whose freshline is a process of its own."""

    desk: Desk

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.desk.environ}

    def __call__(self, *arguments: str | bytes, **environ: str) -> Ended:
        command = [FRESHLINE, *arguments]
        done = subprocess.run(command, capture_output=True, env={**self.environ, **environ}, cwd=self.home, check=False)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    @property
    def home(self) -> Path:
        self.desk.home.mkdir(exist_ok=True)
        return self.desk.home

    def inside(self, *arguments: str, **environ: str) -> Ended:
        """The same in this process, which is much faster; an expected error is raised."""
        answer = self.desk.freshline(*arguments, **environ)
        return Ended(answer.code, answer.out, answer.err)

    def line(self, line: str, **environ: str) -> Ended:
        """A line of bash in which ``freshline`` is the command."""
        script = f'freshline() {{ "{FRESHLINE}" "$@"; }}; set -o pipefail; {line}'
        command = ["bash", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, env={**self.environ, **environ}, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def on_a_terminal(self, *arguments: str, **environ: str) -> Ended:
        leader, follower = pty.openpty()
        with os.fdopen(leader, "rb", buffering=0) as screen:
            command = [FRESHLINE, *arguments]
            settled = {**self.environ, "TERM": "xterm", "COLUMNS": "160", **environ}
            process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=settled)
            os.close(follower)
            shown = b"".join(iter(lambda: read_or_nothing(screen.fileno()), b""))
            return Ended(process.wait(), shown.decode(), "")


def read_or_nothing(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # the other end is closed
        return b""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    repository = tmp_path / "shop"
    repository.mkdir()
    git(repository, "-c", "init.defaultBranch=main", "init", "-q")
    with FakeRegistry() as registry:
        registry.pypi("alpha", versions("1.0", "1.1"))
        registry.pypi("beta", versions("1.0", "2.0"))
        desk = Desk(repository, registry, tmp_path / "home")
        desk.write({"requirements.txt": "alpha==1.0\nbeta==1.0\n"})
        yield Shell(desk)


def repository_of(shell: Shell) -> str:
    return str(shell.desk.repository)


# Exit codes


def test_what_is_done_ends_with_0(shell: Shell) -> None:
    done = shell("scan", repository_of(shell))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1].startswith("update\talpha\t==1.0\t==1.1\tminor, 9")


def test_python_m_bot_is_freshline() -> None:
    done = subprocess.run([sys.executable, "-m", "bot", "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"freshline \d+\.\d+\.\d+\S*\n", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scan", "/no/such/folder"), "There is no such folder: /no/such/folder. Give a folder"),
        (("scan", "--config", "/no/such.toml"), "/no/such.toml: there is no such file; leave --config out"),
        (("explain", "nothing-like-it", "."), ""),
        (("status", "--show", "freshline/pypi/nothing"), ""),
        (("config", "check", "/no/such/policy.toml"), "can't be read (FileNotFoundError); name a policy file"),
    ],
)
def test_what_can_be_mended_ends_with_1_and_one_line(shell: Shell, arguments: tuple[str, ...], words: str) -> None:
    done = shell(*arguments)
    assert done.code == 1
    assert words in done.err
    assert len(done.err.splitlines()) <= 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("scan", "--nothing"), ("scan", "a", "b"), ("explain",), ("scan", "-f", "yaml")]
)
def test_what_is_not_understood_ends_with_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell(*arguments)
    assert done.code == 2
    assert "Usage" in done.err


def test_no_command_shows_the_help(shell: Shell) -> None:
    done = shell()
    assert done.code == 2
    assert "explain" in done.out + done.err


PLUGIN = """
from bot.core.ecosystem import Ecosystem
from bot.core.model import DeclaredRole, FileFacts, Role

def extract(path, text):
    return FileFacts(path, "faulty", (), (DeclaredRole(Role.LIBRARY),))

def complete(own, every):
    raise RuntimeError("no answer from https://ann:hunter2/@x@packages.example/simple with token='t0p'")

ecosystem = Ecosystem("faulty", ("faulty.txt",), 1, extract, complete)
"""


def test_what_is_our_fault_ends_with_3_and_a_report(shell: Shell, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    (plugin / "faulty-1.dist-info").mkdir(parents=True)
    (plugin / "faulty-1.dist-info" / "METADATA").write_text("Name: faulty\nVersion: 1\n")
    (plugin / "faulty-1.dist-info" / "entry_points.txt").write_text("[freshline.ecosystems]\nx = faulty:ecosystem\n")
    (plugin / "faulty.py").write_text(PLUGIN)
    shell.desk.write({"faulty.txt": "anything"})
    done = shell("scan", repository_of(shell), PYTHONPATH=str(plugin), TMPDIR=str(tmp_path))
    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    named = re.fullmatch(
        r"freshline: something unexpected went wrong \(RuntimeError\); a report is in (\S+): please send it to us\n",
        done.err,
    )
    assert named
    report = Path(named[1]).read_text()
    assert "RuntimeError" in report
    assert "://***@packages.example/simple" in report
    assert "hunter2" not in report
    assert "t0p" not in report
    assert "anything" not in report


# Terminals and pipes


def test_a_pipe_gets_plain_lines(shell: Shell) -> None:
    done = shell("scan", repository_of(shell))
    assert "\x1b" not in done.out + done.err
    assert all(line.isprintable() for line in done.out.replace("\t", " ").splitlines())


def test_a_terminal_gets_a_table_in_colours_and_progress(shell: Shell) -> None:
    shown = shell.on_a_terminal("scan", repository_of(shell))
    assert shown.code == 0
    assert "Asking the registries" in shown.out
    assert "\x1b[36mminor" in shown.out  # cyan


def test_no_color_is_respected(shell: Shell) -> None:
    shown = shell.on_a_terminal("scan", repository_of(shell), NO_COLOR="1")
    assert shown.code == 0
    assert "minor" in shown.out
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown.out)


def test_a_terminal_of_few_characters_shows_what_it_can(shell: Shell) -> None:
    shell.desk.write({"schön/requirements.txt": "alpha==1.0\n"})
    shown = shell.on_a_terminal("scan", repository_of(shell), PYTHONIOENCODING="ascii")
    assert shown.code == 0
    assert "sch?n/requirements.txt:1" in shown.out
    piped = shell("scan", repository_of(shell), PYTHONIOENCODING="ascii")
    assert (piped.code, "sch?n/requirements.txt:1" in piped.out) == (0, True)


@pytest.mark.parametrize("reader", ["head -1", "true"])
@pytest.mark.parametrize("command", ["scan shop", "scan -f json shop", "scan -f markdown shop", "config schema"])
def test_a_reader_that_goes_away_is_no_fault(shell: Shell, reader: str, command: str) -> None:
    shell.desk.write({"requirements.txt": "".join(f"package-{n} @ file:///x\n" for n in range(MANY))})
    done = shell.line(f"cd {shell.desk.repository.parent}; freshline {command} | {reader}")
    assert done.code in {0, 1}
    assert done.err == ""
    assert len(done.out.splitlines()) == (reader == "head -1")


def test_a_full_disk_is_said(shell: Shell) -> None:
    done = shell.line(f"freshline scan {shell.desk.repository} > /dev/full")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "no room left" in done.err


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_fault(shell: Shell, closed: str) -> None:
    assert shell.line(f"freshline scan {shell.desk.repository} {closed}").code == 0
    assert shell.line(f"freshline scan /no/such/folder {closed}").code == 1


# Commands


def test_one_repository_that_fails_does_not_hold_up_the_others(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", repository_of(shell), str(other))
    done = shell("run", repository_of(shell), "/no/such/folder", str(other))
    assert done.code == 1
    assert done.out.count("2 created.") == 2
    assert done.err.count("There is no such folder") == 1
    again = shell("run", repository_of(shell), str(other))
    assert (again.code, again.out.count("2 unchanged.")) == (0, 2)


def test_each_format_tells_the_same(shell: Shell) -> None:
    lines = shell.inside("scan", repository_of(shell)).out
    found = json.loads(shell.inside("scan", repository_of(shell), "--format", "json").out)
    markdown = shell.inside("scan", repository_of(shell), "--format", "markdown").out
    for dependency in found["dependencies"]:
        assert f"update\t{dependency['name']}\t{dependency['constraint']}" in lines
        assert f"| `{dependency['name']}` | `{dependency['constraint']}`" in markdown
    assert found["schema"] == 1


def test_what_is_up_to_date_is_listed_only_when_asked_for(shell: Shell) -> None:
    shell.desk.write({"requirements.txt": "alpha==1.1\n"})
    assert "alpha" not in shell.inside("scan", repository_of(shell)).out
    assert "skip\talpha\t==1.1\t-\tup_to_date" in shell.inside("scan", repository_of(shell), "--all").out


def test_explain_understands_globs_spellings_and_near_misses(shell: Shell) -> None:
    shell.desk.registry.pypi("zope-interface", versions("5.0", "6.0"))
    shell.desk.write({"requirements.txt": "alpha==1.0\nbeta==1.0\nzope.interface==5.0\n"})
    whole = shell.inside("explain", "*", repository_of(shell)).out
    assert whole.count("  stated ") == 3
    assert "  update    to 1.1 (minor, published " in whole
    assert "  becomes   ==2.0" in whole
    for spelling in ("Zope.Interface", "zope_interface", "pypi/zope*"):
        assert shell.inside("explain", spelling, repository_of(shell)).out.startswith(
            "zope-interface (library from pypi)"
        )
    missed = shell.inside("explain", "alhpa", repository_of(shell))
    assert missed.code == 1
    assert missed.out == "Nothing here is called alhpa. Did you mean alpha?\n"


def test_status_shows_what_was_proposed(shell: Shell) -> None:
    shell.inside("run", repository_of(shell))
    listed = shell.inside("status").out.splitlines()
    assert [line.split("  ")[1] for line in listed] == ["open", "open"]
    assert shell.inside("status", repository_of(shell)).out.splitlines() == listed
    shown = shell.inside("status", "--show", "freshline/pypi/beta")
    assert shown.code == 0
    assert shown.out.startswith("Bump beta from 1.0 to 2.0\n\n| package |")


def test_config_check_checks_a_policy_file(shell: Shell, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('minimum_age = "7d"\n')
    bad.write_text('minimum_age = "soon"\n')
    done = shell.inside("config", "check", str(good), FRESHLINE_HTP__CONCURRENCY="5")
    assert done.code == 0
    assert f"{good}: sound" in done.out
    assert "FRESHLINE_HTP__CONCURRENCY in the environment means nothing to Freshline" in done.out
    refused = shell("config", "check", str(bad))
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)
    assert "minimum_age" in refused.err


SECRETS = {
    "FRESHLINE_STORE__URL": "postgresql://ann:s3cr3t-a@db.example/freshline?sslpassword=s3cr3t-b",
    "FRESHLINE_REGISTRIES__ACME__URL": "https://ann:s3cr3t-c@packages.acme.example/simple?key=s3cr3t-d",
    "FRESHLINE_REGISTRIES__ACME__TOKEN": "s3cr3t-e",
    "FRESHLINE_REGISTRIES__ACME__PASSWORD": "s3cr3t-f",
}


def test_config_show_prints_no_secret(shell: Shell) -> None:
    done = shell("config", "show", **SECRETS)
    assert done.code == 0
    assert "s3cr3t" not in done.out + done.err
    assert "packages.acme.example/simple" in done.out
    assert "db.example/freshline" in done.out
    assert done.out.count("***") >= 5


@pytest.mark.parametrize(
    "environ",
    [
        {"FRESHLINE_REGISTRIES": '{"acme": {"token": "s3cr3t"'},
        {"FRESHLINE_REGISTRIES__ACME__TOKEN": "s3cr3t"},
        {"FRESHLINE_REGISTRIES__ACME__TOKEM": "s3cr3t"},
        {"FRESHLINE_REGISTRIES__ACME__TOKEN": "s3cr3t", "FRESHLINE_REGISTRIES__ACME__URL": "s3cr3t"},
        {"FRESHLINE_HTTP__CONCURRENCY": "s3cr3t"},
        {"FRESHLINE_STORE__URL": "s3cr3t"},
        {"FRESHLINE_STORE__URL": "postgresql://ann:s3cr3t@127.0.0.1:9/freshline?connect_timeout=1"},
        {"FRESHLINE_POLICY__MINIMUM_AGE": "s3cr3t"},
    ],
    ids="+".join,
)
def test_errors_of_the_configuration_never_tell_its_values(shell: Shell, environ: dict[str, str]) -> None:
    done = shell("scan", repository_of(shell), **environ)
    assert done.code == 1, done.err
    assert len(done.err.splitlines()) == 1
    assert "s3cr3t" not in done.out + done.err


def test_the_help_of_every_command_tells_what_it_is_for(shell: Shell) -> None:
    for command in ("scan", "run", "explain", "status", "doctor", "config check", "config schema", "config show"):
        done = shell.inside(*command.split(), "--help")
        assert (done.code, "Usage" in done.out) == (0, True)


# Hostile surroundings


@pytest.mark.parametrize(
    "name", [b"with space", b"new\nline", b"\x1b]0;title\x07\x1b[2J", b"\xff\xfe", b"-n", b"a" * 200]
)
def test_a_repository_may_be_called_anything(shell: Shell, tmp_path: Path, name: bytes) -> None:
    odd = os.fsencode(tmp_path) + b"/" + name
    os.rename(shell.desk.repository, odd)  # noqa: PTH104 - a path that is no text
    arguments = (("run", os.fsdecode(odd)), ("run", os.fsdecode(odd)), ("status", os.fsdecode(odd)), ("status",))
    done = [shell("scan", odd), *(shell.inside(*one) for one in arguments)]
    assert [one.code for one in done] == [0, 0, 0, 0, 0]
    assert "2 created." in done[1].out
    assert "2 unchanged." in done[2].out
    assert len(done[3].out.splitlines()) == 2
    for one in done:
        assert all(line.isprintable() for line in (one.out + one.err).replace("\t", " ").splitlines())


ESCAPE = "\x1b]0;evil\x07\x1b[2J\u202e"


def test_nothing_of_a_repository_reaches_the_terminal_raw(shell: Shell) -> None:
    policy = f'[[ignore]]\nname = "beta"\nreason = "{json.dumps(ESCAPE)[1:-1]}"\n'
    files = {
        f"a{ESCAPE}/requirements.txt": f"alpha==1.0 # {ESCAPE}\n{ESCAPE}\nbeta==1.0\n",
        f"b{ESCAPE}/package.json": "{",
        "package.json": json.dumps({"dependencies": {ESCAPE: ESCAPE, "left-pad": f"^1{ESCAPE}"}}),
        ".github/freshline.toml": policy,
    }
    shell.desk.write(files, f"feat: {ESCAPE}")
    commands = [
        ("scan", repository_of(shell), "--all"),
        ("scan", repository_of(shell), "--all", "--format", "markdown"),
        ("scan", repository_of(shell), "--all", "--format", "json"),
        ("run", "--dry-run", repository_of(shell)),
        ("run", repository_of(shell)),
        ("explain", "*", repository_of(shell)),
        ("explain", ESCAPE, repository_of(shell)),
        ("status",),
        ("status", "--show", "freshline/pypi/alpha"),
    ]
    for command in commands:
        done = shell.inside(*command)
        lines = (done.out + done.err).replace("\t", " ").replace("\u200b", "").split("\n")
        assert [line for line in lines if not line.isprintable()] == [], command
    shown = shell.on_a_terminal("scan", repository_of(shell), "--all")
    assert shown.code == 0
    assert not re.search(r"\x1b\]|\x07|\x1b\[2J|\u202e", shown.out)


def test_a_branch_in_the_way_is_said(shell: Shell) -> None:
    shell.desk.git("branch", "freshline")
    done = shell("run", repository_of(shell))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "'refs/heads/freshline' exists" in done.err


def test_a_default_branch_of_our_own_name_is_said(shell: Shell) -> None:
    shell.desk.git("branch", "-m", "freshline/main")
    done = shell("run", repository_of(shell))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "Switch to the branch to work on" in done.err


def test_a_store_that_cannot_be_written_is_said(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = shell("scan", repository_of(shell), FRESHLINE_STORE__URL=f"sqlite:///{tmp_path}/file/x.db")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "See that this user may write there" in done.err


@pytest.mark.parametrize("place", ["", "nothing.toml"])
def test_a_configuration_that_is_named_must_be_there(shell: Shell, tmp_path: Path, place: str) -> None:
    done = shell("config", "show", FRESHLINE_CONFIG=str(tmp_path / place))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "there is no such file; unset FRESHLINE_CONFIG" in done.err


@pytest.mark.parametrize("more", [["acme/shop"], ["."], ["--dry-run"], ["acme/shop", "--dry-run"]])
def test_a_fleet_takes_no_names_and_no_dry_run(shell: Shell, more: list[str]) -> None:
    done = shell.inside("run", "--fleet", *more)
    assert done.code == 2
    assert done.out == ""
    assert "--fleet goes over every repository; it takes no names" in " ".join(re.sub("[│╭╮╰╯─]", "", done.err).split())


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "a fleet needs a GitHub App; set FRESHLINE_GITHUB__APP_ID and FRESHLINE_GITHUB__PRIVATE_KEY_FILE"),
        ({"TOKEN": "t0p"}, "with a token, name the repositories: freshline run OWNER/REPO"),
        ({"APP_ID": "7"}, "github.app_id is set, but no key; set FRESHLINE_GITHUB__PRIVATE_KEY_FILE to the App's key"),
        ({"APP_ID": "7", "PRIVATE_KEY": "nonsense"}, "key"),
        ({"APP_ID": "7", "PRIVATE_KEY_FILE": "/nowhere/key.pem"}, "/nowhere/key.pem"),
    ],
)
def test_a_fleet_without_a_usable_app_is_one_line(shell: Shell, environ: dict[str, str], words: str) -> None:
    login = {f"FRESHLINE_GITHUB__{name}": value for name, value in environ.items()}
    done = shell("run", "--fleet", **login)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert done.err.startswith("freshline: ")
    assert words in done.err
    assert "t0p" not in done.err
    assert "nonsense" not in done.err


def test_two_runs_at_the_same_time_end_alike(shell: Shell) -> None:
    names = [f"package-{number}" for number in range(8)]
    for name in names:
        shell.desk.registry.pypi(name, versions("1.0", "1.1"))
    shell.desk.write({"requirements.txt": "".join(f"{name}==1.0\n" for name in names)})
    command = [FRESHLINE, "run", repository_of(shell)]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, env=shell.environ, stdout=pipe, stderr=pipe) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert ([process.returncode for process in both], errors) == ([0, 0], [b"", b""])
    assert set(shell.desk.branches()) == {f"freshline/pypi/{name}" for name in names}
    assert "8 unchanged." in shell("run", repository_of(shell)).out
    assert len(shell("status").out.splitlines()) == 8


def test_a_run_that_was_killed_is_finished_by_the_next(shell: Shell) -> None:
    names = [f"package-{number}" for number in range(12)]
    for name in names:
        shell.desk.registry.pypi(name, versions("1.0", "1.1"))
    shell.desk.write({"requirements.txt": "".join(f"{name}==1.0\n" for name in names)})
    process = subprocess.Popen([FRESHLINE, "run", repository_of(shell)], env=shell.environ, stdout=subprocess.DEVNULL)
    give_up = time.monotonic() + 20
    while len(shell.desk.branches()) < 2 and process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.01)
    process.kill()
    assert process.wait() != 0, "it ended before it could be killed"
    assert 2 <= len(shell.desk.branches()) < 12
    done = shell("run", repository_of(shell))
    assert (done.code, done.err) == (0, "")
    assert set(shell.desk.branches()) == {f"freshline/pypi/{name}" for name in names}
    assert "12 unchanged." in shell("run", repository_of(shell)).out
    assert len(shell("status").out.splitlines()) == 12
