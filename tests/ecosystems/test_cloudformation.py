from __future__ import annotations

import pytest

from bot.core.model import Caution, Context, FileFacts, Kind, Obstacle, Package, ParseError, SkipReason, Statement
from bot.ecosystems.cloudformation import ecosystem, extract


def read(text: str, path: str = "template.yaml") -> FileFacts:
    return extract(path, text)


def told(text: str, path: str = "template.yaml") -> list[tuple[str, str, str, int]]:
    found = read(text, path).statements
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return [(one.subject, one.constraint, one.context.group, len(one.pins)) for one in found]


def function(runtime: str, more: str = "") -> str:
    return f"Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: {runtime}\n{more}"


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("python3.11", "runtime:python"),
        ("'nodejs20.x'", "runtime:node"),
        ("java17", "runtime:java"),
        ("java8.al2", "runtime:java"),
        ("dotnetcore3.1", "runtime:dotnet"),
        ("dotnet8", "runtime:dotnet"),
        ("ruby3.2", "runtime:ruby"),
        ("!Sub python3.11", "runtime:python"),
        ("!!str python3.11", "runtime:python"),
    ],
)
def test_identifiers(value: str, subject: str) -> None:
    assert told(function(value)) == [(subject, value.rpartition(" ")[2].strip("'"), "", 1)]


@pytest.mark.parametrize("value", ["P", "", "[a, b]", "!Ref P", "12", "x" * 200])
def test_what_is_no_runtime_of_ours(value: str) -> None:
    assert told(function(value)) == []


@pytest.mark.parametrize("value", ["provided", "provided.al2", "go1.x", "nodejs"])
def test_an_identifier_without_a_version_of_a_language_is_seen(value: str) -> None:
    (found,) = read(function(value)).statements
    assert (found.package, found.pins) == (Package("endoflife", "aws-lambda"), ())
    assert found.obstacle
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


@pytest.mark.parametrize("where", ["Code: {ZipFile: 'x = 1'}", "InlineCode: x = 1"])
def test_code_in_a_template_is_left_to_a_person(where: str) -> None:
    owner = "Lambda" if "Zip" in where else "Serverless"
    text = f"Resources: {{F: {{Type: AWS::{owner}::Function, Properties: {{Runtime: python3.9, {where}}}}}}}\n"
    (found,) = read(text).statements
    assert [caution.by_hand for caution in found.cautions] == [True]


@pytest.mark.parametrize(
    "value", ["!Sub python${V}", "nodejs4.3-edge", '"python3\\u002e9"', "python3.9.1.2", "dotnetcore2.1-x"]
)
def test_what_can_not_be_written_anew_is_seen(value: str) -> None:
    (found,) = read(function(value, "      Layers: [a]\n")).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT
    assert (found.pins, found.context.group) == ((), "layers")


def test_a_parameter_stands_for_all_functions_that_name_it() -> None:
    functions = "".join(
        f'"{name}": {{"Type": "AWS::Lambda::Function", "Properties": {{"Runtime": {{"Ref": "P"}}{more}}}}}, '
        for name, more in (("A", ""), ("B", ', "Layers": ["x"]'), ("C", ""))
    )
    text = f'{{"Resources": {{{functions} "D": 1}}, "Parameters": {{"P": {{"Default": "python3.9"}}}}}}'
    assert told(text, "a.json") == told(text, "a.template") == [("runtime:python", "python3.9", "layers", 1)]


@pytest.mark.parametrize("limit", ["AllowedValues: [python3.9]", "AllowedPattern: python.*"])
def test_a_parameter_that_admits_only_some_is_held(limit: str) -> None:
    (found,) = read(function("!Ref P", f"Parameters:\n  P:\n    Default: python3.9\n    {limit}\n")).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.HELD
    assert limit.partition(":")[0] in found.obstacle.detail


