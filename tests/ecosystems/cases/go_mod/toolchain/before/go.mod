module example.com/shop // go 1.2

go 1.21

toolchain go1.21.5

require (
	golang.org/x/text v0.3.0
)
