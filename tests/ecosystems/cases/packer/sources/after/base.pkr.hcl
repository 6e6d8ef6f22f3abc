packer {
  required_plugins {
    amazon = { version = ">= 1.2.8", source = "github.com/hashicorp/amazon" }
  }
}
variable "base" {
  type    = string
  default = "ami-000000000000000b1"
}
source "amazon-ebs" "web" {
  region     = "eu-west-1"
  source_ami = "ami-000000000000000b2"
}
source "amazon-ebs" "job" {
  source_ami = var.base
}
build {
  sources = ["source.amazon-ebs.web"]
}
