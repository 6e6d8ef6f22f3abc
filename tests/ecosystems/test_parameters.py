"""Plain parameter files: which machine images they state, in which region, and what is left to others."""

from __future__ import annotations

import time

import pytest

from bot.core.model import FileFacts, ParseError, SkipReason, Statement
from bot.core.select import selector
from bot.ecosystems.parameters import ecosystem, extract

A, B, C = "ami-0123456789abcdef0", "ami-0123456789abcdef1", "ami-7654321a"


def stated(text: str, path: str = "config/app.yml") -> list[Statement]:
    found = list(extract(path, text).statements)
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return found


def told(text: str, path: str = "config/app.yml") -> list[tuple[str, str, str]]:
    return [(one.constraint, one.context.region, one.context.within) for one in stated(text, path)]


def test_a_whole_string_is_an_image() -> None:
    (found,) = stated(f"a:\n  b: [1, '{A}']\n")
    assert (str(found.package), found.scheme, found.line, found.lockable) == (f"aws_ami/{A}", "image_date", 2, False)
    assert stated(f"a: x{A}\nb: {A}x\nc: see {A}\n") == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("params.json", f'// mine\n{{"a": "{A}",}}'),
        ("params.toml", f"a = '{A}'"),
        ("x.yaml", f"a: {A}"),
        ("group_vars/all", f"a: {A}"),
    ],
)
def test_the_syntax_is_told_by_the_name(path: str, text: str) -> None:
    assert [one[0] for one in told(text, path)] == [A]


@pytest.mark.parametrize("path", ["a.txt", "config/a.html", "group_vars/all.yml.j2", "x.ini", "vars/.env"])
def test_other_syntaxes_say_nothing(path: str) -> None:
    assert extract(path, f"a: {A}\n") == FileFacts(path, "parameters", ())


# Regions


def test_regions_by_key_beside_and_by_path() -> None:
    assert told(f"amis: {{eu-west-1: {A}, us-east-1: {B}}}\n") == [
        (A, "eu-west-1", "amis/*"),
        (B, "us-east-1", "amis/*"),
    ]
    assert told(f"web: {{image: {A}, aws_region: eu-west-1}}\n") == [(A, "eu-west-1", "")]
    assert told(f"region: eu-west-1\nweb: {{region: '{{{{ x }}}}', image: [{A}]}}\n") == [(A, "eu-west-1", "")]
    assert told(f"image: {A}\n", "envs/eu_west_1/app.yml") == [(A, "eu-west-1", "")]
    assert told(f"Region: us-east-1\nmap: {{eu-west-1: {A}}}\n", "envs/ap-south-1.yml")[0][1] == "eu-west-1"
    assert told(f"region: nowhere\nimage: {A}\n") == [(A, "", "")]


def test_a_list_of_one_region_tells_it() -> None:
    assert told(f"regions: [eu-west-1]\nparameters: {{image: {A}}}\n", "runway.yml") == [(A, "eu-west-1", "")]
    assert told(f"runners: [{{machine_image: {A}, region: [us-west-2]}}]\n", ".cirun.yml") == [(A, "us-west-2", "")]
    for several in ("[eu-west-1, us-west-2]", "[]", "[[eu-west-1]]", "{a: eu-west-1}", "[x]"):
        assert told(f"regions: {several}\nimage: {A}\n", "runway.yml") == [(A, "", "")]


# Longer strings


def test_overrides_hold_images_among_others() -> None:
    text = f'[prod.deploy.parameters]\nregion = "eu-west-1"\nparameter_overrides = "Ami=\\"{A}\\" Old={C},x"\n'
    assert told(text, "samconfig.toml") == [(A, "eu-west-1", ""), (C, "eu-west-1", "")]
    listed = f"parameter_overrides: [Ami={A}, Stage=x, {C}, {{Other: '{B}'}}]\n"
    assert sorted(one[0] for one in told(listed, "samconfig.yaml")) == [A, B, C]
    assert [one[0] for one in told(f'["Ami={A}", "Note=see {A}", "{B}"]', "params.json")] == [A, B]


def test_an_id_with_an_escape_inside_is_seen_and_stays() -> None:
    escaped = A.replace("ami-0", "ami-\\u0030")
    for text in (f'a = "{escaped}"\nb = "{A}"\n', f'parameter_overrides = "Ami={escaped}"\nb = "{A}"\n'):
        first, second = stated(text, "params.toml")
        assert first.obstacle is not None
        assert (first.obstacle.reason, first.pins, second.obstacle) == (SkipReason.UNSUPPORTED_CONSTRAINT, (), None)


# What a change may replace


def warned(text: str, path: str = "config/app.yml") -> list[tuple[str, bool]]:
    """Each image, and whether a person has to merge it."""
    found = stated(text, path)
    for one in found:
        assert [caution.by_hand for caution in one.cautions] == [True] * len(one.cautions)
        assert all("a parameter file does not tell" in caution.text for caution in one.cautions)
    return [(one.constraint, bool(one.cautions)) for one in found]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("params.json", f'[{{"ParameterKey": "ImageId", "ParameterValue": "{A}"}}]'),
        ("params.json", f'[{{"ParameterValue": "{A}", "ParameterKey": "ImageId"}}]'),
        ("params.yml", f"StackName: a\nOthers:\n- {{ParameterKey: ImageId, ParameterValue: {A}}}\n"),
        ("params.json", f'{{"Parameters": {{"ImageId": "{A}"}}, "Tags": {{}}}}'),
        ("params.yml", f"template-file-path: a.yml\nparameters: {{ImageId: {A}}}\n"),
        ("params.json", f'["ImageId={A}"]'),
        ("samconfig.toml", f'parameter_overrides = "ImageId={A}"\n'),
        ("samconfig.toml", f'parameter_overrides = "{A}"\n'),
    ],
)
def test_a_parameter_of_a_stack_is_merged_by_a_person(path: str, text: str) -> None:
    assert warned(text, path) == [(A, True)]


