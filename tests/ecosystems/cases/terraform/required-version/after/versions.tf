terraform {
  required_version = "~> 1.13.4"
  backend "s3" {}
}
