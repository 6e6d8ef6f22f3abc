from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.edits import prove, splice
from bot.core.model import Edit, FileFacts, ParseError, SkipReason, Statement, Strategy
from bot.core.versions import scheme
from bot.ecosystems.cdk import ecosystem, extract

AMI = "ami-0123456789abcdef0"
OTHER = "ami-0123456789abcdef1"
TS = "import * as lambda from 'aws-cdk-lib/aws-lambda';\nimport { aws_ec2 as ec2 } from 'aws-cdk-lib';\n"
PY = "import aws_cdk\nfrom aws_cdk import aws_lambda, aws_ec2\n"


def read(body: str, path: str = "lib/a.ts") -> tuple[Statement, ...]:
    text = (PY if path.endswith(".py") else TS) + body
    found = extract(path, text).statements
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return found


def told(body: str, path: str = "lib/a.ts") -> list[tuple[str, str]]:
    return [(one.constraint, str(one.obstacle.reason) if one.obstacle else "") for one in read(body, path)]


def images(body: str, path: str = "lib/a.ts") -> list[tuple[str, str, str]]:
    return [(one.constraint, one.context.region, one.context.within) for one in read(body, path)]


def cautions(body: str, path: str = "lib/a.ts") -> list[tuple[str, bool]]:
    return [(caution.text, caution.by_hand) for one in read(body, path) for caution in one.cautions]


# Which files


@pytest.mark.parametrize(
    "header",
    [
        "import * as cdk from 'aws-cdk-lib';",
        'import { Runtime } from "@aws-cdk/aws-lambda";',
        "const cdk = require('monocdk/aws-lambda');",
        "import 'aws-cdk-lib'",
        "const cdk = await import('aws-cdk-lib');",
    ],
)
def test_what_imports_the_cdk_is_read(header: str) -> None:
    assert len(extract("a.mjs", f"{header}\nRuntime.PYTHON_3_9").statements) == 1


@pytest.mark.parametrize("header", ["import aws_cdk", "from aws_cdk.aws_lambda import Runtime", "import os, monocdk"])
def test_what_imports_the_cdk_in_python_is_read(header: str) -> None:
    assert len(extract("a.py", f"{header}\nRuntime.PYTHON_3_9").statements) == 1


@pytest.mark.parametrize(
    "header", ["// aws-cdk-lib", "x('aws-cdk-lib')", "import './aws-cdk'", "['aws-cdk-lib']", "aws_cdk", "import aws"]
)
def test_what_does_not_says_nothing(header: str) -> None:
    text = f"{header}\nRuntime.PYTHON_3_9"
    assert extract("a.ts", text) == FileFacts("a.ts", "cdk", ())


def test_what_names_nothing_of_ours_is_not_followed() -> None:
    assert extract("a.ts", f"{TS} it's Runtime prose") == FileFacts("a.ts", "cdk", ())
    with pytest.raises(ParseError):
        extract("a.ts", f"{TS} it's Runtime.PYTHON_3_9")


def test_the_patterns_are_searched_for_the_hints() -> None:
    assert all("*" in pattern for pattern in ecosystem.patterns)
    assert ecosystem.hints == ("aws-cdk", "aws_cdk", "monocdk")


# Runtimes


