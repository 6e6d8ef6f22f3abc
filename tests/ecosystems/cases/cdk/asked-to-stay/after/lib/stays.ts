import { aws_ec2 as ec2, aws_lambda as lambda } from 'aws-cdk-lib';

// freshline: ignore (the vendor's library wants it)
const runtime = lambda.Runtime.PYTHON_3_9;
const image = { 'us-east-1': 'ami-12345678' }; // freshline: ignore
