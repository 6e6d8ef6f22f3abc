from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.edits import prove, splice
from bot.core.model import DeclaredRole, Edit, FileFacts, ParseError, Part, Role, SkipReason, Statement
from bot.ecosystems.runtime_files import extract as runtime_file
from bot.ecosystems.terraform import complete, ecosystem, extract

A, B, C = (f"ami-{n:017x}" for n in range(0xA1, 0xA4))


def read(files: dict[str, str]) -> dict[str, FileFacts]:
    found = [extract(path, text) for path, text in files.items()]
    return {one.path: one for one in complete(found, found)}


def stated(files: dict[str, str] | str) -> list[Statement]:
    files = {"main.tf": files} if isinstance(files, str) else files
    found = [one for facts in read(files).values() for one in facts.statements]
    assert all(files[pin.path][pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return found


def placed(files: dict[str, str] | str) -> list[tuple[str, str, str]]:
    return [(one.constraint, one.context.region, one.context.within) for one in stated(files)]


def warned(files: dict[str, str] | str) -> list[tuple[str, list[str], bool]]:
    return [
        (one.constraint, [c.text.split(",")[0] for c in one.cautions], any(c.by_hand for c in one.cautions))
        for one in stated(files)
    ]


def instance(more: str = "", ami: str = f'"{A}"') -> str:
    return f'resource "aws_instance" "web" {{\n  ami = {ami}\n{more}\n}}\n'


WEST = 'provider "aws" {\n  alias = "west"\n  region = "us-west-2"\n}\n'
HOME = 'provider "aws" {\n  region = "eu-west-1"\n}\n'


# Regions


@pytest.mark.parametrize(
    ("files", "region"),
    [
        ({"main.tf": instance()}, ""),
        ({"main.tf": instance(), "providers.tf": HOME + WEST}, "eu-west-1"),
        ({"main.tf": instance("  provider = aws.west"), "providers.tf": HOME + WEST}, "us-west-2"),
        ({"main.tf": instance('  provider = "aws.west"'), "providers.tf": HOME + WEST}, "us-west-2"),
        ({"main.tf": instance("  provider = aws.east"), "providers.tf": HOME + WEST}, ""),
        ({"main.tf": instance('  region = "ap-south-1"'), "providers.tf": HOME}, "ap-south-1"),
        ({"main.tf": instance("  region = each.value"), "providers.tf": HOME}, ""),
        ({"us-east-2/main.tf": instance()}, "us-east-2"),
        ({"us-east-2/main.tf": instance(), "us-east-2/p.tf": HOME}, "eu-west-1"),
        ({"us-east-2/main.tf": instance(), "p.tf": HOME}, "us-east-2"),
        ({"a.tf": instance(), "p.tf": HOME, "q.tf": HOME.replace("eu-west-1", "eu-north-1")}, ""),
        ({"a.tf": instance(), "p.tf": 'provider "google" {\n  region = "eu-west-1"\n}\n'}, ""),
    ],
)
def test_the_region_of_a_resource(files: dict[str, str], region: str) -> None:
    assert placed(files) == [(A, region, "")]


FROM_VARIABLE = 'provider "aws" {\n  region = var.region\n}\n'
DEFAULT = 'variable "region" {\n  default = "eu-west-1"\n}\n'


@pytest.mark.parametrize(
    ("files", "region"),
    [
        ({"v.tf": DEFAULT}, "eu-west-1"),
        ({"v.tf": DEFAULT, "prod.tfvars": 'region = "us-east-1"\n'}, "us-east-1"),
        ({"v.tf": DEFAULT, "x.tfvars": 'region = "us-east-1"\n', "y.tfvars": 'region = "us-east-2"\n'}, ""),
        ({"v.tf": "variable region {}\n"}, ""),
        ({"v.tf": 'variable "region" { default = local.home }\nlocals { home = "sa-east-1" }\n'}, "sa-east-1"),
        ({"v.tf": 'variable "region" { default = var.region }\nlocals { x = "eu-west-1" }\n'}, ""),
        ({"vars.tf": DEFAULT, "terraform.tfvars.json": '{"region": "us-gov-west-1"}'}, "us-gov-west-1"),
    ],
)
def test_a_providers_region_is_looked_up_in_its_folder(files: dict[str, str], region: str) -> None:
    assert placed({"main.tf": FROM_VARIABLE + instance(), **files}) == [(A, region, "")]


@pytest.mark.parametrize(
    ("path", "text", "region"),
    [
        ("prod.tfvars", f'ami = "{A}"\nregion = "us-west-1"\n', "us-west-1"),
        ("prod.tfvars", f'ami = "{A}"\nhome = "us-west-1"\nother = "us-west-2"\n', "eu-west-1"),
        ("us-west-1.tfvars", f'ami = "{A}"\n', "us-west-1"),
        ("prod.tfvars", f'ami = "{A}"\n', "eu-west-1"),
        ("prod.tfvars", f'ami_us_west_2 = "{A}"\n', "us-west-2"),
        ("prod.tfvars", f'web = {{ ami = "{A}", region = "us-west-1" }}\n', "us-west-1"),
        ("ap-south-1/web/terragrunt.hcl", f'inputs = {{ ami = "{A}" }}\n', "ap-south-1"),
        ("web/terragrunt.hcl", f'inputs = {{ ami = "{A}", aws_region = "us-west-1" }}\n', "us-west-1"),
    ],
)
def test_the_region_of_a_value_for_others(path: str, text: str, region: str) -> None:
    assert placed({path: text, "main.tf": HOME}) == [(A, region, "")]


def test_maps_by_region() -> None:
    text = (
        f'variable "amis" {{\n  default = {{\n    us-east-1 = {{ web = "{A}", job = "{B}" }}\n    default = "{C}"\n'
        f'    "us-west-2" = {{ web = "{A}", list = ["{B}"] }}\n  }}\n}}\n'
    )
    assert placed(text) == [
        (A, "us-east-1", "var.amis/default/*/web"),
        (B, "us-east-1", "var.amis/default/*/job"),
        (C, "", ""),
        (A, "us-west-2", "var.amis/default/*/web"),
        (B, "us-west-2", "var.amis/default/*/list/0"),
    ]


def test_each_object_of_an_expression_is_a_map_of_its_own() -> None:
    a, b, c = (f'{{ us-east-1 = "{image}" }}' for image in (A, B, C))
    text = f"locals {{\n  a = merge({a}, {b})\n  b = tomap({c})\n}}\n"
    assert [within for _, _, within in placed(text)] == ["local/a/#0/*", "local/a/#1/*", "local/b/*"]


# What replaces machines


REPLACED = "merging it replaces aws_instance.web"
EMR = "merging it replaces aws_emr_cluster.web"
IN_MODULE = {"m/main.tf": instance(ami="var.ami")}


def variable(name: str = "ami", value: str = f'"{A}"') -> str:
    return f'variable "{name}" {{\n  default = {value}\n}}\n'


def module(source: str, ami: str = f'"{A}"') -> str:
    return f'module "m" {{\n  source = "{source}"\n  ami = {ami}\n}}\n'


@pytest.mark.parametrize(
    ("text", "said", "by_hand"),
    [
        (instance(), [REPLACED], True),
        (instance("  lifecycle {\n    ignore_changes = [tags]\n  }"), [REPLACED], True),
        (instance("  lifecycle {\n    ignore_changes = [ami]\n  }"), ["aws_instance.web ignores a new image"], False),
        (instance('  lifecycle {\n    ignore_changes = ["ami"]\n  }'), ["aws_instance.web ignores a new image"], False),
        (instance("  lifecycle {\n    ignore_changes = all\n  }"), ["aws_instance.web ignores a new image"], False),
        (instance().replace("ami =", "other ="), [], False),
        (instance().replace("aws_instance", "aws_launch_template"), [], False),
        (module("terraform-aws-modules/ec2-instance/aws"), ["merging it replaces module.m"], True),
        (module("../eks"), [], False),
        (instance().replace("aws_instance", "aws_emr_cluster").replace("ami =", "custom_ami_id ="), [EMR], True),
    ],
)
def test_what_a_new_image_replaces(text: str, said: list[str], by_hand: bool) -> None:
    found = warned(text)
    assert [(text.partition(" (")[0], one[2]) for one in found for text in one[1]] == [(text, by_hand) for text in said]
    assert len(found) == 1


def test_blocks_that_are_made_in_a_loop() -> None:
    text = (
        'resource "aws_spot_fleet_request" "f" {\n  dynamic "launch_specification" {\n    for_each = var.all\n'
        f'    content {{\n      ami = coalesce(var.ami, "{A}")\n    }}\n  }}\n}}\n'
    )
    assert warned(text + variable(value=f'"{B}"')) == [
        (A, ["merging it replaces aws_spot_fleet_request.f"], True),
        (B, ["merging it replaces aws_spot_fleet_request.f"], True),
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": instance(ami="var.ami"), "variables.tf": variable()},
        {"main.tf": instance(ami='"${var.ami}"'), "v.tf": variable()},
        {"main.tf": instance(ami="var.amis[0]"), "v.tf": variable("amis", f'["{A}"]')},
        {"main.tf": instance(ami="local.ami"), "l.tf": "locals { ami = var.base }", "v.tf": variable("base")},
        {"main.tf": instance(ami="each.value.ami"), "v.tf": variable("all", f'{{ one = {{ ami = "{A}" }} }}')},
        {"main.tf": instance(ami='lookup(each.value, "im")'), "l.tf": f'locals {{\n  all = [{{ im = "{A}" }}]\n}}'},
        {"main.tf": instance(ami="var.ami"), "envs/prod.tfvars": f'ami = "{A}"\n'},
        {**IN_MODULE, "live/terragrunt.hcl": f'inputs = {{ ami = "{A}" }}'},
        {**IN_MODULE, "main.tf": module("./m")},
        {**IN_MODULE, "main.tf": module("./m", "var.web_ami"), "prod.tfvars": f'web_ami = "{A}"\n'},
        {
            "m.tf.json": '{"resource": {"aws_instance": {"web": {"ami": "${var.ami}"}}},'
            f' "variable": {{"ami": {{"default": "{A}"}}}}}}'
        },
    ],
)
def test_the_values_that_a_machine_is_made_of(files: dict[str, str]) -> None:
    assert warned(files) == [(A, [REPLACED], True)]


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": instance(ami="var.ami"), "v.tf": f'variable "other" {{ default = "{A}" }}'},
        {"main.tf": instance(ami="var.ami"), "other/v.tf": f'variable "ami" {{ default = "{A}" }}'},
        {"main.tf": instance(ami="data.aws_ami.x.id"), "v.tf": f'variable "x" {{\n  default = {{ id = "{A}" }}\n}}'},
        {"web.tf": f'module "x" {{\n  source = "./x"\n  image = "{A}"\n}}\n' + instance(ami="var.ami")},
    ],
)
def test_the_values_that_no_machine_is_made_of(files: dict[str, str]) -> None:
    assert warned(files) == [(A, [], False)]


