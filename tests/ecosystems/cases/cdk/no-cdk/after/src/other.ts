// like aws-cdk-lib, and not it
import { Runtime } from './own-aws-cdk';

export const runs = Runtime.PYTHON_3_9;