@pytest.mark.parametrize(
    "parameter", ["P: {}", "P: {Default: [a]}", "Q: {Default: python3.9}", "P: python3.9", "P: {Default: 3.9}"]
)
def test_a_parameter_without_a_default_says_nothing(parameter: str) -> None:
    assert told(function("!Ref P", f"Parameters:\n  {parameter}\n")) == []


def test_a_default_that_can_not_be_read_keeps_its_own_reason() -> None:
    text = function("!Ref P", "Parameters:\n  P: {Default: python3.9-x, AllowedValues: [a]}\n")
    (found,) = read(text).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


def test_a_deployed_stack_may_have_another_runtime() -> None:
    (found,) = read(function("!Ref P", "Parameters:\n  P: {Default: python3.9}\n")).statements
    told = "a deployed stack keeps the value that its parameter P was given, whatever the template's default says"
    assert found.cautions == (Caution(told, by_hand=False),)


def test_globals_have_the_layers_of_those_who_inherit_them() -> None:
    shared = "Globals: {Function: {Runtime: python3.9}}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n"
    assert told(shared) == [("runtime:python", "python3.9", "", 1)]
    assert told(f"{shared}    Properties: {{Layers: [a]}}\n") == [("runtime:python", "python3.9", "layers", 1)]
    own = "    Properties: {Layers: [a], Runtime: python3.10}\n"
    assert [group for _, _, group, _ in told(shared + own)] == ["layers", ""]
    everywhere = shared.replace("3.9}", "3.9, Layers: [b]}")
    assert told(everywhere) == [("runtime:python", "python3.9", "layers", 1)]


def test_what_a_loop_makes_is_a_resource() -> None:
    text = (
        "Resources:\n  E: []\n  T: text\n  Fn::ForEach::All:\n    - Name\n    - [A, B]\n    - ${Name}Function:\n"
        "        Type: AWS::Serverless::Function\n        Properties: {Runtime: python3.9}\n"
        "  Fn::ForEach::None: [a, b]\n"
    )
    assert told(text) == [("runtime:python", "python3.9", "", 1)]


def test_both_branches_of_a_condition() -> None:
    assert [one[1] for one in told(function("!If [C, python3.9, python3.10]"))] == ["python3.9", "python3.10"]
    assert [one[1] for one in told(function("!If [C, !Ref P, python3.10]"))] == ["python3.10"]
    assert [one[1] for one in told(function("{'Fn::If': [C, [x], python3.10]}"))] == ["python3.10"]
    assert told(function("{'Fn::If': x}")) == []


@pytest.mark.parametrize(
    "text",
    ["Runtime Resources", "- Runtime: Resources", "Resources: [Runtime]", '"no Runtimes": 1', "Runtime: [", "{{ a"],
)
def test_what_is_no_template_says_nothing(text: str) -> None:
    if "Resources" in text:
        assert told(text) == []
    else:
        assert read(text) == FileFacts("template.yaml", "cloudformation", ())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "Resources:\n  {% if x %}\n  F: {Type: AWS::Lambda::Function, Runtime: a}\n"),
        ("a.yml", "Resources: {Type: 'AWS::Lambda::Function', Runtime: *a}"),
        ("a.json", "Resources: {Type: 'AWS::Serverless::Function'}"),
        ("a.template", '{"Resources": {"Type": "AWS::Lambda::Function",}}'),
        ("a.yaml", f"Resources: {'[' * 200} 'AWS::Lambda::Function'"),
        ("a.yaml", "Resources:\n  A: {Type: AWS::EC2::Instance, ImageId: ami-01234567\n"),
    ],
)
def test_what_can_not_be_read_is_refused(path: str, text: str) -> None:
    with pytest.raises(ParseError):
        read(text, path)


@pytest.mark.parametrize(
    "text",
    [
        "{{ range .Values.nodes }}\n- ami: ami-01234567\n  about: AWS::EC2::Instance\n{{ end }}",
        "{{ if x }}\nResources: {limits: {{ .Values.limits }}}\nimage: ami-01234567\n{{ end }}",
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {{ properties }}",
    ],
)
def test_what_no_reader_could_read_is_no_matter_where_nothing_is_ours(text: str) -> None:
    assert read(text) == FileFacts("template.yaml", "cloudformation", ())


