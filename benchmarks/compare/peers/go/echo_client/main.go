// Command echo_client calls Echo.Echo with Go's net/rpc, keeping a number of calls in flight on each of some
// connections. It prints "measuring" when the warm-up is over, and at the end one line of JSON.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"runtime"
	"sort"
	"sync/atomic"
	"syscall"
	"time"

	"polyrpc/benchmarks/go/echo"
)

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// caller is one call in flight, or with the style "go" all those of a connection.
type caller struct {
	client    *rpc.Client
	latencies []time.Duration
	calls     int64
}

func main() {
	address := flag.String("address", "", "HOST:PORT")
	wire := flag.String("wire", "gob", "gob, gob-connect or json1")
	connections := flag.Int("connections", 1, "")
	inFlight := flag.Int("in-flight", 1, "calls in flight on each connection")
	payload := flag.Int("payload", 32, "bytes")
	warmup := flag.Float64("warmup", 0.5, "seconds")
	seconds := flag.Float64("seconds", 2, "")
	procs := flag.Int("procs", 1, "GOMAXPROCS")
	style := flag.String("style", "call", "call: a goroutine a call in flight, and client.Call; go: one a connection, and client.Go")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)

	dial := map[string]func() (*rpc.Client, error){
		"gob":         func() (*rpc.Client, error) { return rpc.Dial("tcp", *address) },
		"gob-connect": func() (*rpc.Client, error) { return rpc.DialHTTP("tcp", *address) },
		"json1":       func() (*rpc.Client, error) { return jsonrpc.Dial("tcp", *address) },
	}[*wire]
	if dial == nil {
		log.Fatalf("no wire %q", *wire)
	}
	args := &echo.Args{A: 1, B: 2, S: bytes.Repeat([]byte("polyrpc!"), *payload/8+1)[:*payload]}

	var measuring, stopping atomic.Bool
	failed := make(chan error, 1)
	var callers []*caller
	for i := 0; i < *connections; i++ {
		client, err := dial()
		if err != nil {
			log.Fatal(err)
		}
		var reply echo.Args
		if err := client.Call("Echo.Echo", args, &reply); err != nil {
			log.Fatal(err)
		}
		if reply.A != 1 || reply.B != 2 || !bytes.Equal(reply.S, args.S) {
			log.Fatal("not an echo")
		}
		callers = append(callers, &caller{client: client})
	}
	done := make(chan struct{}, *connections**inFlight)
	running := 0
	var all []*caller
	for _, c := range callers {
		if *style == "go" {
			all = append(all, c)
			running++
			go func(c *caller) {
				defer func() { done <- struct{}{} }()
				callAsync(c, args, *inFlight, &measuring, &stopping, failed)
			}(c)
			continue
		}
		for i := 0; i < *inFlight; i++ {
			one := &caller{client: c.client}
			all = append(all, one)
			running++
			go func() {
				defer func() { done <- struct{}{} }()
				callInTurn(one, args, &measuring, &stopping, failed)
			}()
		}
	}

	wait := func(length float64) {
		select {
		case err := <-failed:
			log.Fatal(err)
		case <-time.After(time.Duration(length * 1e9)):
		}
	}
	wait(*warmup)
	cpu, start := cpuSeconds(), time.Now()
	measuring.Store(true)
	fmt.Println("measuring")
	wait(*seconds)
	stopping.Store(true)
	length := time.Since(start).Seconds()
	cpu = cpuSeconds() - cpu
	for i := 0; i < running; i++ {
		<-done
	}

	var latencies []time.Duration
	var calls int64
	for _, c := range all {
		latencies = append(latencies, c.latencies...)
		calls += c.calls
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	quantile := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return float64(latencies[int(share*float64(len(latencies)-1))].Nanoseconds()) / 1e3
	}
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"calls": float64(calls), "seconds": length, "calls_per_second": float64(calls) / length,
		"p50_us": quantile(0.5), "p99_us": quantile(0.99), "p999_us": quantile(0.999), "max_us": quantile(1),
		"client_cpu_us_per_call": cpu * 1e6 / float64(calls), "client_cpu_share": cpu / length,
	})
}

func note(failed chan<- error, err error) {
	select {
	case failed <- err:
	default:
	}
}

func callInTurn(c *caller, args *echo.Args, measuring, stopping *atomic.Bool, failed chan<- error) {
	var reply echo.Args
	for !stopping.Load() {
		start := time.Now()
		if err := c.client.Call("Echo.Echo", args, &reply); err != nil {
			note(failed, err)
			return
		}
		if measuring.Load() && !stopping.Load() {
			c.latencies = append(c.latencies, time.Since(start))
			c.calls++
		}
	}
}

func callAsync(c *caller, args *echo.Args, inFlight int, measuring, stopping *atomic.Bool, failed chan<- error) {
	type slot struct {
		reply echo.Args
		start time.Time
	}
	slots := make([]slot, inFlight)
	bySlot := make(map[*echo.Args]*slot, inFlight)
	finished := make(chan *rpc.Call, inFlight)
	for i := range slots {
		bySlot[&slots[i].reply] = &slots[i]
		slots[i].start = time.Now()
		c.client.Go("Echo.Echo", args, &slots[i].reply, finished)
	}
	for waiting := inFlight; waiting > 0; {
		call := <-finished
		if call.Error != nil {
			note(failed, call.Error)
			return
		}
		s := bySlot[call.Reply.(*echo.Args)]
		now := time.Now()
		if stopping.Load() {
			waiting--
			continue
		}
		if measuring.Load() {
			c.latencies = append(c.latencies, now.Sub(s.start))
			c.calls++
		}
		s.start = now
		c.client.Go("Echo.Echo", args, &s.reply, finished)
	}
}
