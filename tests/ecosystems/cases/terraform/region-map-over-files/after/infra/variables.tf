variable "amis" {
  type    = map(string)
  default = {
    us-east-1        = "ami-000000000000000b1"
    "eu-west-1"      = "ami-000000000000000b2",
    ap_southeast_2   : "ami-000000000000000b3"   # spelled as an identifier
  }
}