@pytest.mark.parametrize(
    ("constant", "subject"),
    [
        ("PYTHON_3_9", "runtime:python"),
        ("NODEJS_18_X", "runtime:node"),
        ("JAVA_8_CORRETTO", "runtime:java"),
        ("DOTNET_CORE_3_1", "runtime:dotnet"),
        ("RUBY_3_2", "runtime:ruby"),
    ],
)
def test_constants(constant: str, subject: str) -> None:
    (found,) = read(f"x = lambda.Runtime.{constant}.bundlingImage")
    assert (found.subject, found.constraint, found.scheme) == (subject, constant, "function_constant")
    assert (found.package.name, found.line, found.lockable) == ("aws-lambda", 3, False)
    assert [caution.by_hand for caution in found.cautions] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "Runtime.PROVIDED_AL2023, Runtime.FROM_IMAGE, Runtime.ALL, Runtime.NODEJS",
        "Runtime.PYTHON_3, synthetics.Runtime.SYNTHETICS_NODEJS_2_0, lambda.RuntimeFamily.NODEJS, X.PYTHON_3_9",
        "apprunner.Runtime.DOTNET_6; awsAppRunner.Runtime.PYTHON_3_11; new apprunner.Runtime('python3.11')",
        "apprunner.Runtime.PYTHON_LATEST",
        "x === Runtime.PYTHON_3_9; Runtime.PYTHON_3_9 != y; Runtime.PYTHON_3_9.runtimeEquals(r)",
        "r.runtimeEquals(lambda.Runtime.PYTHON_3_9); switch (r) { case Runtime.PYTHON_3_9.name: break; }",
        "[Runtime.PYTHON_3_8, Runtime.PYTHON_3_9].includes(r); x = { [Runtime.PYTHON_3_9.name]: 1 }",
        "Runtime.PYTHON_3_9 = new Runtime('python3.9', F); class R { static PYTHON_3_9 = Runtime('python3.9') }",
        "runtime = 'python3.9' + x; x('python3.9'); let runtimes: 'python3.9'; runtime: 'python'",
        "const image = `${'ami-1'}`; import { Runtime } from '@aws-cdk/aws-apprunner'; x = Runtime.DOTNET_6",
    ],
)
def test_what_states_no_runtime(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{Runtime.PYTHON_3_9: 1}",
        "{a: 1, Runtime.PYTHON_3_9: 1}",
        "r is Runtime.PYTHON_3_9",
        "Runtime.PYTHON_3_9 in x",
        "r in (Runtime.PYTHON_3_8, Runtime.PYTHON_3_9)",
        "r not in [Runtime.PYTHON_3_8]",
    ],
)
def test_what_states_none_in_python(text: str) -> None:
    assert told(text, "a.py") == []


@pytest.mark.parametrize(
    "text",
    [
        "new lambda.Runtime('python3.9')",
        "{ runtime: 'python3.9' }",
        "{ Runtime: 'python3.9', x }",
        "const runtime = 'python3.9';",
        "const runtime = 'python3.9'\nconst x = 1",
        "f('runtime'); g({ 'Runtime': `python3.9` })",
        "const pinned = new Runtime('python3.9')",
        "const runtime = 'python3.9'",
    ],
)
def test_identifiers(text: str) -> None:
    (found,) = read(text)
    assert (found.constraint, found.scheme, found.cautions) == ("python3.9", "function", ())


def test_the_newest_floats() -> None:
    assert told("Runtime.NODEJS_LATEST; lambda.Runtime.PYTHON_LATEST") == [
        ("NODEJS_LATEST", "floating"),
        ("PYTHON_LATEST", "floating"),
    ]


def test_lists_gain() -> None:
    text = "x = [lambda.Runtime.PYTHON_3_8, lambda.Runtime.PYTHON_3_9, Runtime.NODEJS_18_X]"
    assert told(text) == [("lambda.Runtime.PYTHON_3_8, lambda.Runtime.PYTHON_3_9", ""), ("NODEJS_18_X", "")]
    assert told("x = (Runtime.PYTHON_3_8, Runtime.PYTHON_3_9)", "a.py") == [
        ("Runtime.PYTHON_3_8, Runtime.PYTHON_3_9", "")
    ]
    assert told("f(Runtime.PYTHON_3_8, Runtime.PYTHON_3_9)") == [("PYTHON_3_8", ""), ("PYTHON_3_9", "")]
    assert told("[f(Runtime.PYTHON_3_8), x ? Runtime.PYTHON_3_9 : y]") == [("PYTHON_3_8", ""), ("PYTHON_3_9", "")]