def test_the_hints() -> None:
    assert ecosystem.hints == ("AWS::",)


# Machine images

A, B, C, D = (f"ami-0{letter * 16}" for letter in "abcd")


def image_of(text: str, path: str = "template.yaml") -> dict[str, Statement]:
    """The statements of machine images by their id, each of which stands at one place."""
    found = [one for one in read(text, path).statements if one.kind is Kind.MACHINE_IMAGE]
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    assert len({one.package.name for one in found}) == len(found)
    return {one.package.name: one for one in found}


def by_hand(one: Statement) -> list[str]:
    return [caution.text for caution in one.cautions if caution.by_hand]


def replaces(name: str) -> str:
    return f"merging it replaces the {name}, with whatever is kept on it"


def test_each_column_of_a_region_map_is_a_map() -> None:
    text = (
        f"Mappings: {{M: {{us-east-1: {{Web: {A}, Jobs: {B}}}, eu-west-1: {{Web: {C}}}}},\n"
        f"  N: {{al2: {{us-east-1: {D}}}}}}}\n"
        "Resources: {T: {Type: AWS::EC2::LaunchTemplate}}\n"
    )
    assert {name: (one.context.region, one.context.within) for name, one in image_of(text).items()} == {
        A: ("us-east-1", "M/*/Web"),
        B: ("us-east-1", "M/*/Jobs"),
        C: ("eu-west-1", "M/*/Web"),
        D: ("us-east-1", "N/al2/*"),
    }


def test_the_region_of_a_single_id_is_told_by_its_file() -> None:
    text = f"Resources: {{T: {{Type: AWS::EC2::LaunchTemplate, ImageId: {A}}}}}\n"
    assert image_of(text)[A].context == Context()
    assert image_of(text, "envs/eu_west_1/t.yaml")[A].context == Context(region="eu-west-1")


def instance(image: str, more: str = "") -> str:
    return f"Resources:\n  I:\n    Type: AWS::EC2::Instance\n    Properties: {{ImageId: {image}}}\n{more}"


def test_an_instance_is_replaced() -> None:
    assert by_hand(image_of(instance(A))[A]) == [replaces("instance I")]
    cluster = f"Resources: {{E: {{Type: AWS::EMR::Cluster, Properties: {{CustomAmiId: {A}}}}}}}"
    assert by_hand(image_of(cluster)[A]) == [replaces("cluster E")]
    recipe = f"Resources: {{R: {{Type: AWS::ImageBuilder::ImageRecipe, Properties: {{ParentImage: {A}}}}}}}"
    assert by_hand(image_of(recipe)[A]) == [
        "the image recipe R can't be made anew under the same version: raise that too"
    ]
    fleet = f"Resources: {{F: {{Type: AWS::EC2::SpotFleet, Properties: {{ImageId: {A}}}}}}}"
    assert image_of(fleet)[A].cautions == ()


@pytest.mark.parametrize(
    "given", ["!Ref P", "{Ref: P}", "!If [C, !Ref P, x]", "!Sub '${P}'", "{'Fn::If': [C, x, {Ref: P}]}"]
)
def test_an_instance_is_replaced_through_a_parameter(given: str) -> None:
    found = image_of(instance(given, f"Parameters: {{P: {{Default: {A}}}, Q: {{Default: {B}}}}}\n"))
    told = "a deployed stack keeps the value that its parameter {} was given, whatever the template's default says"
    assert by_hand(found[A]) == [replaces("instance I")]
    assert [one.text for one in found[A].cautions if not one.by_hand] == [told.format("P")]
    assert found[B].cautions == (Caution(told.format("Q"), by_hand=False),)


