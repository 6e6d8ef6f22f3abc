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
        github.install("acme")
        key = Path(folder, "key.pem")
        key.write_text(github.app.private_key)
        environ = {
            **os.environ,
            "XDG_STATE_HOME": folder,
            "FRESHLINE_GITHUB__API_URL": github.api_url,
            "FRESHLINE_GITHUB__APP_ID": str(github.app.id),
            "FRESHLINE_GITHUB__PRIVATE_KEY_FILE": str(key),
        }
        _say(f"A fake GitHub is at {github.api_url}, with {', '.join(repositories)}. Running the App over them:\n")
        subprocess.run([sys.executable, "-m", "bot", "run", *repositories], check=True, env=environ)
        for name in repositories:
            _show(github, name)
        _say(
            f"{len(github.requests)} requests in all; {len(github.violations)} that GitHub's description does not know"
        )


def _show(github: FakeGitHub, name: str) -> None:
    """The titles of all pull requests of a repository, and the whole of the first."""
    pulls = github.pulls(name, "open")
    _say(f"\n== {name}: {len(pulls)} open pull requests")
    for pull in pulls:
        _say(f"#{pull.number:<3} {pull.issue.title}")
    if pulls:
        _say(f"\n-- #{pulls[0].number} {pulls[0].issue.title}\n\n{pulls[0].issue.body}")


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
        packument = json.loads(http.fetch(f"{base['npm']}/{package}", headers={}, distil=RAW))
        tarball = packument["versions"][version]["dist"]["tarball"]
        return {
            f"acme/{project}": _unpacked(http.fetch(urljoin(page, sdist), headers={}, distil=RAW)),
            f"acme/{package}": _unpacked(http.fetch(tarball, headers={}, distil=RAW)),
        }


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
