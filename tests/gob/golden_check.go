// Command golden_check has Go read what our encoder made of the golden values. Built together with the generator of the
// vectors, whose types and values it uses:
//
//	go build generate.go golden_check.go
//	./golden_check FILE
//
// FILE is written by golden_encode: for each case streams, each with the bytes of every value, or null. A stream must be
// read to its end, and give the values that Go gets from its own bytes. Prints a line for each that does not, and a summary.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"runtime"
	"strings"
)

type ourStream struct {
	How string    `json:"how"`
	Hex []*string `json:"hex"`
}

// Loose: the stream was made from the wire's trees, which leave out what is empty or what their type cannot be known of.
func (s *ourStream) loose() bool { return strings.HasPrefix(s.How, "tree") }

type verdict struct {
	Read     int
	Failed   bool // Go could encode none of the values
	Problems []string
}

// Before the generator's main. Each case in a process of its own, because names are registered process-wide.
func init() {
	kind, rest, _ := strings.Cut(os.Getenv(childEnv), ":")
	if kind == "check" {
		checkChild(rest)
	} else {
		checkAll()
	}
}

func checkAll() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var ours map[string]json.RawMessage
	if err := json.Unmarshal(text, &ours); err != nil {
		panic(err)
	}
	cases, read, wrong := 0, 0, 0
	for _, c := range allCases() {
		name := c.Group + "/" + c.Name
		streams, there := ours[name]
		if !there {
			streams = json.RawMessage("[]")
		}
		delete(ours, name)
		out, stderr, err := selfRun(selfPath(), "check:"+name, streams)
		var v verdict
		if err != nil || json.Unmarshal(out, &v) != nil {
			v.Problems = []string{fmt.Sprintf("%v\n%s", err, stderr)}
		}
		if !there && !v.Failed {
			v.Problems = append(v.Problems, "was not encoded")
		}
		for _, p := range v.Problems {
			fmt.Printf("FAIL %s: %s\n", name, p)
		}
		cases, read, wrong = cases+1, read+v.Read, wrong+len(v.Problems)
	}
	for name := range ours {
		fmt.Printf("FAIL %s: the generator has no such case\n", name)
		wrong++
	}
	fmt.Printf("%s: %d cases, %d values read, %d wrong\n", runtime.Version(), cases, read, wrong)
	if wrong > 0 || read == 0 {
		os.Exit(1)
	}
	os.Exit(0)
}

func checkChild(name string) {
	var streams []ourStream
	if err := json.NewDecoder(os.Stdin).Decode(&streams); err != nil {
		panic(err)
	}
	for _, c := range allCases() {
		if c.Group+"/"+c.Name == name {
			os.Stdout.Write(jsonText(checkCase(c, streams)))
			os.Exit(0)
		}
	}
	panic("no case " + name)
}

func checkCase(c *Case, streams []ourStream) *verdict {
	vals := c.Values()
	if len(vals) == 1 && c.Into == nil {
		vals = append(vals, vals[0]) // as the generator does
	}
	out := &verdict{Failed: true}

	// What Go makes of its own bytes.
	want := make([]reflect.Value, len(vals))
	byGo := make([]bool, len(vals))
	var buf bytes.Buffer
	enc, dec := gob.NewEncoder(&buf), gob.NewDecoder(&buf)
	for i, v := range vals {
		if err, pan := safeEncode(enc, v); err == nil && pan == "" {
			out.Failed = false
			byGo[i] = true
			want[i] = target(v)
			if err, pan := safeDecode(dec, want[i].Interface()); err != nil || pan != "" {
				byGo[i] = false // it cannot read them, so the value itself counts
			}
		}
		if !byGo[i] && v != nil {
			want[i] = target(v)
			if rv := base(reflect.ValueOf(v)); rv.IsValid() {
				want[i].Elem().Set(rv)
			}
			buf.Reset()
			enc, dec = gob.NewEncoder(&buf), gob.NewDecoder(&buf)
		}
	}

	for _, s := range streams {
		problem := func(f string, a ...any) {
			out.Problems = append(out.Problems, s.How+": "+fmt.Sprintf(f, a...))
		}
		if len(s.Hex) != len(vals) {
			problem("%d values instead of %d", len(s.Hex), len(vals))
			continue
		}
		var all []byte
		for _, h := range s.Hex {
			if h == nil {
				continue
			}
			b, err := hex.DecodeString(*h)
			if err != nil {
				panic(err)
			}
			all = append(all, b...)
		}
		dec := gob.NewDecoder(bytes.NewReader(all))
		for i, h := range s.Hex {
			if h == nil {
				if byGo[i] && !s.loose() {
					problem("value %d was not encoded", i)
				}
				continue
			}
			got := target(vals[i])
			if err, pan := safeDecode(dec, got.Interface()); err != nil || pan != "" {
				problem("value %d: %v %s", i, err, pan)
				break
			}
			out.Read++
			if !same(want[i].Elem(), got.Elem(), !byGo[i], s.loose()) {
				problem("value %d is %.300s, not %.300s", i, lit(got.Elem()), lit(want[i].Elem()))
			}
		}
		if err := dec.Decode(nil); err != io.EOF {
			problem("there is more: %v", err)
		}
	}
	return out
}

// A pointer to a new variable for such a value.
func target(v any) reflect.Value {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return reflect.New(t)
}

func base(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// Values are compared as a whole; where that says nothing, because of a NaN or because one of them never was on the wire,
// by their trees.
func same(want, got reflect.Value, unsent, loose bool) bool {
	if reflect.DeepEqual(want.Interface(), got.Interface()) {
		return true
	}
	a, b := vtree(want), vtree(got)
	if !unsent && !loose && !hasNaN(a) {
		return false
	}
	if loose {
		a, b = withoutNil(a), withoutNil(b)
	}
	return bytes.Equal(jsonText(a), jsonText(b))
}

func hasNaN(tree any) bool {
	switch t := tree.(type) {
	case map[string]any:
		for _, part := range t {
			if hasNaN(part) {
				return true
			}
		}
	case []any:
		for _, part := range t {
			if hasNaN(part) {
				return true
			}
		}
	case string:
		var bits uint64
		_, err := fmt.Sscanf(t, "%016x", &bits)
		return err == nil && len(t) == 16 && math.IsNaN(math.Float64frombits(bits))
	}
	return false
}

// The tree with nothing in place of lists, maps and bytes that are nil, and nil in place of pointers to such.
func withoutNil(tree any) any {
	switch t := tree.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, part := range t {
			part = withoutNil(part)
			if part == nil && k == "bytes" {
				part = ""
			} else if part == nil && (k == "slice" || k == "map") {
				part = []any{}
			} else if k == "ptr" && isEmpty(part) {
				part = nil
			}
			out[k] = part
		}
		return out
	case []any:
		out := make([]any, 0, len(t))
		for _, part := range t {
			out = append(out, withoutNil(part))
		}
		return out
	}
	return tree
}

func isEmpty(tree any) bool {
	t, _ := tree.(map[string]any)
	for _, k := range []string{"slice", "map"} {
		if l, is := t[k].([]any); is && len(l) == 0 {
			return true
		}
	}
	return false
}
