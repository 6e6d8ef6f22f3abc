"""Functions on lambda_.Runtime.PYTHON_3_11."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda import Runtime


class Functions(cdk.Stack):
    def __init__(self, scope, name: str) -> None:
        super().__init__(scope, name)
        note = f"{scope!r:>20} runs {'Runtime.PYTHON_3_11'}"  # Runtime.PYTHON_3_11
        lambda_.Function(self, "A", runtime=lambda_.Runtime.PYTHON_3_11, description=note, handler="a.b")
        lambda_.Function(
            self,
            "B",
            runtime=(Runtime.PYTHON_3_11),
            handler="a.b",
        )
