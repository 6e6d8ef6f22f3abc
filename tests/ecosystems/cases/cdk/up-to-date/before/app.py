import aws_cdk
from aws_cdk import aws_lambda

aws_lambda.Function(aws_cdk.App(), "F", runtime=aws_lambda.Runtime.PYTHON_3_13, handler="a.b")
