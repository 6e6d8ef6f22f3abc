from aws_cdk import aws_ec2 as ec2

# 'ami-0aaaaaaaaaaaaaaa1' is what was built in May
AMIS = {"us-east-1": "ami-0bbbbbbbbbbbbbbb1", 'us-west-2': f"{'ami-0bbbbbbbbbbbbbbb2'}"}
machine = ec2.Instance(scope, "Bastion", machine_image=ec2.MachineImage.generic_linux(AMIS))
