terraform {
  required_version = ">= 1.5, < 2.0"
}
resource "aws_instance" "web" {
  ami = "ami-000000000000000b1"
}
resource "aws_lambda_function" "f" {
  runtime = "python3.13"
}