def test_an_image_of_instances_is_merged_by_a_person() -> None:
    for key in ("instance_ami", "InstanceImageId", "DB_INSTANCE"):
        assert warned(f"{key}: {A}\n") == [(A, True)]
    assert warned(f"instances: [{A}, [{B}]]\n") == [(A, True), (B, True)]
    assert warned(f"instance_amis: {{eu-west-1: {A}, us-east-1: {B}}}\n") == [(A, True), (B, True)]
    assert warned(f"a: &x {A}\ninstance: *x\n") == [(A, True)]
    assert warned(f"instance: &x {A}\na: *x\n") == [(A, True)]


def test_others_are_not() -> None:
    assert warned(f"instance: {{image: {A}}}\nlaunch_template_ami: {B}\nnodes: [{C}]\n") == [
        (A, False),
        (B, False),
        (C, False),
    ]
    assert warned(f"parameters: {{ImageId: {A}}}\n") == [(A, False)]
    assert warned(f"eu-west-1: {A}\n") == [(A, False)]
    assert warned(f"- {{ParameterKey: a}}\n- {{x: {A}}}\n") == [(A, False)]


# What others read


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("config/a.json", f'{{"Resources": {{"A": {{"Type": "AWS::EC2::Instance", "P": "{A}"}}}}}}'),
        ("config/serverless.yml", f"resources: {{Resources: {{A: {{Type: 'AWS::EC2::Instance', P: {A}}}}}}}\n"),
        ("envs/a.tfvars.json", f'{{"a": "{A}"}}'),
        ("config/cdk.context.json", f'{{"a": "{A}"}}'),
        ("config/packer.json", f'{{"builders": [{{"source_ami": "{A}"}}]}}'),
        ("config/n.yaml", f"apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nspec: {{id: {A}}}\n"),
        ("config/c.yaml", f"kind: List\nitems:\n- apiVersion: eksctl.io/v1\n  kind: ClusterConfig\n  a: {A}\n"),
    ],
)
def test_what_others_read_is_left_to_them(path: str, text: str) -> None:
    assert stated(text, path) == []


def test_what_only_looks_like_a_template_is_read() -> None:
    assert [one[0] for one in told(f"Resources: [AWS::EC2::Instance]\na: {A}\n")] == [A]
    assert [one[0] for one in told(f"Resources: {{a: {A}}}\n")] == [A]
    assert [one[0] for one in told(f"--- {A}\n---\n- {B}\n---\nkind: List\nitems: [1, {{a: {C}}}]\n")] == [A, B, C]


# What can't be read


@pytest.mark.parametrize("path", ["config/a.yml", "vars/a.toml", "params.json", "group_vars/all"])
def test_a_file_that_can_not_be_read_is_refused_for_an_image_only(path: str) -> None:
    broken = "{% if x %}\n: [ {{ y }}\n"
    with pytest.raises(ParseError):
        extract(path, f"{broken}a: {A}\n")
    assert stated(f"{broken}  # was {A}\n# {B}\na: my-{C}\n" if path != "params.json" else f"{broken}# {A}", path) == []


def test_tags_and_templates_that_are_yaml_are_read() -> None:
    text = f'a: !vault |\n  1234\nb: "{{{{ c }}}}"\nd: !Sub {A}\ne: {B} # freshline: ignore\n'
    first, second = stated(text)
    assert (first.constraint, first.ignored, second.ignored) == (A, None, "asked by a comment on line 5")


def test_deep_and_large_files_end_soon() -> None:
    begin = time.monotonic()
    large = "{" + ",".join(f'"k{n}": {{"region": "eu-west-1", "a": "{A}"}}' for n in range(20_000)) + "}"
    assert len(stated(large, "params.json")) == 20_000
    with pytest.raises(ParseError):
        extract("params.json", "[" * 5000 + f'"{A}"')
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("group_vars/all", True),
        ("a/b/group_vars/web/main.yml", True),
        ("host_vars/web-1.yaml", True),
        ("roles/web/defaults/main.yml", True),
        ("roles/web/vars/main.yaml", True),
        ("roles/web/tasks/ami.yml", True),
        ("vars/main.toml", True),
        ("playbook.yml", True),
        ("my_playbook-1.yaml", True),
        ("site.yml", True),
        ("infra/prod-params.json", True),
        ("parameters.toml", True),
        ("config/a/b/c.json", True),
        ("app/config/x.yaml", True),
        ("environments/prod.yml", True),
        ("envs/a/b.toml", True),
        ("samconfig.toml", True),
        ("cdk.json", True),
        ("test/parameter_files/prod.json", True),
        ("parameters/prod.toml", True),
        ("stacks/params/a/b.yml", True),
        ("molecule/default/molecule.yml", True),
        ("roles/web/molecule/ec2/create.yaml", True),
        (".cirun.yml", True),
        ("runway.yml", True),
        ("apps/web/runway.yaml", True),
        ("parameters/a.tf", False),
        ("molecule/default/tests.py", False),
        ("runway.toml", False),
        ("cirun.yml", False),
        ("a.yml", False),
        ("config.json", False),
        ("config/a.py", False),
        ("environments/main.tf", False),
        ("roles/web/files/a.yml", False),
    ],
)
def test_which_paths_are_read(path: str, wanted: bool) -> None:
    assert bool(selector([ecosystem], ()).ecosystems(path)) is wanted


def test_files_are_searched_first() -> None:
    assert ecosystem.hints == ("ami-",)
