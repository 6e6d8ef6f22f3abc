from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TEST = """
from tests.conftest import need

def test_with_it():
    need("there", None)

def test_without_it():
    need("unobtainium", "nobody sells it")
"""


@pytest.mark.parametrize(
    ("require", "outcome"),
    [
        ([], "1 passed, 1 skipped"),
        (["--require=all"], "1 failed, 1 passed"),
        (["--require=a,unobtainium"], "1 failed, 1 passed"),
        (["--require=another"], "1 passed, 1 skipped"),
    ],
)
def test_a_missing_part_is_a_skip_or_a_failure(tmp_path: Path, require: list[str], outcome: str) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    root = Path(__file__).parent.parent
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", "-c", "/dev/null", *require]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_it.py")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert outcome in done.stdout, done.stdout + done.stderr
