# The web servers.
provider "aws" {
  region = "eu-west-1"
}

resource "aws_instance" "web" {
  ami           = "ami-000000000000000b1" # built in March
  instance_type = "t3.micro"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_spot_instance_request" "worker" { ami = "ami-000000000000000b2" }

resource "aws_spot_fleet_request" "fleet" {
  launch_specification {
    ami = "ami-000000000000000b1"
  }
  launch_specification {
    ami = "ami-000000000000000b2"
  }
}