@pytest.mark.parametrize(("steps", "cautions"), [(1, 1), (9, 1), (30, 0)])
def test_how_often_a_value_may_be_passed_on(steps: int, cautions: int) -> None:
    chain = "".join(f"locals {{ ami{n + 1} = local.ami{n} }}\n" for n in range(steps))
    files = {"m.tf": f'locals {{ ami0 = "{A}" }}\n{chain}' + instance(ami=f"local.ami{steps}")}
    assert [len(one.cautions) for one in stated(files)] == [cautions]


def test_long_names_are_cut_and_cautions_are_counted() -> None:
    name = "k" * 1000
    text = f'variable "{name}" {{\n  default = {{ {name} = {{ us-east-1 = "{A}" }} }}\n}}\n'
    assert [len(within) < 500 for _, _, within in placed(text)] == [True]
    many = "".join(instance(ami="var.ami").replace('"web"', f'"w{n}"') for n in range(50))
    assert [len(one.cautions) for one in stated(many + variable())] == [20]


def test_a_value_that_two_take_has_the_cautions_of_both() -> None:
    other = instance("  lifecycle {\n    ignore_changes = [ami]\n  }", "var.ami").replace('"web"', '"b"')
    files = {"main.tf": instance(ami="var.ami") + other, "v.tf": f'variable "ami" {{ default = "{A}" }}'}
    assert [len(one.cautions) for one in stated(files)] == [2]


