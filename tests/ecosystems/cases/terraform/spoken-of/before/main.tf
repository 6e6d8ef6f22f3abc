# "ami-000000000000000a1"
import {
  to = aws_ami.own
  id = "ami-000000000000000a1"
}
variable "ami" {
  description = "ami-000000000000000a1"
  default     = "default"
  validation {
    condition     = var.ami != "ami-000000000000000a1" && contains(["ami-000000000000000a2"], var.ami)
    error_message = "ami-000000000000000a1"
  }
}
resource "aws_instance" "web" {
  ami       = var.ami == "ami-000000000000000a1" ? var.other : var.ami
  user_data = <<-EOT
    echo ami-000000000000000a1
  EOT
  tags      = { Note = "was ami-000000000000000a1", Near = "ami-000000000000000a10", "ami-000000000000000a1" = "x" }
}