@pytest.mark.parametrize(
    ("given", "replaced"),
    [
        ("!FindInMap [M, !Ref 'AWS::Region', Web]", {A, C}),
        ("!FindInMap [M, us-east-1, Web]", {A}),
        ("!FindInMap [M, us-east-1, !Ref Web]", {A, B}),
        ("!FindInMap [M, {Ref: R}, !FindInMap [N, !Ref Size, Arch]]", {A, B, C}),
        ("{'Fn::FindInMap': [M, {Ref: R}, Jobs, {DefaultValue: x}]}", {B}),
        ("!If [Cond, !FindInMap [M, !Ref R, Jobs], !FindInMap [M, !Ref R, Web]]", {A, B, C}),
        ("!FindInMap [!Ref M, !Ref R, Web]", {A, C, D}),
        ("!FindInMap [{Ref: X}, !Ref R, !Ref S]", {A, B, C, D}),
        ("!FindInMap [M, !Ref R, None]", set()),
        ("!FindInMap [M, a]", set()),
        ("!ImportValue M", set()),
    ],
)
def test_an_instance_is_replaced_through_a_mapping(given: str, replaced: set[str]) -> None:
    mappings = (
        f"Mappings: {{M: {{us-east-1: {{Web: {A}, Jobs: {B}}}, eu-west-1: {{Web: {C}}}, bad: x}},\n"
        f"  N: {{eu-west-1: {{Web: {D}}}}}}}\n"
    )
    found = image_of(instance(given, mappings))
    assert {name for name, one in found.items() if by_hand(one) == [replaces("instance I")]} == replaced
    assert {name for name, one in found.items() if not one.cautions} == set(found) - replaced
    assert found[C].context == Context(region="eu-west-1", within="M/*/Web")


@pytest.mark.parametrize("named", ["LaunchTemplateId: !Ref T", "LaunchTemplateId: {Ref: T}", "LaunchTemplateName: web"])
def test_an_instance_is_replaced_through_its_launch_template(named: str) -> None:
    text = (
        f"Parameters: {{P: {{Default: {A}}}}}\n"
        "Resources:\n"
        "  I:\n    Type: AWS::EC2::Instance\n    Properties:\n"
        f"      LaunchTemplate: {{{named}, Version: !GetAtt T.LatestVersionNumber}}\n"
        "  T:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n"
        f"      LaunchTemplateName: web\n      LaunchTemplateData: {{ImageId: !If [C, !Ref P, {B}]}}\n"
        f"  U: {{Type: AWS::EC2::LaunchTemplate, Properties: {{LaunchTemplateData: {{ImageId: {C}}}}}}}\n"
    )
    found = image_of(text)
    assert {name: by_hand(one) for name, one in found.items()} == {
        A: [replaces("instance I")],
        B: [replaces("instance I")],
        C: [],
    }


def test_what_many_instances_share_names_some_of_them() -> None:
    many = "".join(f"  I{n}: {{Type: AWS::EC2::Instance, Properties: {{ImageId: !Ref P}}}}\n" for n in range(3000))
    found = image_of(f"Parameters: {{P: {{Default: {A}}}}}\nResources:\n{many}")
    told = by_hand(found[A])
    assert len(told) == 20
    assert told[0] == replaces("instance I0")
    assert told[-1] == "there is more than is named here that merging it changes in the same way"


@pytest.mark.parametrize(
    "pattern",
    [
        "^ami-[0-9a-f]{17}$",
        "ami-[a-z0-9]+",
        "^ami-[a-zA-Z0-9]{8,17}$",
        "^(ami-)([0-9a-f]{8,})$",
        "ami-.*",
        "^ami-[\\da-f]*$",
    ],
)
def test_a_parameter_that_admits_every_image_moves(pattern: str) -> None:
    text = f"Parameters: {{P: {{Default: {A}, AllowedPattern: '{pattern}'}}}}\n{instance('!Ref P')}"
    assert image_of(text)[A].obstacle is None


def test_other_defaults_are_none() -> None:
    more = f"Parameters: {{P: {{Default: my {A}}}, Q: {{Default: [{A}]}}, R: {{Type: String}}, S: {A}}}\n"
    assert image_of(instance(B, more)).keys() == {B}


