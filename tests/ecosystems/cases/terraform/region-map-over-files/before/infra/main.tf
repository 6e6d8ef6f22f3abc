resource "aws_instance" "web" {
  ami = "${lookup(var.amis, var.region)}"
}
