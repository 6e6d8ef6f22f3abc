"""A pass over a fleet of 1,000 repositories, 5 % of them changed since the last one, as ``freshline run --fleet``.

GitHub and the registries are fakes in one process, the bot is another. All repositories have current
versions; the change leaves 40 repositories current and one dependency of ten others behind. That makes ten
pull requests, whose 50 writes go one a second: the pace that GitHub asks for. Seconds are wall clock, memory
is the peak of the bot's process in MB. ``python -m tests.benchmarks.bench_fleet`` prints JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import figure
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.world import Content
from tests.fakes.registry import EPOCH, FakeRegistry

REPOSITORIES, CHANGED, BEHIND = 1_000, 50, 10
PACKAGES, DEPENDENCIES, SHAPES = 30, 10, 20
ALLOWANCE = 12_500
"""An hour, as GitHub gives an installation of that size (50 for each repository above 20, up to this)."""
NEWEST, OLDER = "8.0.0", "7.0.0"
ACCOUNT = "acme"


# The world, in a process of its own


def serve() -> None:
    """Serve both fakes; each line of standard input is a command, answered with a line of JSON."""
    with FakeGitHub(clock=Clock.real()) as github, FakeRegistry() as registry:
        _publish(registry)
        github.install(ACCOUNT)
        github.limits.core = github.limits.graphql = ALLOWANCE
        for number in range(REPOSITORIES):
            github.create_repository(f"{ACCOUNT}/service-{number}", _files(number))
        _say(_addresses(github, registry))
        for line in sys.stdin:
            if line == "change\n":
                _change(github)
            _say(_counts(github))
            github.forget_requests()


def _say(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to a command


def _addresses(github: FakeGitHub, registry: FakeRegistry) -> dict[str, Any]:
    return {
        "FRESHLINE_GITHUB__API_URL": github.api_url,
        "FRESHLINE_GITHUB__APP_ID": str(github.app.id),
        "FRESHLINE_GITHUB__PRIVATE_KEY": github.app.private_key,
        "FRESHLINE_REGISTRIES__PYPI__URL": registry.pypi_url,
        "FRESHLINE_REGISTRIES__NPM__URL": registry.npm_url,
    }


def _counts(github: FakeGitHub) -> dict[str, Any]:
    """What was asked since the last command; tokens are no requests to a repository and are left out."""
    kinds = [one.kind for one in github.requests if one.kind != "token"]
    pulls = sum(len(r.pulls) for r in github.world.live_repositories())
    reads = sum(kind in {"read", "graphql"} for kind in kinds)
    return {"reads": reads, "writes": len(kinds) - reads, "pulls": pulls, "violations": github.violations}


def _publish(registry: FakeRegistry) -> None:
    versions = {f"{major}.{minor}.0": {"published": EPOCH} for major in range(1, 8) for minor in range(10)}
    for number in range(PACKAGES):
        for publish in (registry.pypi, registry.npm):
            publish(f"package-{number}", {**versions, NEWEST: {"published": EPOCH}})


def _files(number: int) -> dict[str, Content]:
    """Two to four manifests, each of one of a few shapes, and what else a repository holds."""
    shape = random.Random(number % SHAPES)
    manifests: list[tuple[str, Content]] = [
        ("pyproject.toml", _pyproject(shape, NEWEST, f"service-{number}")),
        ("web/package.json", _package_json(shape)),
        ("tools/requirements.txt", "".join(f"{name}=={NEWEST}\n" for name in _some(shape))),
        ("docs/pyproject.toml", _pyproject(shape, NEWEST)),
    ]
    code: dict[str, Content] = {f"src/part{n}.py": f"print({n})\n" for n in range(5)}
    return {**dict(manifests[: 2 + number % 3]), "README.md": f"# Service {number}\n", **code}


def _some(shape: random.Random) -> list[str]:
    return [f"package-{number}" for number in sorted(shape.sample(range(PACKAGES), DEPENDENCIES))]


def _pyproject(shape: random.Random, first: str, name: str = "service") -> str:
    versions = [first, *[NEWEST] * (DEPENDENCIES - 1)]
    lines = "".join(f'    "{name}=={version}",\n' for name, version in zip(_some(shape), versions, strict=True))
    return f'[project]\nname = "{name}"\nversion = "1"\ndependencies = [\n{lines}]\n'


def _package_json(shape: random.Random) -> str:
    return json.dumps({"private": True, "dependencies": dict.fromkeys(_some(shape), NEWEST)}, indent=2) + "\n"


def _change(github: FakeGitHub) -> None:
    """Someone edits a manifest in every twentieth repository."""
    step = REPOSITORIES // CHANGED
    for number in range(CHANGED):
        shape = random.Random(SHAPES + number)
        text = _pyproject(shape, OLDER if number < BEHIND else NEWEST)
        github.push(f"{ACCOUNT}/service-{number * step}", "main", {"pyproject.toml": text})


# The measurement


@dataclass(frozen=True)
class World:
    """The other process, and how it is reached."""

    process: subprocess.Popen[str]
    environ: Mapping[str, str]

    def ask(self, command: str) -> dict[str, Any]:
        """Have a command carried out."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the world has no pipes")
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def _world() -> Iterator[World]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_fleet", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the world has no pipes")
        yield World(process, json.loads(process.stdout.readline()))


