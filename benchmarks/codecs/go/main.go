// Command codecs measures encoding/gob and encoding/json: nanoseconds, allocations and bytes per value, one value after
// the other on one stream, so that gob's type definitions do not count. It prints one line of JSON per codec and value.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"runtime"
	"sort"
	"time"
)

// The values; benchmarks/README.md says the same in words, for other languages.

type Ints struct {
	A, B, C, D int64
}

type Echo struct {
	A, B int64
	S    []byte
}

type Texts struct {
	Name, Street, City, Note string
}

type Line struct {
	Sku   string
	Count int64
	Price float64
	Tags  []string
}

type Order struct {
	ID    int64
	Buyer string
	Lines []Line
}

type kind struct {
	name  string
	value interface{}
}

func kinds() []kind {
	payload := func(size int) []byte {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * 31)
		}
		return data
	}
	doubles := make([]float64, 1000)
	for i := range doubles {
		doubles[i] = float64(i)*1.1 + 0.25
	}
	ages := map[string]int64{}
	for i := int64(0); i < 100; i++ {
		ages[fmt.Sprintf("key%02d", i)] = i * i * i
	}
	order := Order{ID: 1234567, Buyer: "Ada Lovelace"}
	for i := int64(0); i < 20; i++ {
		order.Lines = append(order.Lines, Line{fmt.Sprintf("sku-%04d", i*37), i + 1, float64(i) * 9.99, []string{"new", "in stock"}})
	}
	return []kind{
		{"ints", Ints{1, -200, 300000, 1 << 40}},
		{"echo_32", Echo{1, 2, payload(32)}},
		{"echo_1k", Echo{1, 2, payload(1 << 10)}},
		{"echo_1m", Echo{1, 2, payload(1 << 20)}},
		{"texts", Texts{"Grace Hopper", "1 Navy Yard", "Arlington", "wrote the first compiler, and said \"bug\""}},
		{"doubles_1000", doubles},
		{"map_100", ages},
		{"order", order},
	}
}

// repeating gives first, and then again and again the same bytes.
type repeating struct {
	first, again []byte
	at           int
}

func (r *repeating) Read(into []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(into, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	n := copy(into, r.again[r.at:])
	r.at = (r.at + n) % len(r.again)
	return n, nil
}

type result struct {
	Codec             string  `json:"codec"`
	Value             string  `json:"value"`
	Bytes             int     `json:"bytes"`
	EncodeNs          float64 `json:"encode_ns"`
	DecodeNs          float64 `json:"decode_ns"`
	EncodeAllocations float64 `json:"encode_allocations"`
	DecodeAllocations float64 `json:"decode_allocations"`
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// measure gives the median of some rounds of about that length each.
func measure(rounds int, length time.Duration, f func()) (nanoseconds, allocations float64) {
	loop := func(n int) time.Duration {
		start := time.Now()
		for i := 0; i < n; i++ {
			f()
		}
		return time.Since(start)
	}
	n := 1
	for {
		took := loop(n)
		if took >= length/4 {
			n = int(float64(n)*float64(length)/float64(took)) + 1
			break
		}
		n *= 2
	}
	var all []float64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < rounds; i++ {
		all = append(all, float64(loop(n).Nanoseconds())/float64(n))
	}
	runtime.ReadMemStats(&after)
	sort.Float64s(all)
	return all[len(all)/2], float64(after.Mallocs-before.Mallocs) / float64(n*rounds)
}

func measureGob(k kind, rounds int, length time.Duration) result {
	var buffer bytes.Buffer
	encoder := gob.NewEncoder(&buffer)
	check(encoder.Encode(k.value))
	first := append([]byte(nil), buffer.Bytes()...)
	buffer.Reset()
	check(encoder.Encode(k.value))
	again := append([]byte(nil), buffer.Bytes()...)

	r := result{Codec: "encoding/gob", Value: k.name, Bytes: len(again)}
	r.EncodeNs, r.EncodeAllocations = measure(rounds, length, func() {
		buffer.Reset()
		check(encoder.Encode(k.value))
	})
	decoder := gob.NewDecoder(&repeating{first: first, again: again})
	into := reflect.TypeOf(k.value)
	last := reflect.New(into)
	r.DecodeNs, r.DecodeAllocations = measure(rounds, length, func() {
		last = reflect.New(into)
		check(decoder.DecodeValue(last))
	})
	if !reflect.DeepEqual(last.Elem().Interface(), k.value) {
		log.Fatalf("gob changes %s", k.name)
	}
	return r
}

func measureJSON(k kind, rounds int, length time.Duration) result {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	check(encoder.Encode(k.value))
	text := append([]byte(nil), buffer.Bytes()...)

	r := result{Codec: "encoding/json", Value: k.name, Bytes: len(text)}
	r.EncodeNs, r.EncodeAllocations = measure(rounds, length, func() {
		buffer.Reset()
		check(encoder.Encode(k.value))
	})
	decoder := json.NewDecoder(io.Reader(&repeating{again: text}))
	into := reflect.TypeOf(k.value)
	last := reflect.New(into)
	r.DecodeNs, r.DecodeAllocations = measure(rounds, length, func() {
		last = reflect.New(into)
		check(decoder.Decode(last.Interface()))
	})
	if !reflect.DeepEqual(last.Elem().Interface(), k.value) {
		log.Fatalf("JSON changes %s", k.name)
	}
	return r
}

func main() {
	rounds := flag.Int("rounds", 5, "")
	milliseconds := flag.Int("milliseconds", 100, "length of a round")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	length := time.Duration(*milliseconds) * time.Millisecond
	for _, k := range kinds() {
		for _, r := range []result{measureGob(k, *rounds, length), measureJSON(k, *rounds, length)} {
			check(json.NewEncoder(os.Stdout).Encode(r))
		}
	}
}
