from __future__ import annotations

import subprocess
import sys

import pytest

from bot import ecosystems, worker
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, ParseError
from bot.ecosystems import npm


def test_a_child_reads_as_the_parent_does() -> None:
    text = '{"dependencies": {"left-pad": "^1.0.0"}}'
    assert worker.read_apart("package.json", text.encode(), npm.ecosystem) == npm.extract("package.json", text)


def test_a_file_that_cannot_be_parsed_says_so() -> None:
    with pytest.raises(ParseError, match="line 1"):
        worker.read_apart("package.json", b'{"a": ', npm.ecosystem)


def test_text_that_is_not_utf_8_is_found_before_a_child_is_started() -> None:
    with pytest.raises(UnicodeDecodeError):
        worker.read_apart("package.json", b"\xff", npm.ecosystem)


def test_a_child_that_dies_is_a_file_that_took_too_much() -> None:
    nobody = Ecosystem("of no such name", (), 1, lambda path, _: FileFacts(path, "", ()))
    with pytest.raises(worker.TimedOutError, match="20 seconds or 2 GiB"):
        worker.read_apart("package.json", b"{}", nobody)


def test_facts_are_encoded_alike_in_every_process() -> None:
    command = [sys.executable, "-c", "from bot.store.codec import FINGERPRINT; print(FINGERPRINT)"]
    seen = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(seen) == 1


def test_every_ecosystem_can_be_found_by_name() -> None:
    assert len({one.name for one in ecosystems.built_in()}) == len(ecosystems.built_in())