# Functions


def function(runtime: str, more: str = "") -> str:
    return f'resource "aws_lambda_function" "f" {{\n  runtime = {runtime}\n{more}}}\n'


def run(files: dict[str, str] | str) -> list[tuple[str, str, bool]]:
    return [(one.constraint, one.context.group, any(c.by_hand for c in one.cautions)) for one in stated(files)]


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ("", ("python3.9", "", False)),
        ("  layers = []\n", ("python3.9", "", False)),
        ("  layers = [aws_lambda_layer_version.x.arn]\n", ("python3.9", "layers", True)),
        ("  layers = var.layers\n", ("python3.9", "layers", True)),
    ],
)
def test_layers(layers: str, found: tuple[str, str, bool]) -> None:
    assert run(function('"python3.9"', layers)) == [found]
    files = {"main.tf": function("var.engine", layers), "v.tf": 'variable "engine" { default = "python3.9" }'}
    assert run(files) == [found]


def test_a_value_of_several_functions_has_layers_when_one_has() -> None:
    text = function("local.engine") + function("local.engine", "  layers = [1]\n") + 'locals { engine = "ruby3.2" }\n'
    assert run(text) == [("ruby3.2", "layers", True)]
    assert run({"prod.tfvars": 'engine = "ruby3.2"\n', "m/main.tf": function("var.engine")}) == [("ruby3.2", "", False)]


