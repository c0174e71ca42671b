package main

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/rpc"
	"reflect"
	"syscall"

	"polyrpc/interop/check"
	"polyrpc/interop/services"
)

// gobConn speaks net/rpc without a client, so that Seq, headers and the bytes themselves can be chosen.
type gobConn struct {
	c    *check.T
	conn net.Conn
	out  bytes.Buffer // what was encoded and not yet sent
	enc  *gob.Encoder
	dec  *gob.Decoder
}

// header is what a reply begins with.
type header struct {
	ServiceMethod string
	Seq           uint64
	Error         string
}

func newGobConn(c *check.T, t target) *gobConn {
	g := &gobConn{c: c, conn: t.conn(c)}
	g.enc = gob.NewEncoder(&g.out)
	g.dec = gob.NewDecoder(g.conn)
	return g
}

func (g *gobConn) request(method string, seq uint64, args interface{}) {
	g.c.NoError(g.enc.Encode(&rpc.Request{ServiceMethod: method, Seq: seq}), "encode the header")
	g.c.NoError(g.enc.Encode(args), "encode the argument")
}

func (g *gobConn) flush() {
	_, err := g.conn.Write(g.out.Bytes())
	g.c.NoError(err, "write")
	g.out.Reset()
}

// reply reads a header and, if that holds no error, the body.
func (g *gobConn) reply(body interface{}) header {
	var head header
	g.c.NoError(g.dec.Decode(&head), "read a reply's header")
	if head.Error != "" {
		body = nil
	}
	g.c.NoError(g.dec.Decode(body), "read a reply's body")
	return head
}

func (g *gobConn) skipBody() {
	g.c.NoError(g.dec.DecodeValue(reflect.Value{}), "read the body of an error reply")
}

// product wants the reply to a multiplication.
func (g *gobConn) product(seq uint64, want int64) {
	var product int64
	head := g.reply(&product)
	g.c.Equal(head, header{ServiceMethod: "Arith.Multiply", Seq: seq}, "header")
	g.c.Equal(product, want, "product")
}

// ended wants the connection to end without another byte.
func ended(c *check.T, conn net.Conn) {
	data, err := io.ReadAll(conn)
	if len(data) > 0 {
		c.Fatalf("%d bytes before the end: %.80q", len(data), data)
	}
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		c.Fatalf("the connection does not end: %v", err)
	}
}

func closeWrite(c *check.T, conn net.Conn) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		c.Fatalf("%T cannot be closed by halves", conn)
	}
	c.NoError(half.CloseWrite(), "close the sending half")
}

// structOf makes a pointer to a struct out of field names and values in turn.
func structOf(fields ...interface{}) reflect.Value {
	var list []reflect.StructField
	for i := 0; i < len(fields); i += 2 {
		list = append(list, reflect.StructField{Name: fields[i].(string), Type: reflect.TypeOf(fields[i+1])})
	}
	value := reflect.New(reflect.StructOf(list))
	for i := 0; i < len(fields); i += 2 {
		value.Elem().Field(i / 2).Set(reflect.ValueOf(fields[i+1]))
	}
	return value
}

