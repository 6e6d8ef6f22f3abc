import * as lambda from 'aws-cdk-lib/aws-lambda';

export const all = [
  lambda.Runtime.PYTHON_3_8, // the oldest
  lambda.Runtime.PYTHON_3_9,
];