@pytest.mark.parametrize(
    "limit",
    [
        f"AllowedValues: [{A}, {B}]",
        "AllowedValues: []",
        f"AllowedPattern: {A}",
        "AllowedPattern: 'ami-[0-9a-f]{8}'",
        "AllowedPattern: 'ami-[0-9A-F]+'",
        "AllowedPattern: 'ami-0.*'",
        "AllowedPattern: [x]",
    ],
)
def test_a_parameter_that_does_not_is_held(limit: str) -> None:
    found = image_of(f"Parameters: {{P: {{Default: {A}, {limit}}}}}\n{instance('!Ref P')}")
    assert found.keys() == {A}
    assert found[A].pins == ()
    obstacle = found[A].obstacle
    assert obstacle is not None
    assert obstacle.reason is SkipReason.HELD
    assert limit.partition(":")[0] in obstacle.detail


def test_an_escaped_default_keeps_its_own_reason() -> None:
    text = (
        f'{{"Parameters": {{"P": {{"Default": "ami-0\\u0061{"a" * 15}", "AllowedValues": ["{A}"]}}}},'
        ' "Resources": {"I": {"Type": "AWS::EC2::Instance"}}}'
    )
    obstacle = image_of(text, "a.json")[A].obstacle
    assert obstacle is not None
    assert obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


def test_a_place_is_stated_once() -> None:
    text = (
        f"Mappings: {{M: {{us-east-1: {{A: &a {A}}}}}}}\nResources:\n"
        "  I: {Type: AWS::EC2::Instance, Properties: {ImageId: *a}}\n"
        "  J: {Type: AWS::EC2::Instance, Properties: {ImageId: *a}}\n"
        f"Outputs: {{O: {{Value: {B}}}}}\n"
    )
    found = image_of(text)
    assert by_hand(found[A]) == [replaces("instance I"), replaces("instance J")]
    assert found[A].context == Context(region="us-east-1", within="M/*/A")
    assert found[B].cautions == ()


def test_an_id_that_is_a_key_too_stays() -> None:
    more = f"Mappings:\n  M:\n    {A}:\n      Root: {B}\n    {A[:-1]}0 : {{Root: {A[:-1]}0}}\n"
    found = image_of(instance(A, more))
    assert {name: one.obstacle and one.obstacle.reason for name, one in found.items()} == {
        A: SkipReason.UNSUPPORTED_CONSTRAINT,
        B: None,
        f"{A[:-1]}0": SkipReason.UNSUPPORTED_CONSTRAINT,
    }
    assert image_of(instance(A, f"# {A}: old\n"))[A].obstacle is None


def test_what_macros_are_given_is_left() -> None:
    text = (
        f"Resources:\n  Fn::Transform: {{Name: X, Parameters: {{I: {A}}}}}\n"
        f"  I: {{Type: AWS::EC2::Instance, Properties: {{ImageId: {B}}}}}\n"
    )
    assert image_of(text).keys() == {B}


@pytest.mark.parametrize(
    ("given", "stated"),
    [
        ("'{{resolve:ssm:/aws/service/debian/12/amd64}}'", "/aws/service/debian/12/amd64"),
        ("'resolve:ssm:/golden/${Stage}/web'", "/golden/${Stage}/web"),
        ("'{{resolve:ssm:golden}}'", "golden"),
        ("'{{resolve:ssm:/golden:3}}'", ""),
        ("'{{resolve:secretsmanager:x}}'", ""),
        ("'{{resolve:ssm:}}'", ""),
        ("'a {{resolve:ssm:/golden}}'", ""),
    ],
)
def test_parameters_that_are_resolved_at_deployment(given: str, stated: str) -> None:
    found = image_of(instance(given, "# resolve:ssm:\n"))
    assert [*found] == [stated] * bool(stated)
    assert [one.obstacle and one.obstacle.reason for one in found.values()] == [SkipReason.FLOATING] * bool(stated)
    assert all(one.pins == () for one in found.values())