// gobChecks are about the gob wire itself.
func gobChecks(suite *check.Suite, t target) {
	run := func(name string, f func(c *check.T, g *gobConn)) {
		suite.Run(t.wire+"/gob/"+name, func(c *check.T) {
			g := newGobConn(c, t)
			defer g.conn.Close()
			f(c, g)
		})
	}
	otherClientWorks := func(c *check.T) {
		client := t.client(c)
		defer client.Close()
		stillWorks(c, client)
	}

	run("half_close", func(c *check.T, g *gobConn) {
		const calls = 200
		for i := uint64(0); i < calls; i++ {
			if i%20 == 0 {
				g.request("Arith.Sleep", i, int64(300))
			} else {
				g.request("Arith.Multiply", i, services.Args{A: int64(i), B: 2})
			}
		}
		g.flush()
		closeWrite(c, g.conn)
		seen := map[uint64]bool{}
		for i := 0; i < calls; i++ {
			var reply int64
			head := g.reply(&reply)
			want := int64(head.Seq) * 2
			if head.Seq%20 == 0 {
				want = 300
			}
			c.Equal(head.Error, "", "error")
			c.Equal(reply, want, "reply")
			if seen[head.Seq] || head.Seq >= calls {
				c.Fatalf("a reply to call %d", head.Seq)
			}
			seen[head.Seq] = true
		}
		ended(c, g.conn)
	})
	run("half_close_inside_a_message", func(c *check.T, g *gobConn) {
		g.request("Arith.Sleep", 1, int64(200))
		g.flush()
		g.request("Arith.Multiply", 2, services.Args{A: 1, B: 2})
		g.out.Truncate(g.out.Len() - 3)
		g.flush()
		closeWrite(c, g.conn)
		// Go answers the cut call too, with the decoder's error; so this server may.
		for {
			var head header
			err := g.dec.Decode(&head)
			if err == io.EOF {
				c.Fatalf("the call before the cut one was not answered")
			}
			c.NoError(err, "read a reply's header")
			var slept int64
			if head.Seq == 1 {
				c.NoError(g.dec.Decode(&slept), "read the reply")
				c.Equal(slept, int64(200), "reply")
				break
			}
			if head.Seq != 2 || head.Error == "" {
				c.Fatalf("a reply to call %d with error %q", head.Seq, head.Error)
			}
			g.skipBody()
		}
		for {
			var head header
			err := g.dec.Decode(&head)
			if err == io.EOF {
				return
			}
			c.NoError(err, "read to the end")
			if head.Error == "" {
				c.Fatalf("a good reply to call %d", head.Seq)
			}
			g.skipBody()
		}
	})
	run("half_close_at_once", func(c *check.T, g *gobConn) {
		closeWrite(c, g.conn)
		ended(c, g.conn)
	})
	run("seq_is_only_echoed", func(c *check.T, g *gobConn) {
		for _, seq := range []uint64{5, 0, 1, 127, 128, 255, 256, 1 << 32, math.MaxInt64, math.MaxUint64, 3, 3} {
			g.request("Arith.Multiply", seq, services.Args{A: 6, B: 7})
			g.flush()
			g.product(seq, 42)
			g.request("Arith.Divide", seq, services.Args{A: 6})
			g.flush()
			c.Equal(g.reply(nil), header{ServiceMethod: "Arith.Divide", Seq: seq, Error: "divide by zero"}, "header")
		}
	})
	run("same_seq_in_flight", func(c *check.T, g *gobConn) {
		for i := 0; i < 10; i++ {
			g.request("Arith.Sleep", 9, int64(50))
		}
		g.flush()
		for i := 0; i < 10; i++ {
			var slept int64
			c.Equal(g.reply(&slept), header{ServiceMethod: "Arith.Sleep", Seq: 9}, "header")
			c.Equal(slept, int64(50), "reply")
		}
	})
	run("error_body_is_an_empty_struct", func(c *check.T, g *gobConn) {
		for i := uint64(0); i < 3; i++ {
			g.request("Arith.Modulo", i, services.Args{})
			g.flush()
			var head header
			c.NoError(g.dec.Decode(&head), "read the header")
			c.Equal(head, header{ServiceMethod: "Arith.Modulo", Seq: i, Error: "rpc: can't find method Arith.Modulo"}, "header")
			// A struct with fields takes it because it has none; nothing else but a struct does.
			into := services.Quotient{Quo: 1, Rem: 2}
			c.NoError(g.dec.Decode(&into), "read the body as a struct")
			c.Equal(into, services.Quotient{Quo: 1, Rem: 2}, "what was there before")
		}
	})
	run("byte_by_byte", func(c *check.T, g *gobConn) {
		g.request("Arith.Multiply", 0, services.Args{A: 6, B: 7})
		g.request("Arith.Echo", 1, services.EchoArgs{A: 1, S: pattern256(300, 3)})
		data := append([]byte(nil), g.out.Bytes()...)
		g.out.Reset()
		for _, b := range data {
			_, err := g.conn.Write([]byte{b})
			c.NoError(err, "write a byte")
		}
		seen := 0
		for i := 0; i < 2; i++ {
			var head header
			c.NoError(g.dec.Decode(&head), "read a header")
			if head.Seq == 0 {
				var product int64
				c.NoError(g.dec.Decode(&product), "read the product")
				c.Equal(product, int64(42), "product")
				seen |= 1
			} else {
				var reply services.EchoArgs
				c.NoError(g.dec.Decode(&reply), "read the echo")
				c.Equal(reply, services.EchoArgs{A: 1, S: pattern256(300, 3)}, "echo")
				seen |= 2
			}
		}
		c.Equal(seen, 3, "calls answered")
	})
	run("many_in_one_write", func(c *check.T, g *gobConn) {
		const calls = 2000
		for i := uint64(0); i < calls; i++ {
			g.request("Arith.Multiply", i, services.Args{A: int64(i), B: 3})
		}
		g.flush()
		seen := make([]bool, calls)
		for i := 0; i < calls; i++ {
			var product int64
			head := g.reply(&product)
			if head.Seq >= calls || seen[head.Seq] || head.Error != "" {
				c.Fatalf("a reply with %+v", head)
			}
			seen[head.Seq] = true
			c.Equal(product, int64(head.Seq)*3, "product")
		}
	})
	run("half_a_message_waits", func(c *check.T, g *gobConn) {
		g.request("Arith.Multiply", 4, services.Args{A: 6, B: 7})
		data := append([]byte(nil), g.out.Bytes()...)
		g.out.Reset()
		for _, part := range [][]byte{data[:10], data[10 : len(data)-4], data[len(data)-4:]} {
			_, err := g.conn.Write(part)
			c.NoError(err, "write")
			otherClientWorks(c)
		}
		g.product(4, 42)
	})
	run("many_types_on_one_stream", func(c *check.T, g *gobConn) {
		// Each call has an argument type of its own, with A and B and a field that the server does not know.
		for i := 0; i < 1000; i++ {
			args := structOf(fmt.Sprintf("X%d", i), "unknown", "A", int64(i), "B", int64(-2))
			g.request("Arith.Multiply", uint64(i), args.Interface())
			if i%50 == 49 {
				g.flush()
				for j := 0; j < 50; j++ {
					var product int64
					head := g.reply(&product)
					c.Equal(head.Error, "", "error")
					c.Equal(product, int64(head.Seq)*-2, "product")
				}
			}
		}
		// The first types must still be known.
		args := structOf("X0", "unknown", "A", int64(6), "B", int64(7))
		g.request("Arith.Multiply", 5, args.Interface())
		g.flush()
		g.product(5, 42)
	})
	run("other_declarations_of_the_same", func(c *check.T, g *gobConn) {
		type inner struct {
			P []map[string][]float64
			Q *services.Tree
			R interface{}
			S [2]complex128
		}
		unknown := inner{P: []map[string][]float64{{"x": {1, 2}}}, Q: &services.Tree{Name: "t", Children: []services.Tree{{Name: "u"}}},
			R: services.Circle{Radius: 1}, S: [2]complex128{1i, 2}}
		six, seven := int64(6), int64(7)
		pointer := &six
		declarations := []reflect.Value{
			structOf("B", seven, "A", six),
			structOf("A", int8(6), "B", int16(7)),
			structOf("A", &pointer, "B", &seven),
			structOf("Before", unknown, "A", six, "Between", []inner{unknown, {}}, "B", seven, "After", map[string]inner{"k": unknown}),
			structOf("At", services.Times{Maybe: nil, Took: 3}, "A", six, "Own", services.Own{Now: 3, Paint: services.Color{R: 1}}, "B", seven),
		}
		for round := 0; round < 2; round++ {
			for i, args := range declarations {
				g.request("Arith.Multiply", uint64(i), args.Interface())
				g.flush()
				g.product(uint64(i), 42)
			}
		}
		g.request("Arith.Multiply", 1, structOf("A", six).Interface()) // B is missing, so it is 0
		g.flush()
		g.product(1, 0)
		g.request("Arith.Multiply", 2, struct{}{}) // a struct without fields fits every struct
		g.flush()
		g.product(2, 0)
		g.request("Arith.Divide", 3, services.Args{A: 17, B: 5})
		g.flush()
		var onlyRem struct{ Rem int64 }
		c.Equal(g.reply(&onlyRem), header{ServiceMethod: "Arith.Divide", Seq: 3}, "header")
		c.Equal(onlyRem.Rem, int64(2), "Rem")
	})
	run("interface_in_a_skipped_field", func(c *check.T, g *gobConn) {
		// The first time, the definition of the type inside the interface stands between two parts of the message.
		for i := uint64(0); i < 3; i++ {
			args := structOf("Skipped", services.Drawing{Main: services.Square{Side: 2}, Extra: services.Circle{Radius: 1}, Title: "t"},
				"A", int64(6), "B", int64(7))
			g.request("Arith.Multiply", i, args.Interface())
			g.flush()
			g.product(i, 42)
			g.request("Arith.Modulo", i, services.Drawing{Main: services.Square{Side: 2}}) // and the whole body skipped
			g.flush()
			c.Equal(g.reply(nil).Error, "rpc: can't find method Arith.Modulo", "error")
		}
	})
	run("interface_of_unknown_type", func(c *check.T, g *gobConn) {
		type Stranger struct{ X int64 }
		gob.RegisterName("interop.Stranger", Stranger{}) // known here only, unless the server is in this process
		g.request("Types.Drawing", 1, services.Drawing{Title: "t", Extra: Stranger{1}})
		g.flush()
		head := g.reply(nil)
		c.Equal(head.Error, "gob: name not registered for interface: \"interop.Stranger\"", "error")
	})
	run("wider_request_header", func(c *check.T, g *gobConn) {
		type Request struct {
			Before        []string
			ServiceMethod string
			Between       map[string]int64
			Seq           uint64
			After         struct{ X, Y float64 }
		}
		for i := uint64(0); i < 6; i++ {
			if i%2 == 0 {
				g.request("Arith.Multiply", i, services.Args{A: 6, B: 7})
			} else {
				wide := Request{Before: []string{"a"}, ServiceMethod: "Arith.Multiply", Between: map[string]int64{"k": 1}, Seq: i}
				wide.After.Y = 0.5
				c.NoError(g.enc.Encode(wide), "encode the header")
				c.NoError(g.enc.Encode(services.Args{A: 6, B: 7}), "encode the argument")
			}
			g.flush()
			g.product(i, 42)
		}
	})
	for _, garbage := range []struct {
		name  string
		bytes string
	}{
		{"undefined_type", "\x05\xff\xf0\x01\x02\x00"},
		{"empty_message", "\x00"},
		{"broken_definition", "\x06\xff\xef\x03\x7f\x7f\x7f"},
		{"text", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"length_of_nine_bytes", "\xf7\x01\x01\x01\x01\x01\x01\x01\x01\x01"},
	} {
		garbage := garbage
		run("garbage/"+garbage.name, func(c *check.T, g *gobConn) {
			g.request("Arith.Multiply", 1, services.Args{A: 6, B: 7})
			g.flush()
			g.product(1, 42)
			_, err := io.WriteString(g.conn, garbage.bytes)
			c.NoError(err, "write")
			if *stock { // Go reads what a length claims, and drops an empty message
				closeWrite(c, g.conn)
			}
			ended(c, g.conn)
			otherClientWorks(c)
		})
	}
	run("claimed_gibibyte", func(c *check.T, g *gobConn) {
		if *stock {
			c.Skip("Go waits for the gibibyte")
		}
		g.request("Arith.Multiply", 1, services.Args{A: 6, B: 7})
		g.flush()
		g.product(1, 42)
		_, err := io.WriteString(g.conn, "\xfc\x40\x00\x00\x00\xff\x82\x01")
		c.NoError(err, "write")
		ended(c, g.conn)
		otherClientWorks(c)
	})
	run("calls_before_garbage_are_answered", func(c *check.T, g *gobConn) {
		g.request("Arith.Sleep", 1, int64(200))
		g.out.WriteString("\x05\xff\xf0\x01\x02\x00")
		g.flush()
		var slept int64
		c.Equal(g.reply(&slept), header{ServiceMethod: "Arith.Sleep", Seq: 1}, "header")
		c.Equal(slept, int64(200), "reply")
		ended(c, g.conn)
	})
}
