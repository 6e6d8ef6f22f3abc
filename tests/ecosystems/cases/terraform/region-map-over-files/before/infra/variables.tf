variable "amis" {
  type    = map(string)
  default = {
    us-east-1        = "ami-000000000000000a1"
    "eu-west-1"      = "ami-000000000000000a2",
    ap_southeast_2   : "ami-000000000000000a3"   # spelled as an identifier
  }
}
