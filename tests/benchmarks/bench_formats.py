"""How fast each format is read, in MB (10**6 bytes) a second on manifests of 1 MB.

    python -m tests.benchmarks.bench_formats

Two kinds of text are measured. A ``manifest`` is made of lines that each state a dependency.
A ``lock`` is made of small tables, like ``uv.lock`` and ``pnpm-lock.yaml``: three times as many
nodes a MB. Making the nodes (0.75 µs a scalar with its span) and, above all, the collector of
reference cycles, which walks all nodes over and over though they hold no cycle, then cost more than the
reading itself: ``*_uncollected`` gives the figures while it is off.
"""

from __future__ import annotations

import gc
import json as stdlib
import sys
from collections.abc import Callable
from time import perf_counter

from bot.formats import json, lines, toml, yaml
from tests.benchmarks.figures import Figure, rate

SIZE = 1_000_000
ROUNDS = 3
LEAST = 5.0
"""MB a second that a manifest of each format should be read with."""


def _filled(head: str, entry: Callable[[int], str], tail: str = "") -> str:
    parts = [head]
    size = number = 0
    while size < SIZE:
        number += 1
        parts.append(entry(number))
        size += len(parts[-1])
    return "".join([*parts, tail])


def _version(number: int) -> str:
    return f"{number % 9}.{number % 31}.{number % 7}"


def texts() -> dict[str, str]:
    """A text of about 1 MB for each thing that is measured."""
    return {
        "json_manifest": _filled(
            '{\n  "dependencies": {\n',
            lambda n: f'    "@scope/package-{n}": "^{_version(n)}",\n',
            '    "z": "1"\n  }\n}\n',
        ),
        "json_lock": _filled(
            '{\n  "packages": {\n',
            lambda n: (
                f'    "node_modules/package-{n}": {{\n      "version": "{_version(n)}",\n'
                f'      "resolved": "https://index.example/package-{n}.tgz",\n'
                f'      "engines": {{\n        "node": ">=18"\n      }}\n    }},\n'
            ),
            '    "z": {}\n  }\n}\n',
        ),
        "toml_manifest": _filled(
            "[project]\ndependencies = [\n",
            lambda n: f'    "package-{n}[extra] >= {_version(n)}, < {n % 9 + 1}",\n',
            "]\n[tool.poetry.dependencies]\n" + "".join(f'package-{n} = "^{_version(n)}"\n' for n in range(10_000)),
        ),
        "toml_lock": _filled(
            "version = 1\n",
            lambda n: (
                f'\n[[package]]\nname = "package-{n}"\nversion = "{_version(n)}"\n'
                'source = { registry = "https://index.example/simple" }\n'
                f'dependencies = [\n    {{ name = "package-{n + 1}" }},\n]\n'
            ),
        ),
        "yaml_manifest": _filled("catalog:\n", lambda n: f"  '@scope/package-{n}': ^{_version(n)}\n"),
        "yaml_lock": _filled(
            "packages:\n",
            lambda n: (
                f"\n  package-{n}@{_version(n)}:\n    resolution: {{integrity: sha512-{n:064x}==}}\n"
                f"    engines: {{node: '>=18'}}\n    dependencies:\n      other-{n}: {_version(n)}\n"
            ),
        ),
        "lines": _filled("", lambda n: f"package-{n}=={_version(n)}  # via package-{n + 1}\n"),
    }


PARSE: dict[str, Callable[[str], object]] = {
    "json": json.parse,
    "toml": toml.parse,
    "yaml": yaml.parse,
    "lines": lambda text: (lines.split(text), lines.annotations(text)),
}


def _rate(parse: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        begun = perf_counter()
        parse(text)
        best = min(best, perf_counter() - begun)
    return round(len(text) / 1e6 / best, 1)


def measure() -> dict[str, Figure]:
    """MB a second, the best of three, for each text; with the collector on and off."""
    rates: dict[str, Figure] = {}
    for name, text in texts().items():
        parse = PARSE[name.partition("_")[0]]
        rates[name] = rate(_rate(parse, text), LEAST)
        gc.disable()
        try:
            rates[f"{name}_uncollected"] = rate(_rate(parse, text), LEAST)
        finally:
            gc.enable()
    return rates


if __name__ == "__main__":
    sys.stdout.write(stdlib.dumps(measure(), indent=2) + "\n")
