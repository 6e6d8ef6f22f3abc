"""Bare clones of addresses, kept in the state folder and fetched again on later runs."""

from __future__ import annotations

import fcntl
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from bot.forge.base import ForgeError
from bot.forge.git import NETWORK_SECONDS, Git

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s:-][^\s]*")
_HOST = re.compile(r"\[?[A-Za-z0-9][A-Za-z0-9.:-]*\]?")
_SYMREF = re.compile(r"^ref: (refs/heads/\S+)\tHEAD$", re.MULTILINE)
_HELPER = (
    '!f() { echo "username=$FRESHLINE_GIT_USERNAME";'
    ' test -z "$FRESHLINE_GIT_PASSWORD" || echo "password=$FRESHLINE_GIT_PASSWORD"; }; f'
)
_REFSPEC = "+refs/heads/*:refs/remotes/origin/*"


def is_address(target: str) -> bool:
    """Whether this is an address to clone and not a path: ``scheme://…`` or ``user@host:path``."""
    return bool(_SCHEME.match(target) or _SCP.fullmatch(target))


def clone(address: str, folder: Path, environ: Mapping[str, str]) -> tuple[Git, str]:
    """Bring the clone of an address up to date and give it, with the address without credentials.

    The remote's branches live under ``refs/remotes/origin``, so those that the bot made in the
    clone survive. Raises ``ForgeError``; a stale clone is never used in place of a fresh one.
    """
    plain, options, secrets = split(address)
    path = folder / f"{hashlib.sha256(plain.encode('utf-8', 'surrogateescape')).hexdigest()}.git"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ForgeError(
            f"The folder for clones can't be made ({error.strerror})", str(folder), "Set another state folder"
        ) from error
    extra = {**secrets, "GIT_ALLOW_PROTOCOL": "file:https:ssh"}
    git = Git(folder, plain, environ, path, options, extra)
    with _lock(path.with_suffix(".lock")):
        _update(git, plain)
    return replace(git, options=(), extra={}), plain


def split(address: str) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """The address without credentials, and how git gets those: bound to the origin, never in an argument."""
    if not _SCHEME.match(address):
        return address, (), {}
    parts = urlsplit(address)
    if parts.scheme not in {"https", "ssh", "file"}:
        raise ForgeError(
            f"Addresses of kind {parts.scheme}:// are not cloned", _bare(address), "Use https://, ssh:// or file://"
        )
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme != "file" and not _HOST.fullmatch(host):
        raise ForgeError("The address names no host", _bare(address), "See that it is right")
    if parts.scheme == "ssh":  # the user's name is part of the address, a password has no place there
        user = f"{parts.username}@" if parts.username else ""
        return urlunsplit(parts._replace(netloc=user + host)), (), {}
    if parts.scheme == "file" or not parts.username:
        return _bare(address), (), {}
    secrets = {
        "FRESHLINE_GIT_USERNAME": unquote(parts.username),
        "FRESHLINE_GIT_PASSWORD": unquote(parts.password or ""),
    }
    scope = f"credential.https://{host}.helper"
    # A whole pair stands alone; with a name only, the user's own helpers may add the password.
    only = ("-c", f"{scope}=") if parts.password else ()
    return _bare(address), (*only, "-c", f"{scope}={_HELPER}"), secrets


def _bare(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One process at a time updates a clone."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _update(git: Git, address: str) -> None:
    heads = _network(git, "ls-remote", "--symref", "--", address, "HEAD").decode("utf-8", "replace")
    object_id = next(
        (line.split("\t")[0] for line in heads.splitlines() if line.endswith("\tHEAD") and not line.startswith("ref:")),
        "",
    )
    if not object_id:
        raise ForgeError("The repository has no commit yet", address, "Commit something first")
    branch = _SYMREF.search(heads)
    _init(git, "sha256" if len(object_id) == 64 else "sha1")
    arguments = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    _network(git, "fetch", *arguments, "--", address, _REFSPEC)
    if branch:
        name = branch[1].removeprefix("refs/heads/")
        git.run("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{name}")
    else:  # the remote's HEAD is detached
        git.run("update-ref", "--no-deref", "refs/remotes/origin/HEAD", object_id)


def _init(git: Git, object_format: str) -> None:
    path = git.git_dir
    if path is not None and not (path / "HEAD").exists():
        bare = replace(git, git_dir=None)
        bare.run("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", "--", str(path))


def _network(git: Git, *arguments: str) -> bytes:
    finished = git.attempt(*arguments, seconds=NETWORK_SECONDS)
    if finished.code:
        raise git.error(arguments, finished.error)
    return finished.out
