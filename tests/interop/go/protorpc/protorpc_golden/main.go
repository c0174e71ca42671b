// Command protorpc_golden prints conversations between a client and a server of net/rpc in the envelope of
// chai2010/protorpc, for ../../../../golden/protorpc/vectors.json.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log"
	"net"
	"net/rpc"
	"os"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"polyrpc/interop/protorpc/arith"
	"polyrpc/interop/protorpc/envelope"
)

// step is one call: what went each way, whole, and what it meant.
type step struct {
	Method  string `json:"method"`
	Args    string `json:"args"`            // protobuf, in hex
	Reply   string `json:"reply,omitempty"` // the same
	Error   string `json:"error,omitempty"`
	Request string `json:"request"` // as it travels, in hex
	Answer  string `json:"answer"`  // the same
}

type conversation struct {
	Name     string `json:"name"`
	Snappy   bool   `json:"snappy"`
	Checksum bool   `json:"checksum"`
	Steps    []step `json:"steps"`
}

// recorder keeps what is written to a connection.
type recorder struct {
	net.Conn
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mutex.Lock()
	r.bytes.Write(p)
	r.mutex.Unlock()
	return r.Conn.Write(p)
}

func (r *recorder) take() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	defer r.bytes.Reset()
	return hex.EncodeToString(r.bytes.Bytes())
}

func marshal(message proto.Message) string {
	bytes, err := proto.Marshal(message)
	if err != nil {
		log.Fatal(err)
	}
	return hex.EncodeToString(bytes)
}

func record(name string, snappy, checksum bool) conversation {
	envelope.UseSnappy, envelope.UseChecksum = snappy, checksum
	server, err := arith.Register()
	if err != nil {
		log.Fatal(err)
	}
	near, far := net.Pipe()
	ours, theirs := &recorder{Conn: near}, &recorder{Conn: far}
	done := make(chan struct{})
	go func() {
		server.ServeCodec(envelope.NewServerCodec(theirs))
		close(done)
	}()
	client := rpc.NewClientWithCodec(envelope.NewClientCodec(ours))
	result := conversation{Name: name, Snappy: snappy, Checksum: checksum}
	call := func(method string, args, reply proto.Message) {
		s := step{Method: method, Args: marshal(args)}
		if err := client.Call(method, args, reply); err != nil {
			s.Error = err.Error()
		} else {
			s.Reply = marshal(reply)
		}
		s.Request, s.Answer = ours.take(), theirs.take()
		result.Steps = append(result.Steps, s)
	}
	call("Arith.Multiply", &arith.Args{A: 7, B: 8}, new(arith.Number))
	call("Arith.Multiply", &arith.Args{A: -1, B: 1 << 40}, new(arith.Number))
	call("Arith.Multiply", &arith.Args{}, new(arith.Number))
	call("Arith.Divide", &arith.Args{A: 1}, new(arith.Number))
	call("Arith.Echo", &arith.Blob{}, new(arith.Blob))
	call("Arith.Echo", &arith.Blob{Data: bytes.Repeat([]byte("polyrpc "), 40)}, new(arith.Blob))
	call("Arith.Fail", &arith.Text{Text: strings.Repeat("no \u00e4nswer ", 30)}, new(arith.Number))
	client.Close()
	<-done
	return result
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(map[string][]conversation{"conversations": {
		record("plain", false, false),
		record("snappy", true, false),
		record("snappy and checksum", true, true),
	}}); err != nil {
		log.Fatal(err)
	}
}