def test_what_is_resolved_elsewhere_is_an_image_by_its_name_only() -> None:
    resolved = (
        "{A: '{{resolve:ssm:/network/vpc}}', B: '{{resolve:ssm:/aws/service/bottlerocket/aws-ecs-2/x86_64/latest}}'}"
    )
    assert [*image_of(instance("x", f"Outputs: {resolved}\n"))] == ["/aws/service/bottlerocket/aws-ecs-2/x86_64/latest"]


def test_a_fixed_version_of_a_public_parameter_is_told() -> None:
    ((name, one),) = image_of(instance("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023:12")).items()
    assert name == "/aws/service/ami-amazon-linux-latest/al2023"
    assert one.obstacle is not None
    assert one.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT
    assert "12" in one.obstacle.detail


@pytest.mark.parametrize(
    ("parameter", "stated"),
    [
        ("{Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /golden}", ["/golden"]),
        (
            "{Type: 'AWS::SSM::Parameter::Value<String>', Default: /aws/service/ecs/a/image_id}",
            ["/aws/service/ecs/a/image_id"],
        ),
        ("{Type: 'AWS::SSM::Parameter::Value<String>', Default: /network}", []),
        ("{Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'}", []),
        ("{Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: 'a b'}", []),
    ],
)
def test_types_of_parameters_that_are_looked_up_at_deployment(parameter: str, stated: list[str]) -> None:
    assert [*image_of(instance("!Ref P", f"Parameters: {{P: {parameter}}}\n"))] == stated


def test_a_megabyte_on_one_line() -> None:
    topics = ",".join(
        f'"T{n}":{{"Type":"AWS::SNS::Topic","Properties":{{"TopicName":"topic-{n}"}}}}' for n in range(15_000)
    )
    text = f'{{"Resources":{{{topics},"I":{{"Type":"AWS::EC2::Instance","Properties":{{"ImageId":"{A}"}}}}}}}}'
    assert len(text) > 1_000_000
    assert by_hand(image_of(text, "cdk.out/stack.template.json")[A]) == [replaces("instance I")]


def test_resources_of_a_service_may_be_a_list() -> None:
    text = (
        "service: a\nresources:\n  - ${file(a.yml)}\n  - Outputs: {}\n"
        f"  - Resources: {{I: {{Type: AWS::EC2::Instance, Properties: {{ImageId: {A}}}}}}}\n"
    )
    assert image_of(text, "serverless.yml").keys() == {A}


@pytest.mark.parametrize(
    "text",
    [
        f"Resources: {{A: {{Type: Deployment, about: AWS::EC2::Instance, image: {A}}}}}",
        f"- Resources: {{A: {{Type: AWS::EC2::Instance, image: {A}}}}}",
        f"Resources: AWS::EC2::Instance\nimage: {A}",
        f"Resources: {{A: [], 'Fn::ForEach::B': [x, [y], z]}}\nimage: {A}\nabout: AWS::EC2::Instance",
    ],
)
def test_other_tables_are_no_templates(text: str) -> None:
    assert read(text).statements == ()


# Databases


def database(engine: str, version: str, more: str = "") -> str:
    kind = "AWS::RDS::DBInstance"
    return f"Resources: {{D: {{Type: {kind}, Properties: {{Engine: {engine}, EngineVersion: {version}}}}}}}\n{more}"


