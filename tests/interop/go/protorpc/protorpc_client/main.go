// Command protorpc_client checks a server with the services of ../arith, in the envelope of chai2010/protorpc.
package main

import (
	"polyrpc/interop/protorpc/envelope"
	"polyrpc/interop/protorpc/peer"
)

func main() {
	client := peer.Client{
		Codec: envelope.NewClientCodec,
		Send: func(snappy, checksum bool) string {
			envelope.UseSnappy, envelope.UseChecksum = snappy, checksum
			return ""
		},
	}
	client.Main()
}
