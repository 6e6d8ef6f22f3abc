data "aws_ami" "newest" {
  most_recent = true
  owners      = ["amazon"]
}
data "aws_ssm_parameter" "al2023" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}
data "aws_ssm_parameter" "ecs" {
  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id:7"
}
data "aws_ssm_parameter" "regions" {
  name = "/aws/service/global-infrastructure/regions"
}
resource "aws_launch_template" "t" {
  image_id = "resolve:ssm:/aws/service/bottlerocket/aws-k8s-1.30/x86_64/latest/image_id"
}
