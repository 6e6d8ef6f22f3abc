stage = "prod"
ami   = "ami-000000000000000a1"
nodes = {
  web = { count = 3, ami = "ami-000000000000000a2" }
  job = { count = 1, ami = "ami-000000000000000a1" }
}
images = ["ami-000000000000000a1", "ami-000000000000000a2",]