def test_a_module_for_functions_is_known_by_its_source() -> None:
    text = 'module "f" {\n  source = "terraform-aws-modules/lambda/aws"\n  runtime = "python3.9"\n  layers = ["x"]\n}\n'
    assert run(text) == [("python3.9", "layers", True)]
    assert run(text.replace("lambda", "app")) == []
    assert run({"main.tf": text.replace("lambda", "app"), "m/main.tf": function("var.runtime")}) == [
        ("python3.9", "", False)
    ]


@pytest.mark.parametrize("runtime", ["null", "var.missing", '"${var.x}3.9"', "1"])
def test_what_is_no_runtime_of_ours(runtime: str) -> None:
    assert stated(function(runtime)) == []


def test_a_default_that_can_not_be_written_anew() -> None:
    (found,) = stated(function("var.x") + 'variable "x" { default = "python3\\u002e9" }\n')
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


# Terraform itself, databases


@pytest.mark.parametrize(
    ("path", "package"),
    [("main.tf", "endoflife/terraform"), ("main.tofu", "endoflife/opentofu"), ("m.tofu.json", "endoflife/opentofu")],
)
def test_floors(path: str, package: str) -> None:
    text = (
        '{"terraform": {"required_version": ">= 1.6"}}'
        if "json" in path
        else 'terraform {\n  required_version = ">= 1.6"\n}'
    )
    (found,) = stated({path: text})
    assert (str(found.package), found.scheme, found.constraint) == (package, "terraform", ">= 1.6")


@pytest.mark.parametrize(
    ("more", "role"),
    [
        ({}, Role.LIBRARY),
        ({"p.tf": 'provider "azurerm" {\n  features {}\n}'}, Role.APPLICATION),
        ({"b.tf": 'terraform {\n  backend "s3" {}\n}'}, Role.APPLICATION),
        ({"b.tf": 'terraform {\n  cloud {}\n  required_version = ">= 1"\n}'}, Role.APPLICATION),
        ({"other/p.tf": 'provider "aws" {}'}, Role.LIBRARY),
    ],
)
def test_a_folder_without_state_or_provider_is_for_others(more: dict[str, str], role: Role) -> None:
    facts = read({"versions.tf": 'terraform {\n  required_version = ">= 1.6"\n}', **more})["versions.tf"]
    assert (DeclaredRole(Role.LIBRARY) in facts.declarations) == (role is Role.LIBRARY)


