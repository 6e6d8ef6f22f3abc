module x
  toolchain	go1.22
 go	1.22.1
