module x
  toolchain	go1.27
 go	1.27.0
