// Command chai2010_client checks a server with the services of ../../protorpc/arith, by github.com/chai2010/protorpc itself.
package main

import (
	"github.com/chai2010/protorpc"

	"polyrpc/interop/protorpc/peer"
)

func main() {
	client := peer.Client{
		Codec: protorpc.NewClientCodec,
		Send: func(snappy, checksum bool) string {
			protorpc.UseSnappy, protorpc.UseCrc32ChecksumIEEE = snappy, checksum
			if checksum && !snappy {
				return "its checksum is then that of the compressed body, which it does not send"
			}
			return ""
		},
	}
	client.Main()
}
