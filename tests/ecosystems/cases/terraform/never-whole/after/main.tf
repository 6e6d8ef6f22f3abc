resource "aws_instance" "a" {
  ami = "${var.prefix}ami-000000000000000a1"
}
resource "aws_instance" "b" {
  ami = "\u0061mi-000000000000000a1"
}
resource "aws_instance" "c" {
  ami = "AMI-000000000000000a1"
}
terraform {
  required_version = var.version
}
