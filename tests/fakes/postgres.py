"""A real PostgreSQL of the tests' own: on a socket in a temporary folder, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder with the newest ``initdb`` and ``pg_ctl``."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name.split(".")[0]))
    named = shutil.which("initdb")
    return found[-1] if found else Path(named).resolve().parent if named else None


def why_not() -> str | None:
    """Why there is no PostgreSQL to test on, None when there is one."""
    if binaries() is None:
        return "no initdb; install the package postgresql"
    if importlib.util.find_spec("psycopg") is None:
        return "no psycopg; pip install 'freshline[postgres]'"
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or _user() is None):
        return "PostgreSQL won't run as root, and there is no setpriv or no user to be instead"
    return None


def _user() -> pwd.struct_passwd | None:
    return next((one for one in pwd.getpwall() if one.pw_name in {"postgres", "nobody"}), None)


class _Server:
    """One cluster in one folder, run by an unprivileged user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._as = self._unprivileged()

    def _unprivileged(self) -> list[str]:
        user = _user()
        if os.geteuid() != 0 or user is None:
            return []
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def run(self, program: str, *arguments: str) -> None:
        command = [*self._as, f"{binaries()}/{program}", *arguments]
        # Not a pipe: the server inherits it, and reading would wait for the server's end.
        with (self.folder / "tests.log").open("ab") as log:
            subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self) -> None:
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "freshline", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c shared_buffers=16MB"
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "server.log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    from tests.conftest import need  # noqa: PLC0415 - conftest loads this module

    need("postgresql", why_not())
    # Not pytest's own folder: its path can be too long for a socket, and closed to the other user.
    folder = Path(tempfile.mkdtemp(prefix="freshline-pg-"))
    server = _Server(folder)
    try:
        server.start()
        try:
            yield f"postgresql://freshline@/postgres?host={folder}"
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
