"""Run the fake by hand: ``python -m tests.fakes.github --repository acme/shop=path/to/folder``.

Prints what a client needs: the address, the App's id and private key file, a personal token. Ends with Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.world import Files, Special, link_to

SAMPLE = Path(__file__).parents[2] / "samples" / "shop"


def main(arguments: Sequence[str] | None = None, *, stop: threading.Event | None = None) -> int:
    """Serve until a signal (or ``stop``, which tests set)."""
    options = _parse(arguments)
    ended = stop or threading.Event()
    if stop is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    with FakeGitHub(clock=Clock.real(), port=options.port) as github:
        try:
            _fill(github, options.repository or [f"acme/shop={SAMPLE}"])
        except (OSError, ValueError) as error:
            print(f"github: {error}", file=sys.stderr)  # noqa: T201 - this is the command's error
            return 1
        if options.webhook_url:
            github.webhook_url, github.webhook_secret = options.webhook_url, options.webhook_secret
        print("\n".join(_told(github)), flush=True)  # noqa: T201 - this is what the command is for
        ended.wait()
        for line in github.violations:
            print(f"not what GitHub describes: {line}", flush=True)  # noqa: T201 - as above
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.github", description="A GitHub of your own, on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="the port (a free one)")
    parser.add_argument(
        "--repository", action="append", metavar="OWNER/NAME=PATH", help="a repository made of a folder's files"
    )
    parser.add_argument("--webhook-url", help="where webhooks are sent")
    parser.add_argument("--webhook-secret", default="development", help="what they are signed with")
    return parser.parse_args(arguments)


def _fill(github: FakeGitHub, wanted: Sequence[str]) -> None:
    owners = {}
    for one in wanted:
        name, equals, path = one.partition("=")
        if not equals or name.count("/") != 1:
            raise ValueError(f"--repository takes OWNER/NAME=PATH, not {one}")
        github.create_repository(name, read_folder(Path(path)))
        owners[name.partition("/")[0]] = True
    for owner in owners:
        github.install(owner)


def read_folder(folder: Path) -> Files:
    """What git tracks in a folder, or every file where it is no repository; links stay links."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    tracked = subprocess.run(["git", "-C", str(folder), "ls-files", "-z"], capture_output=True, check=False)
    names = tracked.stdout.decode().split("\0") if tracked.returncode == 0 else []
    paths = [folder / name for name in names if name] or sorted(folder.rglob("*"))
    return {one.relative_to(folder).as_posix(): _content(one) for one in paths if one.is_file() or one.is_symlink()}


def _content(path: Path) -> bytes | Special:
    if path.is_symlink():
        return link_to(str(path.readlink()))
    data = path.read_bytes()
    return Special(data) if path.stat().st_mode & 0o100 else data


def _told(github: FakeGitHub) -> list[str]:
    """The lines that a person copies into a shell."""
    key = github.world.folder / "app.pem"
    key.touch(mode=0o600)
    key.write_text(github.app.private_key)
    names = ", ".join(r.full_name for r in github.world.live_repositories())
    return [
        f"# A GitHub with {names}; the App {github.app.slug} is installed. Ctrl-C ends it.",
        f"export FRESHLINE_GITHUB__API_URL={github.api_url}",
        f"export FRESHLINE_GITHUB__APP_ID={github.app.id}",
        f"export FRESHLINE_GITHUB__PRIVATE_KEY_FILE={key}",
        f"# or, as a person: export FRESHLINE_GITHUB__TOKEN={github.personal_token()}",
    ]


if __name__ == "__main__":
    sys.exit(main())
