import * as lambda from 'aws-cdk-lib/aws-lambda';

/* lambda.Runtime.PYTHON_3_9 */
const text = 'lambda.Runtime.PYTHON_3_9' + `Runtime.PYTHON_3_9 ${1} "python3.9"`;
const names = { [lambda.Runtime.PYTHON_3_9.name]: 'python 3.9' };
if (runtime === lambda.Runtime.PYTHON_3_9 || old.includes(lambda.Runtime.PYTHON_3_8)) { }
const other = apprunner.Runtime.PYTHON_3 ?? synthetics.Runtime.SYNTHETICS_PYTHON_SELENIUM_5_1;
