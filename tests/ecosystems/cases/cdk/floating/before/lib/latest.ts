import { aws_ec2 as ec2, aws_lambda as lambda } from 'aws-cdk-lib';

new lambda.Function(this, 'F', { runtime: lambda.Runtime.NODEJS_LATEST, code, handler });
new ec2.Instance(this, 'A', { machineImage: ec2.MachineImage.latestAmazonLinux2023() });
new ec2.Instance(this, 'B', { machineImage: ec2.MachineImage.lookup({ name: 'golden-*' }) });
