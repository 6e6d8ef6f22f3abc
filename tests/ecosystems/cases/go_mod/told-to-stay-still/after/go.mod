module example.com/shop // go 1.2

go 1.21 // freshline: ignore
// freshline: ignore
toolchain go1.21.5