@pytest.mark.parametrize(
    "text",
    [
        "[Runtime.PYTHON_3_8, /* and */ Runtime.PYTHON_3_9]",
        "[Runtime.PYTHON_3_8.name, Runtime.PYTHON_3_9.name]",
        "[Runtime.PYTHON_3_8, Runtime.NODEJS_18_X, Runtime.PYTHON_3_9, Runtime.NODEJS_20_X]",
    ],
)
def test_other_lists_are_held(text: str) -> None:
    found = read(f"layer({{ compatibleRuntimes: {text} }})")
    assert {one.obstacle.reason for one in found if one.obstacle} == {SkipReason.HELD}
    assert all((one.pins, one.context.group) == ((), "layers") for one in found)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("new F(this, 'a', { runtime: Runtime.PYTHON_3_9, layers: [x] })", True),
        ("new F(this, 'a', { layers, runtime: Runtime.PYTHON_3_9 })", True),
        ("new F(this, 'a', { layers: y, code: c({ bundling: { image: Runtime.PYTHON_3_9.bundlingImage } }) })", True),
        ("const props = { layers, runtime: Runtime.PYTHON_3_9 }", True),
        ("f.addLayers(x); new F({ runtime: Runtime.PYTHON_3_9 })", True),
        ("new L({ compatibleRuntimes: [Runtime.PYTHON_3_9] })", True),
        ("new G({ layers: [x] }); new F({ runtime: Runtime.PYTHON_3_9 })", False),
        ("class S { layers = 1; constructor() { f({ runtime: Runtime.PYTHON_3_9 }) } }", False),
        ("f({ layers: [a], x: () => { new F({ runtime: Runtime.PYTHON_3_9 }) } })", False),
        ("f({ layers: [a], x: `${g({ runtime: Runtime.PYTHON_3_9 })}` })", False),
        ("{ layers: 1, runtime = Runtime.PYTHON_3_9 }", False),
    ],
)
def test_layers(text: str, marked: bool) -> None:
    (found,) = read(text)
    assert found.context.group == ("layers" if marked else "")
    assert any(caution.by_hand for caution in found.cautions) == marked


def test_layers_in_python() -> None:
    text = "F(self, 'a', layers=[x], runtime=Runtime.PYTHON_3_9)\nF(self, 'b', runtime=Runtime.PYTHON_3_9)\n"
    assert [one.context.group for one in read(text, "a.py")] == ["layers", ""]
    assert [one.context.group for one in read(f"f.add_layers(x)\n{text}", "a.py")] == ["layers", "layers"]


# Machine images


def test_region_maps() -> None:
    text = f"""
const a = {{ 'us-east-1': '{AMI}', "eu-west-1": {{ arm: ['{OTHER}'] }} }};
const b = [{{ x86: {{ 'us-east-1': '{AMI}' }} }}];
"""
    assert images(text) == [
        (AMI, "us-east-1", "map 1/*"),
        (OTHER, "eu-west-1", "map 1/*/arm"),
        (AMI, "us-east-1", "map 2/x86/*"),
    ]
    assert images(f'm = {{"us-east-1": "{AMI}"}}\n', "a.py") == [(AMI, "us-east-1", "map 1/*")]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        (f"x = '{AMI}'", ""),
        (f"{{ region: 'eu-west-1', ami: '{AMI}' }}", ""),
        (f"f({{ region: 'eu-west-1', ami: '{AMI}' }})", "eu-west-1"),
        (f"f({{ env: {{ region: r, awsRegion: 'eu-west-1' }}, x: {{ ami: '{AMI}' }} }})", ""),
        (f"f({{ region: 'eu-west-1', x: [{{ ami: '{AMI}' }}] }})", "eu-west-1"),
        (f"f({{ region: 'everywhere', ami: '{AMI}' }})", ""),
        (f"f({{ ['us-east-1']: g('{AMI}') }})", ""),
        (f"f({{ [region]: '{AMI}' }})", ""),
    ],
)
def test_the_region_of_one(text: str, region: str) -> None:
    assert images(text) == [(AMI, region, "")]


def test_the_region_of_a_call_and_of_a_folder() -> None:
    assert images(f"f(region='eu-west-1', ami='{AMI}')", "a.py") == [(AMI, "eu-west-1", "")]
    assert images(f"f(ami='{AMI}')", "envs/us-west-2/a.py") == [(AMI, "us-west-2", "")]


@pytest.mark.parametrize(
    "text",
    [
        f"'{AMI}' + x; x + '{AMI}'; '{AMI}x'; 'see {AMI}'; // '{AMI}'",
        "'ami-1234'; 'ami-0123456789ABCDEF0'; '\\x61mi-12345678'",
    ],
)
def test_what_states_no_image(text: str) -> None:
    assert told(text) == []


