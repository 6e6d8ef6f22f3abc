const lambda = require('aws-cdk-lib/aws-lambda');
const { Runtime } = lambda;

const shared = new lambda.LayerVersion(this, 'Shared', {
  code,
  compatibleRuntimes: [lambda.Runtime.PYTHON_3_8, lambda.Runtime.PYTHON_3_9],
});
const one = new lambda.LayerVersion(this, 'One', { code, compatibleRuntimes: [Runtime.PYTHON_3_9] });
new lambda.Function(this, 'F', { runtime: Runtime.PYTHON_3_9, layers: [shared, one], code, handler: 'a.b' });
