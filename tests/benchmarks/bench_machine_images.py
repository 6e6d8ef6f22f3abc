"""How long it takes to find the machine images in an organisation's infrastructure.

python -m tests.benchmarks.bench_machine_images
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import process_time

from bot.ecosystems.terraform import ecosystem as terraform
from tests.benchmarks.figures import Figure, figure

ROUNDS = 3
TERRAFORM_FILES = 1_200
TERRAFORM_SIZE = 5_000_000
TERRAFORM_LIMIT = 2.5
"""Seconds of one core for all of them."""


def _settings(n: int) -> str:
    return (
        'terraform {\n  required_version = ">= 1.5, < 2"\n  backend "s3" {\n'
        f'    key = "stack-{n}/state"\n    bucket = "states"\n  }}\n}}\n\n'
        'provider "aws" {\n  region = var.region\n  default_tags {\n    tags = local.tags\n  }\n}\n\n'
    )


def _variable(n: int) -> str:
    return (
        f'variable "subnet_{n}" {{\n  description = "Where number {n} stands"\n  type        = string\n'
        f'  default     = "10.0.{n % 256}.0/24"\n}}\n\n'
    )


def _instance(n: int) -> str:
    return (
        f'resource "aws_instance" "web_{n}" {{\n  ami           = "ami-{n:017x}"\n  instance_type = "m7g.large"\n'
        f"  subnet_id     = aws_subnet.web[{n % 3}].id\n"
        f'  tags = merge(local.tags, {{\n    Name = "web-{n}"\n  }})\n}}\n\n'
    )


def _map(n: int) -> str:
    rows = "".join(f'    {region} = "ami-{n:016x}{k}"\n' for k, region in enumerate(("us-east-1", "eu-west-1")))
    return f'variable "images_{n}" {{\n  type = map(string)\n  default = {{\n{rows}  }}\n}}\n\n'


def _function(n: int) -> str:
    return (
        f'resource "aws_lambda_function" "job_{n}" {{\n  function_name = "job-${{var.stage}}-{n}"\n'
        '  handler       = "app.handler"\n  runtime       = "python3.9"\n  memory_size   = 512\n'
        '  environment {\n    variables = {\n      LOG_LEVEL = "INFO"\n    }\n  }\n}\n\n'
    )


def _policy(n: int) -> str:
    return (
        f'resource "aws_iam_role_policy" "p_{n}" {{\n  role = aws_iam_role.r_{n}.id\n  policy = jsonencode({{\n'
        '    Version = "2012-10-17"\n    Statement = [{\n      Effect   = "Allow"\n'
        f'      Action   = ["s3:GetObject", "s3:PutObject"]\n      Resource = "${{aws_s3_bucket.b_{n}.arn}}/*"\n'
        "    }]\n  })\n}\n\n"
    )


_KINDS: tuple[tuple[str, tuple[Callable[[int], str], ...]], ...] = (
    ("main", (_settings, _instance, _policy, _function)),
    ("variables", (_variable, _variable, _map)),
    ("policies", (_policy,)),
    ("network", (_variable, _policy)),
)


def terraform_files() -> dict[str, str]:
    """Files of stacks of four each: half of them name machine images, runtimes and providers, half do not."""
    size = TERRAFORM_SIZE // TERRAFORM_FILES
    files = {}
    for n in range(TERRAFORM_FILES):
        name, parts = _KINDS[n % len(_KINDS)]
        text = parts[0](n)
        while len(text) < size:
            text += parts[len(text) % len(parts) or -1](n * 100 + len(text) % 97)
        files[f"stacks/{n // len(_KINDS)}/{name}.tf"] = text
    return files


def read_terraform(files: dict[str, str]) -> int:
    """Read and complete them all; how many statements they hold."""
    found = [terraform.extract(path, text) for path, text in files.items()]
    stated = sum(len(facts.statements) for facts in terraform.complete(found, found))
    assert stated > TERRAFORM_FILES / 2, stated
    return stated


def _best(run: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = process_time()
        run()
        taken.append(process_time() - begun)
    return min(taken)


def measure() -> dict[str, Figure]:
    """Seconds of one core, the best of three."""
    files = terraform_files()
    return {"terraform": figure(_best(lambda: read_terraform(files)), TERRAFORM_LIMIT)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
