// Package api holds the types that server and client share.
package api

type Args struct {
	A, B int
}

type Quotient struct {
	Quo, Rem int
}
