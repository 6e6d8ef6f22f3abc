"""How fast CloudFormation templates are read: 300 of them, YAML and JSON, 1 MB in all.

    python -m tests.benchmarks.bench_templates

Each holds a region map, a parameter with an image, a function and a database among resources that
say nothing to us. Most of the time goes into libyaml and the tree of its events.
"""

from __future__ import annotations

import json
import sys
from time import process_time

from bot.ecosystems.cloudformation import extract
from tests.benchmarks.figures import Figure, figure

FILES = 300
SIZE = 1_000_000
ROUNDS = 3
MOST = 0.9
"""Seconds of one core for all of them; what else the machine does is left out."""

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "sa-east-1")


def _id(number: int, column: int) -> str:
    return f"ami-0{number * 97 + column:016x}"


def _yaml(number: int, queues: int) -> str:
    rows = (f"    {region}: {{HVM64: {_id(number, at)}}}\n" for at, region in enumerate(REGIONS))
    more = (
        f"  Queue{at}:\n    Type: AWS::SQS::Queue\n    Properties:\n"
        f"      QueueName: !Sub '${{AWS::StackName}}-{at}'\n      Tags: [{{Key: number, Value: '{at}'}}]\n"
        for at in range(queues)
    )
    return (
        f"Parameters:\n  Image: {{Type: 'AWS::EC2::Image::Id', Default: {_id(number, 99)}}}\n"
        f"Mappings:\n  Images:\n{''.join(rows)}Resources:\n"
        "  Host:\n    Type: AWS::EC2::Instance\n"
        "    Properties: {ImageId: !FindInMap [Images, !Ref 'AWS::Region', HVM64]}\n"
        "  F:\n    Type: AWS::Lambda::Function\n    Properties: {Runtime: python3.11, Handler: a.b}\n"
        "  D:\n    Type: AWS::RDS::DBInstance\n    Properties: {Engine: postgres, EngineVersion: '15.3'}\n"
        f"{''.join(more)}"
    )


def _json(number: int, queues: int) -> str:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${AWS::StackName}-q"}, "Tags": []}}
    host = {"Fn::FindInMap": ["Images", {"Ref": "AWS::Region"}, "HVM64"]}
    resources = {
        "Host": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": host}},
        "F": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.11", "Handler": "a.b"}},
        "D": {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "postgres", "EngineVersion": "15.3"}},
    }
    template = {
        "Parameters": {"Image": {"Type": "AWS::EC2::Image::Id", "Default": _id(number, 99)}},
        "Mappings": {"Images": {region: {"HVM64": _id(number, at)} for at, region in enumerate(REGIONS)}},
        "Resources": resources | {f"Queue{at}": queue for at in range(queues)},
    }
    return json.dumps(template, indent=2)


def templates() -> dict[str, str]:
    """By path, the texts that are measured: three of four in YAML."""
    return {
        f"stack-{number}.{'json' if number % 4 == 0 else 'yaml'}": _json(number, 14)
        if number % 4 == 0
        else _yaml(number, 18)
        for number in range(FILES)
    }


def measure() -> dict[str, Figure]:
    """Seconds of processor time for all of them, the best of three."""
    texts = templates()
    best = float("inf")
    for _ in range(ROUNDS):
        begun = process_time()
        stated = sum(len(extract(path, text).statements) for path, text in texts.items())
        best = min(best, process_time() - begun)
        if stated != FILES * (len(REGIONS) + 3):
            raise AssertionError(f"{stated} statements")
    return {"templates": figure(best, MOST * sum(map(len, texts.values())) / SIZE)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
