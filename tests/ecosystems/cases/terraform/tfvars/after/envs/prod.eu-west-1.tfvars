stage = "prod"
ami   = "ami-000000000000000b1"
nodes = {
  web = { count = 3, ami = "ami-000000000000000b2" }
  job = { count = 1, ami = "ami-000000000000000b1" }
}
images = ["ami-000000000000000b1", "ami-000000000000000b2",]
