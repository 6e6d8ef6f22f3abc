module example.com/shop // go 1.2

toolchain default
