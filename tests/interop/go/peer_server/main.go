// Command peer_server serves the interop services with Go's own net/rpc and net/rpc/jsonrpc, for clients under test.
//
// It prints "listening KIND ADDRESS" for each listener and then "ready", and stops when its standard input closes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"sync"

	"polyrpc/interop/services"
)

// connections are those now open, so that they can be cut.
type connections struct {
	mutex sync.Mutex
	open  map[net.Conn]bool
}

// trackedListener notes every connection that it hands out.
type trackedListener struct {
	net.Listener
	all *connections
}

type trackedConn struct {
	net.Conn
	all *connections
}

func (l trackedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &trackedConn{conn, l.all}
	l.all.mutex.Lock()
	l.all.open[tracked] = true
	l.all.mutex.Unlock()
	return tracked, nil
}

func (c *trackedConn) Close() error {
	c.all.mutex.Lock()
	delete(c.all.open, c)
	c.all.mutex.Unlock()
	return c.Conn.Close()
}

// Control is for tests of what a client does when its server goes away.
type Control struct {
	all *connections
}

// DropConnections closes every open connection at once, the caller's too: this call is never answered.
func (c Control) DropConnections(_ struct{}, _ *struct{}) error {
	c.all.mutex.Lock()
	var open []net.Conn
	for conn := range c.all.open {
		open = append(open, conn)
	}
	c.all.mutex.Unlock()
	for _, conn := range open {
		conn.Close()
	}
	return nil
}

// BadReply answers with a list of strings, for a client that expects a number.
func (c Control) BadReply(_ struct{}, reply *[]string) error {
	*reply = []string{"not", "a", "number"}
	return nil
}

// post is one JSON call as the body of a POST request.
type post struct {
	io.Reader
	io.Writer
}

func (post) Close() error { return nil }

func serveJSONPost(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var reply bytes.Buffer
	rpc.ServeRequest(jsonrpc.NewServerCodec(post{bytes.NewReader(body), &reply}))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(reply.Bytes())
}

func listen(kind, network, address string, all *connections) net.Listener {
	listener, err := net.Listen(network, address)
	if err != nil {
		log.Fatalf("peer_server: %v", err)
	}
	fmt.Printf("listening %s %s\n", kind, listener.Addr())
	return trackedListener{listener, all}
}

func serve(listener net.Listener, handle func(io.ReadWriteCloser)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatalf("peer_server: %v", err)
		}
		go handle(conn)
	}
}

func main() {
	tcp := flag.String("tcp", "127.0.0.1:0", "address for gob over TCP, empty for none")
	httpAddress := flag.String("http", "127.0.0.1:0", "address for gob over HTTP CONNECT, and JSON over POST /jsonrpc")
	json := flag.String("json", "127.0.0.1:0", "address for JSON over TCP")
	unix := flag.String("unix", "", "path of a socket for gob")
	unixJSON := flag.String("unix-json", "", "path of a socket for JSON")
	flag.Parse()

	all := &connections{open: map[net.Conn]bool{}}
	services.RegisterTypes()
	for _, service := range []interface{}{services.Arith{}, services.HelloService{}, services.Types{}, Control{all}} {
		if err := rpc.Register(service); err != nil {
			log.Fatalf("peer_server: %v", err)
		}
	}
	rpc.HandleHTTP()
	http.HandleFunc("/jsonrpc", serveJSONPost)

	if *tcp != "" {
		go serve(listen("tcp", "tcp", *tcp, all), rpc.ServeConn)
	}
	if *httpAddress != "" {
		listener := listen("http", "tcp", *httpAddress, all)
		go func() { log.Fatalf("peer_server: %v", http.Serve(listener, nil)) }()
	}
	if *json != "" {
		go serve(listen("json", "tcp", *json, all), jsonrpc.ServeConn)
	}
	if *unix != "" {
		os.Remove(*unix)
		go serve(listen("unix", "unix", *unix, all), rpc.ServeConn)
	}
	if *unixJSON != "" {
		os.Remove(*unixJSON)
		go serve(listen("unix-json", "unix", *unixJSON, all), jsonrpc.ServeConn)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	for _, path := range []string{*unix, *unixJSON} {
		if path != "" {
			os.Remove(path)
		}
	}
}
