// Command echo_server serves the echo service with grpc-go. It prints "listening tcp ADDRESS", and on SIGUSR1
// "allocations N". GOMAXPROCS is 1 unless the environment says otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"polyrpc/benchmarks/go_grpc/pb"
)

type service struct {
	pb.UnimplementedEchoServer
}

func (service) Echo(_ context.Context, request *pb.Message) (*pb.Message, error) { return request, nil }

func (service) Slow(_ context.Context, request *pb.Message) (*pb.Message, error) {
	time.Sleep(5 * time.Millisecond)
	return request, nil
}

func (service) PingPong(stream pb.Echo_PingPongServer) error {
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
}

func (service) ServerPush(request *pb.Message, stream pb.Echo_ServerPushServer) error {
	for range request.A {
		if err := stream.Send(request); err != nil {
			return err
		}
	}
	return nil
}

func (service) ClientPush(stream pb.Echo_ClientPushServer) error {
	reply := &pb.Message{}
	for {
		if _, err := stream.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				return stream.SendAndClose(reply)
			}
			return err
		}
		reply.A++
	}
}

func main() {
	port := flag.Int("port", 0, "0: any")
	flag.Parse()
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(16<<20), grpc.InitialWindowSize(1<<20),
		grpc.InitialConnWindowSize(16<<20), grpc.NumStreamWorkers(1), grpc.SharedWriteBuffer(true))
	pb.RegisterEchoServer(server, service{})
	fmt.Printf("listening tcp %s\n", listener.Addr())

	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			fmt.Printf("allocations %d\n", stats.Mallocs)
		}
	}()
	log.Fatal(server.Serve(listener))
}
