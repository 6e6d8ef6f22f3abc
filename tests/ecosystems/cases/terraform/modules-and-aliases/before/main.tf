module "web" {
  source    = "./web"
  providers = { aws = aws.west }
  ami       = "ami-000000000000000a1"
}
module "host" {
  source = "terraform-aws-modules/ec2-instance/aws"
  ami    = "ami-000000000000000a2"
}
resource "aws_launch_template" "t" {
  provider = aws.west
  image_id = "ami-000000000000000a1"
}
data "aws_ami" "one" {
  filter {
    name   = "image-id"
    values = ["ami-000000000000000a2"]
  }
}
