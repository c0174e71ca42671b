// Command echo_client calls the echo service with grpc-go. It prints "measuring" when the warm-up is over, and at the
// end one line of JSON. In streaming modes a call is a message.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"polyrpc/benchmarks/go_grpc/pb"
)

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// slot is one call in flight, or a stream.
type slot struct {
	latencies []time.Duration
	calls     atomic.Int64
}

var measuring, over atomic.Bool

// finished counts a call. False: time is up.
func (s *slot) finished(began, now time.Time) bool {
	if measuring.Load() && !over.Load() {
		s.calls.Add(1)
		if len(s.latencies) < cap(s.latencies) {
			s.latencies = append(s.latencies, now.Sub(began))
		}
	}
	return !over.Load()
}

func check(err error) {
	if err != nil && !over.Load() {
		log.Fatal(err)
	}
}

func main() {
	address := flag.String("address", "", "HOST:PORT")
	flag.String("wire", "grpc", "grpc")
	mode := flag.String("mode", "unary", "unary, ping-pong, server-push or client-push")
	connections := flag.Int("connections", 1, "")
	inFlight := flag.Int("in-flight", 1, "calls in flight on each connection, or messages on the stream")
	payload := flag.Int("payload", 32, "bytes")
	warmup := flag.Float64("warmup", 0.5, "seconds")
	seconds := flag.Float64("seconds", 2, "")
	flag.Parse()
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	ctx := context.Background()
	message := &pb.Message{A: 1, B: 2, S: bytes.Repeat([]byte("x"), *payload)}

	var slots []*slot
	addSlot := func() *slot {
		s := &slot{latencies: make([]time.Duration, 0, 1<<20/(*connections**inFlight)+4096)}
		slots = append(slots, s)
		return s
	}
	for range *connections {
		conn, err := grpc.NewClient("passthrough:///"+*address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithInitialWindowSize(1<<20), grpc.WithInitialConnWindowSize(16<<20), grpc.WithSharedWriteBuffer(true),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
		check(err)
		client := pb.NewEchoClient(conn)
		switch *mode {
		case "unary":
			for range *inFlight {
				s := addSlot()
				go func() {
					for again := true; again; {
						began := time.Now()
						reply, err := client.Echo(ctx, message)
						check(err)
						if err == nil && len(reply.S) != *payload {
							log.Fatal("not an echo")
						}
						again = s.finished(began, time.Now())
					}
				}()
			}
		case "ping-pong":
			stream, err := client.PingPong(ctx)
			check(err)
			s := addSlot()
			began := make(chan time.Time, *inFlight)
			if *inFlight > 1 {
				go func() {
					for !over.Load() {
						began <- time.Now()
						check(stream.Send(message))
					}
				}()
			}
			go func() {
				for again := true; again; {
					if *inFlight == 1 {
						began <- time.Now()
						check(stream.Send(message))
					}
					_, err := stream.Recv()
					check(err)
					again = s.finished(<-began, time.Now())
				}
			}()
		case "server-push":
			stream, err := client.ServerPush(ctx, &pb.Message{A: 1 << 40, B: 2, S: message.S})
			check(err)
			s := addSlot()
			go func() {
				for began, again := time.Now(), true; again; {
					_, err := stream.Recv()
					check(err)
					now := time.Now()
					again = s.finished(began, now)
					began = now
				}
			}()
		case "client-push":
			stream, err := client.ClientPush(ctx)
			check(err)
			s := addSlot()
			go func() {
				for began, again := time.Now(), true; again; {
					check(stream.Send(message))
					now := time.Now()
					again = s.finished(began, now)
					began = now
				}
			}()
		default:
			log.Fatalf("no mode %q", *mode)
		}
	}

	time.Sleep(time.Duration(*warmup * float64(time.Second)))
	cpu, started := cpuSeconds(), time.Now()
	measuring.Store(true)
	fmt.Println("measuring")
	time.Sleep(time.Duration(*seconds * float64(time.Second)))
	over.Store(true)
	took := time.Since(started).Seconds()
	cpu = cpuSeconds() - cpu
	time.Sleep(20 * time.Millisecond) // the last ones are being noted

	var calls int64
	var all []time.Duration
	for _, s := range slots {
		calls += s.calls.Load()
		all = append(all, s.latencies...)
	}
	slices.Sort(all)
	at := func(share float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[min(len(all)-1, int(share*float64(len(all))))].Nanoseconds()) / 1e3
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"calls": calls, "seconds": took, "calls_per_second": float64(calls) / took,
		"p50_us": at(0.5), "p99_us": at(0.99), "p999_us": at(0.999), "max_us": at(1),
		"client_cpu_us_per_call": cpu * 1e6 / float64(max(calls, 1)), "client_cpu_share": cpu / took,
	}))
	os.Exit(0)
}
