package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"math"
	"net/rpc"
	"reflect"
	"time"

	"polyrpc/interop/check"
	"polyrpc/interop/services"
)

// onlyGob marks values that JSON cannot carry.
const onlyGob = true

type sample struct {
	method string
	value  interface{}
	gob    bool // only over gob
}

func pointTo(n int64) *int64 { return &n }

func samples() []sample {
	yes, text, half, point := true, "text", 0.5, services.Point{X: 3, Y: -4}
	warm, gray := services.Temperature(21500), services.Color{R: 128, G: 128, B: 128}
	noon := time.Date(2024, 2, 29, 12, 30, 15, 123456789, time.UTC)
	there := noon.In(time.FixedZone("", -(5*3600 + 30*60)))

	var all []sample
	add := func(method string, values ...interface{}) {
		for _, value := range values {
			all = append(all, sample{"Types." + method, value, false})
		}
	}
	addGob := func(method string, values ...interface{}) {
		for _, value := range values {
			all = append(all, sample{"Types." + method, value, onlyGob})
		}
	}
	add("Bool", false, true)
	add("Int", 0, 1, -1, 63, 64, -64, -65, 1<<40, math.MaxInt, math.MinInt)
	add("Int8", int8(0), int8(127), int8(-128))
	add("Int16", int16(0), int16(32767), int16(-32768))
	add("Int32", int32(0), int32(math.MaxInt32), int32(math.MinInt32))
	add("Int64", int64(0), int64(math.MaxInt64), int64(math.MinInt64))
	add("Uint", uint(0), uint(127), uint(128), uint(255), uint(256), uint(math.MaxUint))
	add("Uint8", uint8(0), uint8(255))
	add("Uint16", uint16(0), uint16(65535))
	add("Uint32", uint32(0), uint32(math.MaxUint32))
	add("Uint64", uint64(0), uint64(1)<<53+1, uint64(math.MaxUint64))
	add("Float32", float32(0), float32(1.5), float32(-0.1), float32(math.MaxFloat32), float32(math.SmallestNonzeroFloat32))
	add("Float64", 0.0, 17.0, -0.1, math.Pi, math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21, 1e-7, 123456789012345680.0)
	addGob("Float64", math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(0, -1))
	addGob("Complex64", complex64(0), complex64(complex(1.5, -2)))
	addGob("Complex128", complex128(0), complex(1, 2), complex(math.Inf(1), -0.1))
	add("String", "", "hello", "\u00e4\u00f6\u00fc \u65e5\u672c \U0001F600", "quote \" backslash \\ tab \t nul \x00 <&>\u2028")
	addGob("String", "not \xff utf-8 \xc0\x80")
	add("Bytes", []byte{}, []byte{0}, pattern256(300, 9))
	add("Strings", []string{}, []string{""}, []string{"a", "", "ccc"})
	add("Doubles", []float64{}, []float64{0, 1, -1, 0.5, 1e300, 3})
	add("Array", [3]int64{}, [3]int64{1, -2, 300})
	add("Map", map[string]int64{}, map[string]int64{"": 0, "a": 1, "long name": -1 << 40})
	add("Integers", services.Integers{}, services.Integers{Bool: true, Int: -1, Int8: -128, Int16: -32768, Int32: math.MinInt32,
		Int64: math.MinInt64, Uint: 1, Uint8: 255, Uint16: 65535, Uint32: math.MaxUint32, Uint64: math.MaxUint64},
		services.Integers{Int16: 7}, services.Integers{Uint64: 9})
	add("Reals", services.Reals{}, services.Reals{Float32: -0.25, Float64: 1e-300}, services.Reals{Float64: 3})
	addGob("Complexes", services.Complexes{}, services.Complexes{Complex64: 1i, Complex128: complex(-1, 1e-9)})
	add("Containers", services.Containers{}, services.Containers{
		Text: "x", Bytes: []byte{1, 2, 3}, Strings: []string{"p", "q"}, Bools: []bool{true, false, true},
		Matrix: [][]float64{{1, 2}, {}, {-3.5}}, Chunks: [][]byte{{1}, {}, {2, 3}}, Four: [4]uint8{1, 0, 255, 4},
		Points: []services.Point{{X: 1}, {}, {Y: 2}}, Corners: [2]services.Point{{X: 1, Y: 2}, {X: 3}},
		ByName: map[string]services.Point{"a": {X: 1}, "b": {}}, ByID: map[int64]string{-1: "minus", 0: "", 1 << 40: "far"},
		Lists: map[string][]int64{"empty": {}, "two": {1, 2}},
		Maps:  map[string]map[string]int64{"m": {"k": 1}, "n": {}},
	}, services.Containers{ByID: map[int64]string{5: "five"}})
	inner := services.Inner{Point: point, Deep: services.Deep{Level: 3, Label: "down"}}
	add("Nested", services.Nested{}, services.Nested{Name: "n", Inner: inner, Other: &inner,
		More: []services.Inner{inner, {}, {Deep: services.Deep{Level: 1}}}}, services.Nested{Inner: services.Inner{Deep: services.Deep{Label: "only"}}})
	add("Pointers", services.Pointers{}, services.Pointers{Bool: &yes, Int: pointTo(-9), Float: &half, String: &text, Point: &point},
		services.Pointers{Int: pointTo(0)}, services.Pointers{Point: &services.Point{}})
	var list *services.List
	for i := int64(100); i > 0; i-- {
		list = &services.List{Value: i % 3, Next: list}
	}
	add("List", services.List{}, services.List{Value: 1}, *list)
	leaf := services.Tree{Name: "leaf"}
	add("Tree", services.Tree{}, leaf, services.Tree{Name: "root", Children: []services.Tree{leaf, {Name: "twig", Children: []services.Tree{leaf}}, {}},
		ByName: map[string]*services.Tree{"here": {Name: "named", ByName: map[string]*services.Tree{"deeper": &leaf}}}})
	add("Times", services.Times{}, services.Times{At: noon, Maybe: &there, List: []time.Time{there, noon, time.Unix(0, 0).UTC()},
		Took: 1500 * time.Millisecond, Timings: []time.Duration{0, -1, math.MaxInt64}},
		services.Times{At: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)}, services.Times{At: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)})
	addGob("Drawing", services.Drawing{}, services.Drawing{Title: "d", Main: services.Circle{Radius: 2},
		Shapes: []services.Shape{services.Square{Side: 3}, services.Circle{}, services.Square{Side: 0.5}}, Extra: int64(7),
		ByName: map[string]interface{}{"text": "t", "flag": true, "float": 1.25, "shape": services.Square{Side: 1}, "bytes": []byte{1, 2}}},
		services.Drawing{Extra: services.Circle{Radius: 1}}, services.Drawing{Extra: "text", Shapes: []services.Shape{services.Circle{Radius: 3}}})
	addGob("Own", services.Own{}, services.Own{Now: warm, Earlier: []services.Temperature{0, -5, warm}, Limit: &warm, Paint: gray,
		Palette: []services.Color{{R: 1}, {}, gray}, ByRoom: map[string]services.Temperature{"hall": 18000}, Fallback: &gray})
	add("Release", services.Release{}, services.Release{Name: "r", Version: services.Version{Major: 1, Minor: 12},
		Previous: []services.Version{{Major: 0, Minor: 9}, {Major: 1}}})
	return all
}

