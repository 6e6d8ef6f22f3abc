import { Template } from 'aws-cdk-lib/assertions';
import { Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";

test('web', () => {
  new NodejsFunction(stack, "Web", { runtime: Runtime.NODEJS_24_X });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x' });
});
