module example.com/shop // go 1.2

require (
	go 1.21
)
exclude ( // old
 go 1.20
) // done
require go v1.2.3
go
// go 1.21
go (
 1.21
)
