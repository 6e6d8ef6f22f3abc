from __future__ import annotations

import errno
import re
import tempfile
from pathlib import Path

import pytest

from bot.core.errors import ExpectedError
from bot.faults import EXPECTED, UNEXPECTED, explained, report_of


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_an_expected_error_is_one_printable_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(ExpectedError("no\nsuch \x1b[31mthing\x07, \t mend it")) == EXPECTED
    assert capsys.readouterr() == ("", "freshline: no such ?[31mthing?, mend it\n")


def test_a_reader_that_went_away_gets_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(BrokenPipeError(errno.EPIPE, "Broken pipe")) == EXPECTED
    assert capsys.readouterr() == ("", "")


def test_a_full_disk_can_be_mended(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(OSError(errno.ENOSPC, "No space left on device", "/var/x")) == EXPECTED
    words = capsys.readouterr().err
    assert words.startswith("freshline: there is no room left (")
    assert "'/var/x'); make some and run again\n" in words


def test_anything_else_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert explained(raised(ZeroDivisionError("by nothing"))) == UNEXPECTED
    [report] = tmp_path.iterdir()
    assert str(report) in capsys.readouterr().err
    text = report.read_text()
    assert re.match(r"freshline \S+, Python 3\.", text)
    assert "ZeroDivisionError: by nothing" in text


def test_a_report_that_cannot_be_kept_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    assert explained(raised(ZeroDivisionError("by nothing"))) == UNEXPECTED
    words = capsys.readouterr().err
    assert "ZeroDivisionError: by nothing" in words
    assert "the report above could not be put into a file" in words.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        "GET https://ann:s3cr3t@packages.example/simple failed",
        "GET https://ann:s3cr3t/s3cr3t@packages.example/simple failed",
        "GET https://ann:x@s3cr3t@packages.example/simple failed",
        "https://packages.example/simple?token=s3cr3t",
        "{'Authorization': 'Bearer s3cr3t'}",
        "Authorization: Basic s3cr3t",
        "password = 's3cr3t'",
        '{"password": "s3cr3t"}',
        "FRESHLINE_REGISTRIES__ACME__TOKEN=s3cr3t",
        "api_key=s3cr3t",
        "postgresql://ann:s3cr3t@db.example/freshline",
    ],
)
def test_a_report_holds_no_credentials(words: str) -> None:
    text = report_of(raised(RuntimeError(words)))
    assert "RuntimeError" in text
    assert "s3cr3t" not in text.partition("RuntimeError: ")[2]


def test_what_led_to_an_error_is_told_too_and_cleaned() -> None:
    cause = raised(ValueError("https://ann:s3cr3t@x.example"))
    error = RuntimeError("second")
    error.__cause__ = cause
    text = report_of(raised(error))
    assert "https://***@x.example" in text
    assert "RuntimeError: second" in text


def test_long_texts_are_cleaned_quickly() -> None:
    text = report_of(raised(RuntimeError("://" * 20_000 + "token" * 20_000)))
    assert len(text) > 100_000
