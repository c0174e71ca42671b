package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"strings"
	"time"

	"polyrpc/interop/check"
	"polyrpc/interop/services"
)

const (
	connectRequest = "CONNECT /_goRPC_ HTTP/1.0\n\n"
	connectAnswer  = "HTTP/1.0 200 Connected to Go RPC\n\n"
)

// connected gives a connection on which the CONNECT is done.
func connected(address string) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		conn, err := net.DialTimeout("tcp", address, *patience)
		if err != nil {
			return nil, err
		}
		conn.SetDeadline(time.Now().Add(*patience))
		if err = connect(conn, connectRequest); err != nil {
			conn.Close()
			return nil, err
		}
		conn.SetDeadline(time.Time{})
		return conn, nil
	}
}

// connect sends a request and wants Go's answer, byte for byte, and nothing more.
func connect(conn net.Conn, request string) error {
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	return readConnectAnswer(conn)
}

func readConnectAnswer(conn net.Conn) error {
	answer := make([]byte, len(connectAnswer))
	n, err := io.ReadFull(conn, answer)
	if err != nil || string(answer) != connectAnswer {
		return fmt.Errorf("the answer to CONNECT is %q (%v)", answer[:n], err)
	}
	return nil
}

// httpChecks are about what surrounds net/rpc over HTTP.
func httpChecks(suite *check.Suite, address string) {
	bare := target{wire: "http", open: dialer("tcp", address), wrap: rpc.NewClient}
	run := func(name string, f func(c *check.T)) { suite.Run("http/"+name, f) }
	request := func(c *check.T, method, path, body string) (*http.Response, string) {
		client := http.Client{Timeout: *patience}
		request, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
		c.NoError(err, "request")
		if body != "" {
			request.Header.Set("Content-Type", "application/json")
		}
		response, err := client.Do(request)
		c.NoError(err, method+" "+path)
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		c.NoError(err, "body")
		return response, string(content)
	}

	for _, form := range []struct{ name, text string }{
		{"http_1_0_with_headers", "CONNECT /_goRPC_ HTTP/1.0\r\nX-A: b\r\nX-C: d\r\n\r\n"},
		{"http_1_1", "CONNECT /_goRPC_ HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"bare_line_feeds", "CONNECT /_goRPC_ HTTP/1.0\nX-A: b\n\n"},
	} {
		form := form
		run("connect/"+form.name, func(c *check.T) {
			conn := bare.conn(c)
			defer conn.Close()
			c.NoError(connect(conn, form.text), "CONNECT")
			stillWorks(c, rpc.NewClient(conn))
		})
	}
	run("connect/byte_by_byte", func(c *check.T) {
		conn := bare.conn(c)
		defer conn.Close()
		for _, b := range []byte(connectRequest) {
			_, err := conn.Write([]byte{b})
			c.NoError(err, "write")
		}
		c.NoError(readConnectAnswer(conn), "CONNECT")
		stillWorks(c, rpc.NewClient(conn))
	})
	run("connect/calls_in_the_same_segment", func(c *check.T) {
		if *stock {
			c.Skip("Go loses them")
		}
		g := newGobConn(c, bare)
		defer g.conn.Close()
		g.out.WriteString(connectRequest)
		for i := uint64(0); i < 10; i++ {
			g.request("Arith.Multiply", i, services.Args{A: int64(i), B: 5})
		}
		g.flush()
		c.NoError(readConnectAnswer(g.conn), "CONNECT")
		for i := 0; i < 10; i++ {
			var product int64
			head := g.reply(&product)
			c.Equal(product, int64(head.Seq)*5, "product")
		}
	})
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		method := method
		run("connect/not_by_"+strings.ToLower(method), func(c *check.T) {
			response, body := request(c, method, "/_goRPC_", "")
			c.Equal(response.StatusCode, 405, "status")
			c.Equal(body, "405 must CONNECT\n", "body")
			c.Equal(response.Header.Get("Content-Type"), "text/plain; charset=utf-8", "Content-Type")
		})
	}
	run("connect/other_path", func(c *check.T) {
		_, err := rpc.DialHTTPPath("tcp", address, "/elsewhere")
		// Go ends its lines with a bare line feed, which a strict server accepts on the one path only.
		wanted := "unexpected HTTP response: 40"
		if *stock {
			wanted = "unexpected HTTP response: 404 Not Found"
		}
		if err == nil || !strings.Contains(err.Error(), wanted) {
			c.Fatalf("the error is %v", err)
		}
	})
	run("not_found", func(c *check.T) {
		response, _ := request(c, "GET", "/elsewhere", "")
		c.Equal(response.StatusCode, 404, "status")
	})
	run("debug_page", func(c *check.T) {
		response, body := request(c, "GET", "/debug/rpc", "")
		c.Equal(response.StatusCode, 200, "status")
		if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
			c.Fatalf("Content-Type %q", kind)
		}
		for _, text := range []string{"Arith", "Multiply", "HelloService", "SayHello"} {
			if !strings.Contains(body, text) {
				c.Fatalf("no %q on the page", text)
			}
		}
	})
	run("json_post", func(c *check.T) {
		for i := 0; i < 3; i++ {
			response, body := request(c, "POST", "/jsonrpc", `{"method":"HelloService.SayHello","params":["post"],"id":7}`)
			c.Equal(response.StatusCode, 200, "status")
			c.Equal(strings.TrimRight(body, "\n"), `{"id":7,"result":"Hello World:post","error":null}`, "body")
			response, body = request(c, "POST", "/jsonrpc", `{"method":"Arith.Divide","params":[{"A":1}],"id":"x"}`)
			c.Equal(response.StatusCode, 200, "status")
			c.Equal(strings.TrimRight(body, "\n"), `{"id":"x","result":null,"error":"divide by zero"}`, "body")
		}
	})
	run("keep_alive_then_connect", func(c *check.T) {
		conn := bare.conn(c)
		defer conn.Close()
		reader := bufio.NewReader(conn)
		for i := 0; i < 3; i++ {
			_, err := io.WriteString(conn, "GET /debug/rpc HTTP/1.1\r\nHost: localhost\r\n\r\n")
			c.NoError(err, "write")
			response, err := http.ReadResponse(reader, nil)
			c.NoError(err, "read")
			_, err = io.Copy(io.Discard, response.Body)
			c.NoError(err, "body")
		}
		c.Equal(reader.Buffered(), 0, "bytes behind the answer")
		c.NoError(connect(conn, connectRequest), "CONNECT")
		stillWorks(c, rpc.NewClient(conn))
	})
}