def test_strings_that_are_put_together_in_python() -> None:
    assert told(f"'{AMI}' 'x'\n", "a.py") == []
    assert told(f"'{AMI}' % x\n", "a.py") == []
    assert told(f"f'{{x}}' '{AMI}'\n", "a.py") == []
    assert told(f"'{AMI}' f'{{x}}'\n", "a.py") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"new ec2.Instance(this, 'Db', {{ image: MachineImage.genericLinux({{ a: '{AMI}' }}) }})", "ec2.Instance Db"),
        (f"new CfnInstance(this, id, {{ imageId: '{AMI}' }})", "CfnInstance"),
        (f"new aws.ec2.BastionHostLinux(this, `b${{x}}`, {{ imageId: '{AMI}' }})", "ec2.BastionHostLinux"),
        (f"ec2.CfnInstance(image_id='{AMI}')", "ec2.CfnInstance"),
        (f"Instance(this, '{AMI}')", "Instance"),
        (f"Instance(x, '{'y' * 200}', '{AMI}')", f"Instance {'y' * 100}"),
    ],
)
def test_an_instance_is_replaced(text: str, what: str) -> None:
    assert cautions(text) == [(f"merging it replaces {what}, with whatever is kept on it", True)]


def test_where_nothing_is_replaced() -> None:
    template = f"new ec2.LaunchTemplate(this, 'a', {{ machineImage: x.genericLinux({{ a: '{AMI}' }}) }});"
    assert cautions(template) == []
    assert cautions(f"{template} new ec2.Instance(this, 'b', x);") == []
    assert cautions(f"const map = {{ a: '{AMI}' }};") == []


def test_what_can_not_be_told_is_left_to_a_person() -> None:
    ((text, by_hand),) = cautions(f"const map = {{ a: '{AMI}' }}; new ec2.Instance(this, 'b', {{ x: map }})")
    assert text.startswith("if an instance of this file uses it")
    assert by_hand


def test_look_ups_float() -> None:
    found = read("ec2.MachineImage.lookup({}); MachineImage.latestAmazonLinux2023(); x.lookup(); MachineImage.other()")
    assert [one.package.name for one in found] == ["MachineImage.lookup", "MachineImage.latestAmazonLinux2023"]
    assert {one.obstacle.reason for one in found if one.obstacle} == {SkipReason.FLOATING}


# Whatever stands around them


PIECES = st.sampled_from(
    [
        "new F(this, 'a', { runtime: lambda.Runtime.PYTHON_3_9, layers: [x] });",
        "x = [Runtime.PYTHON_3_8, Runtime.PYTHON_3_9];",
        "const runtime = 'python3.9';",
        "// Runtime.PYTHON_3_9",
        "/* 'python3.9' */ r = /Runtime.PYTHON_3_9'/;",
        "`Runtime.PYTHON_3_9 ${Runtime.NODEJS_18_X}`;",
        f"m = {{ 'us-east-1': '{AMI}', 'eu-west-1': '{OTHER}' }};",
        f"new ec2.Instance(this, 'Db', {{ imageId: '{AMI}' }});",
        "if (r === Runtime.PYTHON_3_9) { }",
    ]
)


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=8), st.sampled_from(["\n", "\r\n", " "]))
def test_edits_are_proved(pieces: list[str], between: str) -> None:
    text = TS + between.join(pieces)
    before = extract("a.ts", text)
    edits = []
    for one in before.statements:
        new = None if one.kind == "machine_image" else changed(one)
        edits += [Edit(pin.path, pin.span, pin.text, new) for pin in one.pins if new]
    after = extract("a.ts", splice(text, edits))
    assert prove(before, after, edits) is None


def changed(one: Statement) -> str | None:
    version = "24.1.0" if one.subject == "runtime:node" else "3.13.1"
    return scheme(one.scheme).rewrite(one.constraint, version, Strategy.BUMP)


@pytest.mark.parametrize(
    "text",
    [
        "if (id === 'ami-12345678') x()",
        "switch (id) { case 'ami-12345678': break }",
        "['ami-12345678'].includes(id)",
        "x = { 'ami-12345678': 1 }",
    ],
)
def test_an_id_that_is_asked_about_is_no_image(text: str) -> None:
    assert read(text) == ()
