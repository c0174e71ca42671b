// Command peer_client runs its checks against a server that has the interop services, with Go's own net/rpc and
// net/rpc/jsonrpc and, where those cannot say it, with bytes of its own. It prints a line per check and exits with 1 if
// one failed.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"regexp"
	"time"

	"polyrpc/interop/check"
	"polyrpc/interop/services"
)

// target is one way to reach the server.
type target struct {
	wire string // "tcp", "unix", "http", "json", "unix-json"
	dial func() (*rpc.Client, error)
	open func() (net.Conn, error) // the bare connection; over http after CONNECT
	wrap func(io.ReadWriteCloser) *rpc.Client
}

func (t target) isJSON() bool { return t.wire == "json" || t.wire == "unix-json" }

// client is a new one, for the check to close.
func (t target) client(c *check.T) *rpc.Client {
	client, err := t.dial()
	c.NoError(err, "dial")
	return client
}

// conn is a new bare connection. A check that hangs on it fails by this deadline.
func (t target) conn(c *check.T) net.Conn {
	conn, err := t.open()
	c.NoError(err, "dial")
	conn.SetDeadline(time.Now().Add(*patience))
	return conn
}

var (
	stock    = flag.Bool("stock", false, "the server is Go's own: skip what it is known not to do")
	patience = flag.Duration("timeout", 60*time.Second, "how long one check may take")
)

func pattern(text string) *regexp.Regexp {
	if text == "" {
		return nil
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer_client:", err)
		os.Exit(2)
	}
	return compiled
}

func dialer(network, address string) func() (net.Conn, error) {
	return func() (net.Conn, error) { return net.DialTimeout(network, address, *patience) }
}

func main() {
	tcp := flag.String("tcp", "", "address that speaks gob over TCP")
	unix := flag.String("unix", "", "path of a socket that speaks gob")
	http := flag.String("http", "", "address that speaks gob after an HTTP CONNECT")
	json := flag.String("json", "", "address that speaks JSON over TCP")
	unixJSON := flag.String("unix-json", "", "path of a socket that speaks JSON")
	only := flag.String("only", "", "run only the checks whose name matches this expression")
	skip := flag.String("skip", "", "do not run those whose name matches this one")
	list := flag.Bool("list", false, "only print the names of the checks")
	flag.Parse()

	services.RegisterTypes()
	suite := &check.Suite{Only: pattern(*only), Skip: pattern(*skip), List: *list, Timeout: *patience}
	gobTargets := []struct{ wire, network, address string }{{"tcp", "tcp", *tcp}, {"unix", "unix", *unix}}
	for _, g := range gobTargets {
		if g.address == "" {
			continue
		}
		network, address := g.network, g.address
		t := target{g.wire, func() (*rpc.Client, error) { return rpc.Dial(network, address) }, dialer(network, address), rpc.NewClient}
		callChecks(suite, t)
		typeChecks(suite, t)
		gobChecks(suite, t)
	}
	if *http != "" {
		t := target{"http", func() (*rpc.Client, error) { return rpc.DialHTTP("tcp", *http) }, connected(*http), rpc.NewClient}
		callChecks(suite, t)
		typeChecks(suite, t)
		gobChecks(suite, t)
		httpChecks(suite, *http)
	}
	jsonTargets := []struct{ wire, network, address string }{{"json", "tcp", *json}, {"unix-json", "unix", *unixJSON}}
	for _, j := range jsonTargets {
		if j.address == "" {
			continue
		}
		network, address := j.network, j.address
		t := target{j.wire, func() (*rpc.Client, error) { return jsonrpc.Dial(network, address) }, dialer(network, address), jsonrpc.NewClient}
		callChecks(suite, t)
		typeChecks(suite, t)
		jsonChecks(suite, t)
	}
	suite.Exit()
}