def test_a_terragrunt_unit_is_no_library() -> None:
    facts = read({"a/terragrunt.hcl": 'terraform_version_constraint = ">= 1.6"'})["a/terragrunt.hcl"]
    assert facts.declarations == ()
    assert [one.constraint for one in facts.statements] == [">= 1.6"]


@pytest.mark.parametrize(
    ("names", "package"),
    [
        ([".opentofu-version"], "endoflife/opentofu"),
        ([".opentofu-version", ".terraform-version"], "endoflife/terraform"),
        ([], "endoflife/terraform"),
    ],
)
def test_floors_are_of_what_the_repository_runs(names: list[str], package: str) -> None:
    own = [extract("main.tf", f'{instance()}\nterraform {{\n  required_version = ">= 1.6"\n}}')]
    (facts,) = complete(own, [*own, *(runtime_file(name, "1.9.0\n") for name in names)])
    assert [str(one.package) for one in facts.statements if one.scheme == "terraform"] == [package]


def database(version: str, engine: str = '"postgres"') -> str:
    return f'resource "aws_db_instance" "d" {{\n  engine = {engine}\n  engine_version = {version}\n}}\n'


@pytest.mark.parametrize(
    ("engine", "version", "package"),
    [
        ("postgres", '"14.7"', "endoflife/amazon-rds-postgresql"),
        ("postgres", "14", "endoflife/amazon-rds-postgresql"),
        ("mysql", '"8.0"', "endoflife/amazon-rds-mysql"),
        ("mariadb", '"10.11.6"', "endoflife/amazon-rds-mariadb"),
    ],
)
def test_engines(engine: str, version: str, package: str) -> None:
    (found,) = stated(database(version, f'"{engine}"'))
    assert (str(found.package), found.constraint, found.obstacle) == (package, version.strip('"'), None)
    assert (found.context.group, [(c.by_hand, c.majors) for c in found.cautions]) == ("database", [(True, True)])


@pytest.mark.parametrize(
    ("engine", "version", "why"),
    [
        ("aurora-mysql", '"8.0.mysql_aurora.3.05.2"', "Aurora's"),
        ("sqlserver-ex", '"15.00"', "sqlserver-ex"),
        ("postgres", '"latest"', "not a version"),
        ("postgres", "14.7", "in quotes"),
        ("postgres", '"1\\u0034"', "escapes"),
        ("postgres", '"' + "1" * 2000 + '"', "not a version"),
    ],
)
def test_engines_that_can_not_be_moved(engine: str, version: str, why: str) -> None:
    (found,) = stated(database(version, f'"{engine}"'))
    assert found.obstacle is not None
    assert why in found.obstacle.detail
    assert (found.pins, len(found.constraint) <= 100) == ((), True)


@pytest.mark.parametrize("version", ["var.x", '"${var.x}"', '"14" == 14 ? 1 : 2', "[14]", "null"])
def test_engines_without_a_version(version: str) -> None:
    assert stated(database(version)) == []


@pytest.mark.parametrize("engine", ['"x y"', "var.engine", '"' + "a" * 100 + '"', "[1]"])
def test_versions_without_an_engine(engine: str) -> None:
    assert stated(database('"14"', engine)) == []


def test_parameters_looked_up_at_deployment() -> None:
    text = 'data "aws_ssm_parameter" "p" {\n  name = "/aws/service/debian/release/12/latest/amd64"\n}\n'
    assert [one.package.name for one in stated(text)] == ["/aws/service/debian/release/12/latest/amd64"]
    assert "version" in str(stated(text.replace("amd64", "amd64:3"))[0].obstacle)
    for other in ("/aws/service/aws-for-fluent-bit", "/aws/service/" + "x" * 1200 + "ami", "/own/ami", "${var.x}"):
        assert stated(text.replace("/aws/service/debian/release/12/latest/amd64", other)) == []
    assert stated('resource "x" "y" {\n  z = "resolve:ssm:/aws/service/other"\n}') == []
    assert stated('data "aws_ami" "x" {\n  most_recent = var.newest\n}') == []
    assert stated('data "other" "x" {\n  most_recent = true\n}') == []


