source "amazon-ebs" "web" {
  source_ami = "ami-000000000000000a1" # freshline: ignore
}
