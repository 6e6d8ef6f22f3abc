"""Freshline as a GitHub App, without an account: a fake GitHub with three repositories made from real packages.

    make demo-github

The two real ones (a Python and a JavaScript project) come from the registries that this machine uses.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin

from bot import plugins
from bot.http import Distil, Http, MemoryCache
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub

SAMPLE = Path(__file__).parent / "shop"
PYTHON_PROJECT = ("httpx", "httpx-0.26.0.tar.gz")
NODE_PROJECT = ("cookie-parser", "1.4.6")
SOURCE = ("eslint-plugin-promise", "7.2.1", "eslint-community/eslint-plugin-promise")
"""A package whose own repository is there too, with its history file: where release notes come from."""
SIMPLE = "application/vnd.pypi.simple.v1+json"
RAW = Distil("raw", bytes)
MOST = 200_000
"""Bytes: larger files of a package (pictures, bundles) are left out of its repository."""


def main() -> None:
    """Start the fake, run the App over every repository, print the pull requests."""
    with FakeGitHub(clock=Clock.real()) as github, tempfile.TemporaryDirectory() as folder:
        repositories = {"acme/shop": _sample(), **_real()}
        for name, files in repositories.items():
            github.create_repository(name, files)
        acme = [name for name in repositories if name.startswith("acme/")]
        github.install("acme")
        github.limits.writes_a_minute = None
        key = Path(folder, "key.pem")
        key.write_text(github.app.private_key)
        environ = {
            **os.environ,
            "XDG_STATE_HOME": folder,
            "FRESHLINE_GITHUB__API_URL": github.api_url,
            "FRESHLINE_GITHUB__APP_ID": str(github.app.id),
            "FRESHLINE_GITHUB__PRIVATE_KEY_FILE": str(key),
            "FRESHLINE_GITHUB__SECONDS_BETWEEN_WRITES": "0",
            "FRESHLINE_GITHUB__WRITES_PER_MINUTE": "1000",
        }
        _say(f"A fake GitHub is at {github.api_url}, with {', '.join(acme)}. Running the App over them:\n")
        _run(environ)
        for name in acme:
            _show(github, name)
        _say("\n-- and the dashboard of acme/shop\n")
        _say(_board(github, "acme/shop"))
        _talk(github, environ)
        _say(
            f"{len(github.requests)} requests in all; {len(github.violations)} that GitHub's description does not know"
        )


def _run(environ: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "bot", "run", "--fleet"], check=True, env=environ)


def _board(github: FakeGitHub, name: str) -> str:
    issues = github.repository(name).issues.values()
    return next(one.body or "" for one in issues if one.title == "Freshline dashboard")


def _talk(github: FakeGitHub, environ: Mapping[str, str]) -> None:
    """A person says no to one pull request, in a comment; the App's next pass hears it."""
    pull = github.pulls("acme/shop", "open")[0]
    _say(f"\nSomebody comments on acme/shop#{pull.number} ({pull.issue.title}): /freshline ignore this version\n")
    github.comment("acme/shop", pull.number, "/freshline ignore this version")
    _run(environ)
    _say(f"\n#{pull.number} is now {pull.issue.state}; the bot wrote: {pull.issue.comments[-1].body}\n")


def _show(github: FakeGitHub, name: str) -> None:
    """The titles of a repository's pull requests, and the whole of one, with release notes where there are some."""
    pulls = github.pulls(name, "open")
    _say(f"\n== {name}: {len(pulls)} open pull request{'' if len(pulls) == 1 else 's'}")
    for pull in pulls:
        _say(f"#{pull.number:<3} {pull.issue.title}")
    noted = [pull for pull in pulls if "Release notes" in (pull.issue.body or "")]
    for pull in (noted or pulls)[:1]:
        _say(f"\n-- #{pull.number} {pull.issue.title}\n\n{pull.issue.body}")


def _sample() -> dict[str, str]:
    """The back end of the sample: few enough pull requests for GitHub's limit of 80 new things a minute."""
    return {str(p.relative_to(SAMPLE)): p.read_text() for p in sorted(SAMPLE.glob("backend/*")) if p.is_file()}


def _real() -> dict[str, Mapping[str, str | bytes]]:
    with Http(MemoryCache()) as http:
        registries = plugins.registries()
        base = {name: registries[name].default_url(os.environ, Path.home()) for name in ("pypi", "npm")}
        project, wanted = PYTHON_PROJECT
        page = f"{base['pypi']}/{project}/"
        listed = json.loads(http.fetch(page, headers={"Accept": SIMPLE}, distil=RAW))
        sdist = next(file["url"] for file in listed["files"] if file["filename"] == wanted)
        package, version = NODE_PROJECT
        source, newest, home = SOURCE
        return {
            f"acme/{project}": _unpacked(http.fetch(urljoin(page, sdist), headers={}, distil=RAW)),
            f"acme/{package}": _from_npm(http, base["npm"], package, version),
            home: _from_npm(http, base["npm"], source, newest),
        }


def _from_npm(http: Http, base: str, package: str, version: str) -> Mapping[str, str | bytes]:
    packument = json.loads(http.fetch(f"{base}/{package}", headers={}, distil=RAW))
    return _unpacked(http.fetch(packument["versions"][version]["dist"]["tarball"], headers={}, distil=RAW))


def _unpacked(archive: bytes) -> dict[str, str | bytes]:
    """The files of a package, without the folder that holds them all."""
    files: dict[str, str | bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() and member.size < MOST else None
            if content is not None:
                files[member.name.partition("/")[2]] = content.read()
    return files


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