# Files


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.tf", f'resource "aws_instance" "x" {{\n  ami = "{A}"\n'),
        ("a.tf", f'{{{{ x }}}}\nami = "{A}"\n'),
        ("a.tf.json", f'{{"a": "{A}",}}'),
        ("a.tf.json", f'["{A}"]'),
        ("a.tf", f'a = "{A}"\nb = {"[" * 200}{"]" * 200}\n'),
    ],
)
def test_what_can_not_be_read_is_refused(path: str, text: str) -> None:
    with pytest.raises(ParseError):
        extract(path, text)


@pytest.mark.parametrize("text", ["", "{{ not HCL }}", 'resource "x" "y" {}\n'])
def test_what_names_nothing_of_ours_is_not_read(text: str) -> None:
    assert extract("a.tf", text) == FileFacts("a.tf", "terraform", ())


def test_odd_json() -> None:
    for text in (
        f'{{"resource": "{A}"}}',
        f'{{"resource": {{"aws_instance": ["{A}"]}}}}',
        f'{{"//": "{A}", "resource": 1, "variable": [[]]}}',
    ):
        assert stated({"a.tf.json": text}) == []
    deep = {"resource": [{"aws_instance": [{"web": [{"ami": A}, {"ami": B}]}]}]}
    assert [one.constraint for one in stated({"a.tf.json": json.dumps(deep)})] == [A, B]
    assert [one.constraint for one in stated({"a.tfvars.json": json.dumps({"x": [A]})})] == [A]


def test_a_byte_order_mark_and_line_endings() -> None:
    assert [one.line for one in stated("\ufeff" + instance().replace("\n", "\r\n"))] == [2]


values = st.recursive(
    st.sampled_from([f'"{A}"', f'"{B}"', '"x"', '"java17"', "var.y", "null", f'var.a == "{A}" ? "{B}" : "{C}"', "1"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(["us-east-1", "eu_west_1", "web", '"k"', "region"]), inner, max_size=3).map(
            lambda pairs: "{\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items()) + "}"
        ),
        inner.map(lambda one: f"coalesce(var.z, {one})"),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["local", "variable", "aws_instance", "module"]), values), max_size=4))
def test_every_edit_reads_back(blocks: list[tuple[str, str]]) -> None:
    heads = {
        "local": "locals {{\n  v{n} = {v}\n}}\n",
        "variable": 'variable "v{n}" {{\n  default = {v}\n}}\n',
        "aws_instance": 'resource "aws_instance" "i{n}" {{\n  ami = {v}\n}}\n',
        "module": 'module "m{n}" {{\n  source = "./m"\n  ami = {v}\n}}\n',
    }
    text = "".join(heads[kind].format(n=n, v=value) for n, (kind, value) in enumerate(blocks))
    before = extract("main.tf", text)
    pins = [pin for one in before.statements for pin in one.pins if pin.part is Part.IMAGE_ID and pin.text == A]
    edits = [Edit("main.tf", pin.span, pin.text, f"ami-{0xF:017x}") for pin in pins]
    after = extract("main.tf", splice(text, edits))
    assert prove(before, after, edits) is None
    (whole,) = complete([before], [before])
    assert all(one.follows is None and one.context.group == "" for one in whole.statements)


def test_every_file_is_read_as_what_is_used_here_may_be_said_there() -> None:
    assert ecosystem.hints == ()


def test_an_image_that_a_validation_limits_is_held() -> None:
    text = f'variable "a" {{\n  default = "{A}"\n  validation {{\n    condition = contains(["{A}"], var.a)\n  }}\n}}\n'
    assert {one.obstacle.reason for one in stated(text) if one.obstacle} == {SkipReason.HELD}


def test_what_a_module_is_given_is_followed_from_a_file_with_nothing_else() -> None:
    files = {
        "main.tf": 'module "web" {\n  source    = "./web"\n  image_id  = var.web_image\n}\n',
        "variables.tf": f'variable "web_image" {{\n  default = "{A}"\n}}\n',
        "web/main.tf": 'variable "image_id" {}\nresource "aws_instance" "w" {\n  ami = var.image_id\n}\n',
    }
    (found,) = stated(files)
    assert [caution.by_hand for caution in found.cautions] == [True]
