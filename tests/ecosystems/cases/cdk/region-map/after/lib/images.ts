import * as ec2 from 'aws-cdk-lib/aws-ec2';

export const image = ec2.MachineImage.genericLinux({
  'us-east-1': 'ami-0bbbbbbbbbbbbbbb1',
  "eu-west-1": `ami-0bbbbbbbbbbbbbbb2`, // Ireland
  ['eu-central-1']: 'ami-0bbbbbbbbbbbbbbb3',
});
