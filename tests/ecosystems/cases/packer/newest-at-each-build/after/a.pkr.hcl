source "amazon-ebs" "web" {
  source_ami_filter {
    filters     = { name = "al2023-ami-*" }
    most_recent = true
    owners      = ["amazon"]
  }
}
data "amazon-ami" "base" {
  most_recent = true
}
data "amazon-ami" "fixed" {
  most_recent = false
}