def measure() -> dict[str, dict[str, float]]:
    """Seconds, requests, MB and their limits by name of the measurement."""
    missing = specs.why_not()
    if missing:
        print(f"fleet: not measured, {missing}", file=sys.stderr)  # noqa: T201 - standard output is for figures
        return {}
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        world = closing.enter_context(_world())
        environ = _environ(folder, world.environ)
        first_seconds, _ = _pass(environ)
        first = world.ask("count")
        quiet_seconds, _ = _pass(environ)
        quiet = world.ask("change")
        seconds, megabytes = _pass(environ)
        after = world.ask("count")
    return _figures((first_seconds, first), (quiet_seconds, quiet), (seconds, after)) | {
        "changed_mb": figure(megabytes, 400)
    }


Measured = tuple[float, Mapping[str, Any]]


def _figures(first: Measured, quiet: Measured, changed: Measured) -> dict[str, dict[str, float]]:
    wrong = [reason for _, counts in (first, quiet, changed) for reason in counts["violations"]]
    if wrong or changed[1]["pulls"] != BEHIND or quiet[1]["writes"] or first[1]["reads"] < 3 * REPOSITORIES:
        raise AssertionError(f"not the passes that were to be measured: {first[1]}, {quiet[1]}, {changed[1]}")
    return {
        "first_seconds": figure(first[0], 300),
        "first_reads": figure(first[1]["reads"], 24 + 3 * REPOSITORIES),
        "quiet_seconds": figure(quiet[0], 60),
        "quiet_reads": figure(quiet[1]["reads"], 12),
        "changed_seconds": figure(changed[0], 120),
        "changed_reads": figure(changed[1]["reads"], 12 + 3 * CHANGED),
        "changed_writes": figure(changed[1]["writes"], 6 * BEHIND),
    }


def _environ(folder: Path, addresses: Mapping[str, str]) -> dict[str, str]:
    config = folder / "freshline.toml"
    # The dashboards of a thousand repositories would be hours of writing at the pace that GitHub allows.
    config.write_text("[policy.pull_requests]\ndashboard = false\n")
    own = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder), "FRESHLINE_CONFIG": str(config)}
    return {**os.environ, **own, **addresses}


def _pass(environ: Mapping[str, str]) -> tuple[float, float]:
    """Wall seconds and peak MB of one pass over the fleet."""
    # A small process of its own starts it: the peak of this one's other children must not count.
    code = (
        "import resource,subprocess,sys\n"
        "subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024)\n"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "bot", "run", "--fleet"]
    began = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environ)
    return time.perf_counter() - began, float(done.stdout)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        print(json.dumps(measure(), indent=2))  # noqa: T201 - what it is for
