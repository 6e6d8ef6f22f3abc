import { Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

// Runtime.PYTHON_3_9 is what we run on; "Runtime.PYTHON_3_9" too
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const pattern = /['"]Runtime.PYTHON_3_8/;
    new lambda.Function(this, `Api-${id}`, {
      runtime: lambda.Runtime.PYTHON_3_9,   // moves
      handler: 'index.handler',
      timeout: Duration.seconds(60 / 2),
      code: lambda.Code.fromAsset('src', {
        bundling: { image: lambda.Runtime
          .PYTHON_3_9.bundlingImage, command: ['bash', '-c', `pip install ${pattern} 'Runtime.PYTHON_3_9'`] },
      }),
    });
    new lambda.CfnFunction(this, 'Plain', { runtime: 'python3.9', code: {}, role: `${lambda.Runtime.PYTHON_3_9.name}` });
    new lambda.Function(this, 'Old', { runtime: new lambda.Runtime("python3.9"), code, handler });
  }
}