@pytest.mark.parametrize(
    ("engine", "version", "name"),
    [
        ("postgres", "'13.7'", "amazon-rds-postgresql"),
        ("postgres", "14", "amazon-rds-postgresql"),
        ("mysql", "8.0.35", "amazon-rds-mysql"),
        ("MariaDB", "'10.6'", "amazon-rds-mariadb"),
        ("!Ref E", "8.0.35", "amazon-rds-mysql"),
        ("!If [C, mysql, MYSQL]", "8.0.35", "amazon-rds-mysql"),
    ],
)
def test_engines_of_databases(engine: str, version: str, name: str) -> None:
    text = database(engine, version, "Parameters: {E: {Default: mysql}}\n")
    (found,) = read(text).statements
    assert found.package == Package("endoflife", name)
    assert (found.kind, found.scheme, found.context.group) == (Kind.TOOL, "runtime", "database")
    assert [text[pin.span.start : pin.span.end] for pin in found.pins] == [version.strip("'")] == [found.constraint]
    told = Caution("a newer line of the database engine can't be taken back", by_hand=True, majors=True)
    assert found.cautions == (told,)


@pytest.mark.parametrize(
    ("engine", "version", "detail"),
    [
        ("aurora-mysql", "8.0.mysql_aurora.3.05.2", "Aurora's versions are not listed"),
        ("aurora-postgresql", "'15.4'", "Aurora's versions are not listed"),
        ("sqlserver-ex", "15.00.4236.7.v1", "the versions of RDS's sqlserver-ex are not listed"),
        ("postgres", "13.7-rds.1", "'13.7-rds.1' is not a version of postgres"),
        ("postgres", "13.10", "13.10 is written as a number; it can move once it stands in quotes"),
        ("postgres", '"\\x31\\x33"', "its version is written with escapes"),
    ],
)
def test_versions_of_databases_that_can_not_move(engine: str, version: str, detail: str) -> None:
    (found,) = read(database(engine, version)).statements
    assert found.pins == ()
    assert found.obstacle == Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail)


@pytest.mark.parametrize("engine", ["!Ref E", "!If [C, mysql, postgres]", "[x]", "!ImportValue x", "'my sql'", "''"])
def test_an_engine_that_nothing_tells(engine: str) -> None:
    assert read(database(engine, "'13.7'")).statements == ()


def test_the_version_of_a_database_may_be_a_parameter() -> None:
    shadowed = "a deployed stack keeps the value that its parameter V was given, whatever the template's default says"
    (found,) = read(database("postgres", "!Ref V", "Parameters: {V: {Default: '13.7'}}\n")).statements
    assert [one.text for one in found.cautions][1:] == [shadowed]
    more = "Parameters: {V: {Default: '13.7', AllowedValues: ['13.7']}}\n"
    (held,) = read(database("postgres", "!Ref V", more)).statements
    assert held.obstacle is not None
    assert (held.obstacle.reason, held.pins) == (SkipReason.HELD, ())


@pytest.mark.parametrize("other", ["{Engine: postgres, EngineVersion: *v}", "{EngineVersion: *v, Engine: mysql}"])
def test_a_place_that_is_both_limited_and_free_stays(other: str) -> None:
    text = (
        "Parameters: {V: {Default: &v '13.7', AllowedValues: ['13.7']}}\nResources:\n"
        f"  E: {{Type: AWS::RDS::DBCluster, Properties: {other}}}\n"
        "  D: {Type: AWS::RDS::DBInstance, Properties: {Engine: postgres, EngineVersion: !Ref V}}\n"
    )
    (found,) = read(text).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.HELD


BLOCK = (
    "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n"
    "      Runtime: !{}\n        - C\n        - python3.8\n        - python3.9\n"
)


@pytest.mark.parametrize("how", ["FindInMap", "Select", "Join"])
def test_only_an_if_has_branches(how: str) -> None:
    assert told(function(f"!{how} [Langs, python3.8, python3.9]")) == []
    assert len(told(function("!If [Langs, python3.8, python3.9]"))) == 2
    assert len(read(BLOCK.format("If")).statements) == 2
    assert read(BLOCK.format(how)).statements == ()


def test_an_id_that_is_compared_with_is_left_alone() -> None:
    text = "Conditions: {C: !Equals [!Ref A, ami-12345678]}\nResources: {T: {Type: AWS::EC2::LaunchTemplate}}\n"
    (found,) = read(text).statements
    assert found.pins == ()
    assert found.obstacle
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT
