// Package echo is the call that all benchmarks make.
package echo

type Args struct {
	A, B int64
	S    []byte
}

// Echo is registered under its own name, so that the method is Echo.Echo.
type Echo struct{}

func (Echo) Echo(args Args, reply *Args) error {
	*reply = args
	return nil
}
