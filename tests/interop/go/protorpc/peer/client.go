// Package peer has what the programs with the codecs of ../envelope and of chai2010/protorpc itself have in common.
package peer

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"strings"
	"time"

	"polyrpc/interop/check"
	"polyrpc/interop/protorpc/arith"
)

// Client checks a server with the services of ../arith.
type Client struct {
	Codec func(io.ReadWriteCloser) rpc.ClientCodec
	// Send sets what the codec sends from now on, or says why it can't.
	Send func(snappy, checksum bool) (why string)

	stock bool
}

// Main is the whole program.
func (c *Client) Main() {
	tcp := flag.String("tcp", "", "address of the server")
	flag.BoolVar(&c.stock, "stock", false, "the server is chai2010/protorpc's own: leave out what that cannot do")
	flag.Parse()
	suite := check.Suite{Timeout: 30 * time.Second}
	for _, sends := range []struct {
		name             string
		snappy, checksum bool
	}{{"plain", false, false}, {"checksum", false, true}, {"snappy", true, false}, {"both", true, true}} {
		if why := c.Send(sends.snappy, sends.checksum); why != "" {
			suite.Run(sends.name, func(t *check.T) { t.Skip(why) })
			continue
		}
		c.run(&suite, sends.name+"/", *tcp)
	}
	suite.Exit()
}

func (c *Client) dial(t *check.T, address string) *rpc.Client {
	connection, err := net.Dial("tcp", address)
	t.NoError(err, "dial")
	return rpc.NewClientWithCodec(c.Codec(connection))
}

func multiply(t *check.T, client *rpc.Client, a, b int64) {
	reply := new(arith.Number)
	t.NoError(client.Call("Arith.Multiply", &arith.Args{A: a, B: b}, reply), "Multiply")
	t.Equal(reply.Value, a*b, "product")
}

func (c *Client) run(suite *check.Suite, prefix, address string) {
	suite.Run(prefix+"calls", func(t *check.T) {
		client := c.dial(t, address)
		defer client.Close()
		for i := int64(-3); i < 200; i++ {
			multiply(t, client, i, i*1000)
		}
	})
	suite.Run(prefix+"errors", func(t *check.T) {
		client := c.dial(t, address)
		defer client.Close()
		reply := new(arith.Number)
		t.Error(client.Call("Arith.Divide", &arith.Args{A: 1}, reply), "divide by zero")
		long := strings.Repeat("a long \u00e4rror ", 1000)
		t.Error(client.Call("Arith.Fail", &arith.Text{Text: long}, reply), long)
		t.Error(client.Call("Arith.Missing", &arith.Args{A: 1}, reply), "rpc: can't find method Arith.Missing")
	})
	suite.Run(prefix+"after_an_unknown_method", func(t *check.T) {
		if c.stock {
			t.Skip("the server takes the call's body for the next header")
		}
		client := c.dial(t, address)
		defer client.Close()
		reply := new(arith.Number)
		t.Error(client.Call("Nobody.Home", &arith.Args{A: 1}, reply), "rpc: can't find service Nobody.Home")
		multiply(t, client, 6, 7)
	})
	suite.Run(prefix+"bodies", func(t *check.T) {
		client := c.dial(t, address)
		defer client.Close()
		for _, size := range []int{0, 1, 100, 127, 128, 1000, 65536, 1 << 20, 8 << 20} {
			for name, step := range map[string]int{"alike": 0, "mixed": 7919} {
				data := make([]byte, size)
				for i := range data {
					data[i] = byte(i * step >> 3)
				}
				reply := new(arith.Blob)
				t.NoError(client.Call("Arith.Echo", &arith.Blob{Data: data}, reply), "Echo")
				if !bytes.Equal(reply.Data, data) {
					t.Fatalf("%d bytes, %s, came back changed", size, name)
				}
			}
		}
	})
	suite.Run(prefix+"many_at_once", func(t *check.T) {
		client := c.dial(t, address)
		defer client.Close()
		calls := make([]*rpc.Call, 300)
		for i := range calls {
			calls[i] = client.Go("Arith.Multiply", &arith.Args{A: int64(i), B: 2}, new(arith.Number), nil)
		}
		for i, call := range calls {
			<-call.Done
			t.NoError(call.Error, fmt.Sprint("call ", i))
			t.Equal(call.Reply.(*arith.Number).Value, int64(2*i), "product")
		}
	})
	suite.Run(prefix+"out_of_order", func(t *check.T) {
		client := c.dial(t, address)
		defer client.Close()
		slow := client.Go("Arith.Sleep", &arith.Number{Value: 300}, new(arith.Number), nil)
		multiply(t, client, 6, 7)
		select {
		case <-slow.Done:
			t.Fatalf("the slow call was over first")
		default:
		}
		<-slow.Done
		t.NoError(slow.Error, "Sleep")
		t.Equal(slow.Reply.(*arith.Number).Value, int64(300), "reply")
	})
}
