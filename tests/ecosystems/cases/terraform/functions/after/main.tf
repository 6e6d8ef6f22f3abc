resource "aws_lambda_function" "a" {
  runtime = "python3.13"
}
resource "aws_lambda_function" "b" {
  runtime = var.runtime
  layers  = [aws_lambda_layer_version.deps.arn]
}
resource "aws_lambda_function" "c" {
  for_each = local.jobs
  runtime  = each.value.engine
}
module "d" {
  source  = "terraform-aws-modules/lambda/aws"
  runtime = var.fast ? "python3.13" : "python3.13"
}
