resource "aws_imagebuilder_image_recipe" "base" {
  name         = "base"
  version      = "1.0.0"
  parent_image = "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86/2024.1.18"
}

resource "aws_imagebuilder_image_recipe" "old" {
  name         = "old"
  version      = "1.0.0"
  parent_image = "arn:${data.aws_partition.current.partition}:imagebuilder:${data.aws_region.current.name}:aws:image/amazon-linux-2-x86/2021.1.1" # here
}

resource "aws_imagebuilder_image_recipe" "ubuntu" {
  name         = "ubuntu"
  version      = "1.0.0"
  parent_image = "arn:aws:imagebuilder:eu-west-1:aws:image/ubuntu-server-22-lts-x86/x.x.x"
}

resource "aws_imagebuilder_image_recipe" "given" {
  name         = "given"
  version      = "1.0.0"
  parent_image = var.parent
}
