module example.com/shop // go 1.2

toolchain go1.21.5-acme