// echoed is what a value looks like once it has been sent to Go and back: what a wire leaves out is gone.
func echoed(value interface{}, asJSON bool) (interface{}, error) {
	for i := 0; i < 2; i++ {
		var buffer bytes.Buffer
		into := reflect.New(reflect.TypeOf(value))
		var err error
		if asJSON {
			if err = json.NewEncoder(&buffer).Encode(value); err == nil {
				err = json.NewDecoder(&buffer).Decode(into.Interface())
			}
		} else if err = gob.NewEncoder(&buffer).Encode(value); err == nil {
			err = gob.NewDecoder(&buffer).Decode(into.Interface())
		}
		if err != nil {
			return nil, err
		}
		value = into.Elem().Interface()
	}
	return value, nil
}

func echoSample(c *check.T, client *rpc.Client, t target, s sample) {
	want, err := echoed(s.value, t.isJSON())
	c.NoError(err, "here")
	reply := reflect.New(reflect.TypeOf(s.value))
	c.NoError(client.Call(s.method, s.value, reply.Interface()), fmt.Sprintf("%s(%.100v)", s.method, s.value))
	c.Equal(reply.Elem().Interface(), want, s.method)
}

// typeChecks sends values of every type there and back: a fresh connection for each method, and one for all of them.
func typeChecks(suite *check.Suite, t target) {
	all := samples()
	byMethod := map[string][]sample{}
	var methods []string
	for _, s := range all {
		if s.gob && t.isJSON() {
			continue
		}
		if byMethod[s.method] == nil {
			methods = append(methods, s.method)
		}
		byMethod[s.method] = append(byMethod[s.method], s)
	}
	for _, method := range methods {
		method := method
		suite.Run(t.wire+"/types/"+method[len("Types."):], func(c *check.T) {
			client := t.client(c)
			defer client.Close()
			for _, s := range byMethod[method] {
				echoSample(c, client, t, s)
			}
			for _, s := range byMethod[method] {
				fresh := t.client(c)
				echoSample(c, fresh, t, s)
				fresh.Close()
			}
		})
	}
	suite.Run(t.wire+"/types/all_on_one_connection", func(c *check.T) {
		client := t.client(c)
		defer client.Close()
		for round := 0; round < 3; round++ {
			for i := range all {
				s := all[(i*7+round)%len(all)]
				if !s.gob || !t.isJSON() {
					echoSample(c, client, t, s)
				}
			}
		}
	})
}
