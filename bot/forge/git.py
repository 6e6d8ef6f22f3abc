"""Runs git: a clean environment, bounded time and output, errors that say what to do next."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Timer

from bot.forge.base import ForgeError

SECONDS = 120.0
NETWORK_SECONDS = 900.0
MAX_OUTPUT = 192 * 1024 * 1024
"""Bytes: a hostile tree of trees lists without end."""

_KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME"),
    *("SSH_AUTH_SOCK", "SSH_ASKPASS", "GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
)
_FIXED = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
}
# What a repository's own configuration could use to run programs, or to write beside the temporary index.
_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"),
    *("-c", "core.splitIndex=false", "-c", "index.sparse=false", "-c", "protocol.ext.allow=never"),
    *(
        "-c",
        "log.showSignature=false",
        "-c",
        "i18n.commitEncoding=UTF-8",
        "-c",
        "gc.autoDetach=false",
        "-c",
        "maintenance.autoDetach=false",
    ),
)
_ADVICE = (
    ("dubious ownership", "If you trust it, run: git config --global --add safe.directory '{where}'"),
    ("unsafe repository", "If you trust it, run: git config --global --add safe.directory '{where}'"),
    ("cannot use bare repository", "Allow it with: git config --global safe.bareRepository all"),
    (".lock': file exists", "Another git process holds that file; wait for it, or remove the file if none runs"),
    ("permission denied", "See that this user may read and write there"),
    ("read-only file system", "The disk can't be written; run with --dry-run to see the proposals"),
    ("no space left", "Make room on the disk and run again"),
    ("could not resolve host", "See that the address is right and the network is up, then run again"),
    ("authentication failed", "Give git credentials for this address (a credential helper or an SSH key)"),
    ("could not read username", "Give git credentials for this address (a credential helper or an SSH key)"),
    ("host key verification failed", "Add the server's key to known_hosts first: ssh-keyscan"),
    ("cannot create 'refs/heads/", "Rename the branch that is in the way: git branch -m freshline another-name"),
    ("does not appear to be a git repository", "See that the address is right"),
    ("unknown repository extension", "This repository needs a newer git"),
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that ended: exit code, standard output, and the end of standard error."""

    code: int
    out: bytes
    error: str


@dataclass(frozen=True, slots=True)
class Git:
    """git, on one repository.

    ``where`` is what errors name. ``git_dir`` is given to every command; None while it is
    being looked for from ``folder``. ``options`` come before the command.
    """

    folder: Path
    where: str
    environ: Mapping[str, str]
    git_dir: Path | None = None
    options: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, feed: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """What the command prints; raises ``ForgeError`` when it fails."""
        finished = self.attempt(*arguments, feed=feed, env=env)
        if finished.code:
            raise self.error(arguments, finished.error)
        return finished.out

    def line(self, *arguments: str) -> str | None:
        """The one line that the command prints, None when it fails."""
        finished = self.attempt(*arguments)
        return None if finished.code else os.fsdecode(finished.out).removesuffix("\n")

    def test(self, *arguments: str) -> bool:
        """Whether the command says yes (0) or no (1); raises ``ForgeError`` for anything else."""
        finished = self.attempt(*arguments)
        if finished.code not in {0, 1}:
            raise self.error(arguments, finished.error)
        return finished.code == 0

    def attempt(
        self, *arguments: str, feed: bytes = b"", env: Mapping[str, str] | None = None, seconds: float = SECONDS
    ) -> Finished:
        """Run the command to its end, whatever it answers."""
        place = () if self.git_dir is None else (f"--git-dir={self.git_dir}",)
        command = ["git", *place, *_OPTIONS, *self.options, *arguments]
        process = _Process(command, self.folder, {**clean(self.environ), **self.extra, **(env or {})})
        try:
            return process.finish(feed, seconds)
        except FileNotFoundError as error:
            raise ForgeError("git is not installed", self.where, "Install it: apt-get install git") from error
        except _LimitError as error:
            raise ForgeError(
                f"git {arguments[0]} {error}", self.where, "See whether the repository is sound"
            ) from error

    def error(self, arguments: Sequence[str], text: str) -> ForgeError:
        """The error for a failed command: git's own last words, without credentials."""
        return ForgeError(
            f"git {arguments[0]} failed ({text or 'it said nothing'})", self.where, advice(text, self.where)
        )


class _LimitError(Exception):
    """The process took too long or said too much."""


@dataclass(frozen=True, slots=True)
class _Process:
    command: list[str]
    folder: Path
    env: Mapping[str, str]

    def finish(self, feed: bytes, seconds: float) -> Finished:
        # Files for input and errors: with pipes for all three a large answer could block a large question.
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as errors:
            source.write(feed)
            source.seek(0)
            process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell; what is hostile stands behind -- or in the input
                self.command,
                cwd=self.folder,
                env=self.env,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            out = _collect(process, seconds)
            errors.seek(0, os.SEEK_END)
            errors.seek(max(0, errors.tell() - 4000))
            return Finished(process.returncode, out, readable(errors.read()))


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The few variables that git may see: no GIT_DIR and the like from outside."""
    return {name: environ[name] for name in _KEPT if name in environ} | _FIXED


def readable(words: bytes) -> str:
    """Git's words on one line, printable, without credentials in addresses."""
    text = _CREDENTIALS.sub("", words.decode("utf-8", "replace"))
    lines = [line.removeprefix("fatal: ").removeprefix("error: ").strip() for line in text.splitlines()]
    joined = "; ".join(line for line in lines if line)
    return "".join(c if c.isprintable() else "?" for c in joined)[:1000]


def advice(text: str, where: str) -> str:
    """What to do next about git's words."""
    lower = text.lower()
    found = (tip for needle, tip in _ADVICE if needle in lower)
    return next(found, "See whether git itself works there: git -C '{where}' status").replace("{where}", where)


def _collect(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    late = Event()
    timer = Timer(seconds, _stop, (process, late))
    timer.daemon = True
    timer.start()
    try:
        with process, _stopped_on_error(process):  # the former closes its output and waits for its end
            out = _read(process)
    finally:
        timer.cancel()
    if late.is_set():
        raise _LimitError(f"did not finish within {seconds:g} s")
    return out


def _read(process: subprocess.Popen[bytes]) -> bytes:
    chunks: list[bytes] = []
    left = MAX_OUTPUT
    while process.stdout is not None and (chunk := process.stdout.read(1 << 20)):
        left -= len(chunk)
        if left < 0:
            raise _LimitError(f"printed more than {MAX_OUTPUT} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


@contextlib.contextmanager
def _stopped_on_error(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave nothing running, also when the person interrupts."""
    try:
        yield
    except BaseException:
        _stop(process, Event())
        raise


def _stop(process: subprocess.Popen[bytes], late: Event) -> None:
    late.set()
    with contextlib.suppress(ProcessLookupError):  # it ended in this very moment
        os.killpg(process.pid, signal.SIGKILL)
