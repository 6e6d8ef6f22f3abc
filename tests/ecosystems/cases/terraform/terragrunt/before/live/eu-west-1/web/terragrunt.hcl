terraform {
  source = "git::ssh://git@example.com/modules.git//web?ref=v1.2.3"
}
include "root" { path = find_in_parent_folders() }
inputs = merge(local.common, {
  ami   = "ami-000000000000000a1"
  pools = { a = { ami = "ami-000000000000000a2" } }
})
