"""Every benchmark of this folder; prints one JSON object: by name, the figure, its limit and their ratio.

A ratio of 1 or less keeps the limit. Figures are of this machine at this moment; quote ratios.
"""

from __future__ import annotations

import importlib
import json
import sys
from pkgutil import iter_modules

from tests import benchmarks


def main() -> None:
    """Run the benchmarks named on the command line (default: all)."""
    wanted = sys.argv[1:]
    names = sorted(m.name for m in iter_modules(benchmarks.__path__) if m.name.startswith("bench_"))
    found = {}
    for name in names:
        if not wanted or name.removeprefix("bench_") in wanted:
            found[name.removeprefix("bench_")] = importlib.import_module(f"{benchmarks.__name__}.{name}").measure()
    print(json.dumps(found, indent=2))  # noqa: T201 - what a benchmark is for


if __name__ == "__main__":
    main()
