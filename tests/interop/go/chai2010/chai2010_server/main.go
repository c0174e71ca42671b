// Command chai2010_server serves the services of ../../protorpc/arith by github.com/chai2010/protorpc itself.
package main

import (
	"github.com/chai2010/protorpc"

	"polyrpc/interop/protorpc/peer"
)

func main() {
	peer.Serve(protorpc.NewServerCodec, &protorpc.UseSnappy, &protorpc.UseCrc32ChecksumIEEE)
}
