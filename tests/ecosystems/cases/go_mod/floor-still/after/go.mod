module example.com/shop // go 1.2

go 1.21
