variable "ami" {}
resource "aws_instance" "a" {
  ami = var.ami
}
resource "aws_instance" "b" {
  ami = data.aws_ssm_parameter.own.value
}
data "aws_ssm_parameter" "own" {
  name = "/golden/web/ami"
}
data "aws_ami" "named" {
  filter {
    name   = "name"
    values = ["golden-2024-01"]
  }
}
resource "aws_lambda_function" "f" {
  runtime = local.runtime
}
