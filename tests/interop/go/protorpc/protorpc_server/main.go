// Command protorpc_server serves the services of ../arith in the envelope of chai2010/protorpc.
package main

import (
	"polyrpc/interop/protorpc/envelope"
	"polyrpc/interop/protorpc/peer"
)

func main() {
	peer.Serve(envelope.NewServerCodec, &envelope.UseSnappy, &envelope.UseChecksum)
}
