from __future__ import annotations

import pytest

from bot.core.model import FileFacts, ParseError
from bot.ecosystems.packer import ecosystem, extract

A, B = (f"ami-{n:017x}" for n in (0xA1, 0xA2))


def placed(text: str, path: str = "web.pkr.hcl") -> list[tuple[str, str]]:
    found = extract(path, text).statements
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    assert not any(one.cautions for one in found)
    return [(one.constraint, one.context.region) for one in found]


def source(region: str = "", ami: str = f'"{A}"') -> str:
    said = f"  region = {region}\n" if region else ""
    return f'source "amazon-ebs" "web" {{\n{said}  source_ami = {ami}\n}}\n'


@pytest.mark.parametrize(
    ("text", "region"),
    [
        (source(), ""),
        (source('"eu-west-1"'), "eu-west-1"),
        (source("var.region") + 'variable "region" { default = "eu-west-1" }\n', "eu-west-1"),
        (source("local.home") + 'locals { home = "eu-west-1" }\n', "eu-west-1"),
        (source("var.region") + 'variable "region" {}\n', ""),
        (source("var.region") + 'variable "region" { default = "nowhere" }\n', ""),
        (source('"eu-west-1"', "var.base") + f'variable "base" {{ default = "{A}" }}\n', "eu-west-1"),
        (
            source('"eu-west-1"', "var.base") + source('"eu-west-2"') + f'variable "base" {{ default = "{A}" }}\n',
            "eu-west-2",
        ),
    ],
)
def test_regions(text: str, region: str) -> None:
    assert placed(text)[0] == (A, region)


def test_values_know_their_own_region() -> None:
    assert placed(f'base = "{A}"\nregion = "us-west-1"\n', "prod.pkrvars.hcl") == [(A, "us-west-1")]
    assert placed(f'base = "{A}"\n', "us-west-2/prod.pkrvars.hcl") == [(A, "us-west-2")]
    assert placed(f'{{"base": "{A}"}}', "us-west-2.pkrvars.json") == [(A, "us-west-2")]


BUILDER = f'{{"type": "amazon-ebs", "region": "us-west-1", "source_ami": "{A}"}}'
OF_USER = BUILDER.replace(A, "{{user `b`}}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'{{"builders": [{BUILDER}]}}', [(A, "us-west-1")]),
        (f'{{"builders": [{BUILDER.replace("us-west-1", "{{user `r`}}")}]}}', [(A, "")]),
        (
            f'{{"builders": [{BUILDER.replace("us-west-1", "{{ user `r` }}")}], "variables": {{"r": "eu-west-1"}}}}',
            [(A, "eu-west-1")],
        ),
        (
            f'{{"variables": {{"b": "{B}"}}, "builders": [{BUILDER.replace(A, "{{user `b`}}")}]}}',
            [(B, "us-west-1")],
        ),
        (
            f'{{"variables": {{"b": "{B}"}}, "builders": [{OF_USER}, {OF_USER.replace("t-1", "t-2")}]}}',
            [(B, "")],
        ),
        (f'{{"builders": ["amazon-ebs", "{A}"]}}', []),
        (f'{{"builders": "amazon-", "variables": {{"b": ["{B}"]}}}}', [(B, "")]),
        (f'["\\"builders\\":", {{"builders": "amazon-{A}"}}]', []),
        (f'{{"builders": [{{"type": "googlecompute", "x": "{A}"}}]}}', []),
    ],
)
def test_templates_of_packer_before_1_7(text: str, found: list[tuple[str, str]]) -> None:
    assert placed(text, "web.json") == found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.pkr.hcl", f'source "amazon-ebs" "x" {{ source_ami = "{A}"'),
        ("a.pkr.json", f'{{"a": "{A}",}}'),
        ("a.json", f'{{"builders": [{{"source_ami": "{A}", "type": "amazon-ebs"}},]}}'),
    ],
)
def test_what_can_not_be_read_is_refused(path: str, text: str) -> None:
    with pytest.raises(ParseError):
        extract(path, text)


@pytest.mark.parametrize("text", ["", "{{ not HCL }}", "{"])
def test_what_names_nothing_of_ours_is_not_read(text: str) -> None:
    assert extract("a.pkr.hcl", text) == FileFacts("a.pkr.hcl", "packer", ())
    assert extract("a.json", text + A) == FileFacts("a.json", "packer", ())


def test_the_hints() -> None:
    assert all("*" in pattern for pattern in ecosystem.patterns)
    assert any(hint in source() for hint in ecosystem.hints)
