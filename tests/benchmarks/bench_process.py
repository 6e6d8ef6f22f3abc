"""Whole processes, and the extraction of a repository of 4,700 files with 27 manifests and 250 dependencies.

Figures: ``--version`` against an empty Python; extraction inside the process; ``scan`` with a warm
cache against a registry on loopback. Seconds are medians of five; memory is the peak in MB.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bot import ecosystems, extraction
from bot.core.rules import DEFAULT_EXCLUDE
from bot.forge.local import open_forge
from bot.store import Store
from tests.benchmarks.figures import figure
from tests.fakes.registry import EPOCH, FakeRegistry

FILES, MANIFESTS, DEPENDENCIES = 4_700, 27, 250
RUNS = 5
PER_MANIFEST = -(-DEPENDENCIES // MANIFESTS)


def measure() -> dict[str, dict[str, float]]:
    """Seconds, MB and ratios by name of the measurement."""
    with tempfile.TemporaryDirectory() as folder, FakeRegistry() as registry:
        repository = _repository(Path(folder), registry)
        environ = _environ(Path(folder), registry)
        return {**_version(environ), **_extraction(repository), **_scan(repository, environ)}


def _names() -> list[tuple[str, str]]:
    return [("npm" if number % 2 else "pypi", f"package-{number}") for number in range(DEPENDENCIES)]


def _repository(folder: Path, registry: FakeRegistry) -> Path:
    """A git repository of the size, packed as a clone is; its packages published with 300 releases each."""
    repository = folder / "repository"
    for number in range(FILES - MANIFESTS):
        path = repository / f"src/part{number % 97}/module{number}.{'py' if number % 3 else 'ts'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"value = {number}\n" * 40)
    versions = {f"1.{n // 10}.{n % 10}": {"published": EPOCH} for n in range(300)}
    for kind, name in _names():
        getattr(registry, kind)(name, versions)
    for number in range(MANIFESTS):
        _manifest(repository, number)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["gc", "-q"]):
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgSign=false"]
        subprocess.run(["git", "-C", str(repository), *identity, *command], check=True)
    return repository


def _manifest(repository: Path, number: int) -> None:
    names = [name for kind, name in _names() if (kind == "npm") == bool(number % 2)]
    own = names[number // 2 * PER_MANIFEST : (number // 2 + 1) * PER_MANIFEST]
    folder = repository / f"services/service{number}"
    folder.mkdir(parents=True)
    if number % 2:
        lines = ",\n".join(f'    "{name}": "1.2.3"' for name in own)
        (folder / "package.json").write_text(f'{{\n  "private": true,\n  "dependencies": {{\n{lines}\n  }}\n}}\n')
    elif number % 4:
        (folder / "requirements.txt").write_text("".join(f"{name}==1.2.3\n" for name in own))
    else:
        lines = "".join(f'    "{name}==1.2.3",\n' for name in own)
        (folder / "pyproject.toml").write_text(f'[project]\nname = "s{number}"\ndependencies = [\n{lines}]\n')


def _environ(folder: Path, registry: FakeRegistry) -> dict[str, str]:
    return {
        **os.environ,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "FRESHLINE_REGISTRIES__PYPI__URL": registry.pypi_url,
        "FRESHLINE_REGISTRIES__NPM__URL": registry.npm_url,
    }


def _process(arguments: list[str], environ: Mapping[str, str]) -> tuple[float, float]:
    """Median wall seconds and peak MB of a Python process."""
    # A small process of its own starts it: the peak of this one's other children must not count.
    code = (
        "import resource,subprocess,sys,time\n"
        "began=time.perf_counter()\n"
        "subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL)\n"
        "print(time.perf_counter()-began,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024)\n"
    )
    command = [sys.executable, "-c", code, sys.executable, *arguments]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True, env=environ) for _ in range(RUNS)]
    seconds, megabytes = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    return statistics.median(seconds), max(megabytes)


def _version(environ: Mapping[str, str]) -> dict[str, dict[str, float]]:
    empty, _ = _process(["-c", "pass"], environ)
    seconds, megabytes = _process(["-m", "bot", "--version"], environ)
    return {
        "version_seconds": figure(seconds, 15 * empty) | {"times_empty_python": round(seconds / empty, 1)},
        "version_mb": figure(megabytes, 60),
    }


def _extraction(repository: Path) -> dict[str, dict[str, float]]:
    seconds = []
    for _ in range(RUNS):
        with Store.in_memory() as store:
            forge = open_forge(str(repository), repository, os.environ)
            began = time.perf_counter()
            limits = extraction.Limits(5_000_000, DEFAULT_EXCLUDE)
            reading = extraction.read(forge.snapshot(), ecosystems.built_in(), store.facts(), limits)
            seconds.append(time.perf_counter() - began)
            assert sum(len(facts.statements) for facts in reading.files) == DEPENDENCIES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"extraction_seconds": figure(statistics.median(seconds), 0.15), "extraction_mb": figure(peak, 445)}


def _scan(repository: Path, environ: Mapping[str, str]) -> dict[str, dict[str, float]]:
    command = ["-m", "bot", "scan", str(repository)]
    cold = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True, env=environ)
    cold = time.perf_counter() - cold
    seconds, megabytes = _process(command, environ)
    return {
        "scan_cold_seconds": figure(cold, 8),
        "scan_warm_seconds": figure(seconds, 0.8),
        "scan_warm_mb": figure(megabytes, 120),
    }
