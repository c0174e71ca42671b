package services

import (
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Types echoes: every method answers with its argument.
type Types struct{}

func (Types) Bool(v bool, r *bool) error                        { *r = v; return nil }
func (Types) Int(v int, r *int) error                           { *r = v; return nil }
func (Types) Int8(v int8, r *int8) error                        { *r = v; return nil }
func (Types) Int16(v int16, r *int16) error                     { *r = v; return nil }
func (Types) Int32(v int32, r *int32) error                     { *r = v; return nil }
func (Types) Int64(v int64, r *int64) error                     { *r = v; return nil }
func (Types) Uint(v uint, r *uint) error                        { *r = v; return nil }
func (Types) Uint8(v uint8, r *uint8) error                     { *r = v; return nil }
func (Types) Uint16(v uint16, r *uint16) error                  { *r = v; return nil }
func (Types) Uint32(v uint32, r *uint32) error                  { *r = v; return nil }
func (Types) Uint64(v uint64, r *uint64) error                  { *r = v; return nil }
func (Types) Float32(v float32, r *float32) error               { *r = v; return nil }
func (Types) Float64(v float64, r *float64) error               { *r = v; return nil }
func (Types) Complex64(v complex64, r *complex64) error         { *r = v; return nil }
func (Types) Complex128(v complex128, r *complex128) error      { *r = v; return nil }
func (Types) String(v string, r *string) error                  { *r = v; return nil }
func (Types) Bytes(v []byte, r *[]byte) error                   { *r = v; return nil }
func (Types) Strings(v []string, r *[]string) error             { *r = v; return nil }
func (Types) Doubles(v []float64, r *[]float64) error           { *r = v; return nil }
func (Types) Array(v [3]int64, r *[3]int64) error               { *r = v; return nil }
func (Types) Map(v map[string]int64, r *map[string]int64) error { *r = v; return nil }
func (Types) Integers(v Integers, r *Integers) error            { *r = v; return nil }
func (Types) Reals(v Reals, r *Reals) error                     { *r = v; return nil }
func (Types) Complexes(v Complexes, r *Complexes) error         { *r = v; return nil }
func (Types) Containers(v Containers, r *Containers) error      { *r = v; return nil }
func (Types) Nested(v Nested, r *Nested) error                  { *r = v; return nil }
func (Types) Pointers(v Pointers, r *Pointers) error            { *r = v; return nil }
func (Types) List(v *List, r *List) error                       { *r = *v; return nil }
func (Types) Tree(v *Tree, r *Tree) error                       { *r = *v; return nil }
func (Types) Times(v Times, r *Times) error                     { *r = v; return nil }
func (Types) Drawing(v Drawing, r *Drawing) error               { *r = v; return nil }
func (Types) Own(v Own, r *Own) error                           { *r = v; return nil }
func (Types) Release(v Release, r *Release) error               { *r = v; return nil }

// Integers has a number of every whole kind.
type Integers struct {
	Bool   bool
	Int    int
	Int8   int8
	Int16  int16
	Int32  int32
	Int64  int64
	Uint   uint
	Uint8  uint8
	Uint16 uint16
	Uint32 uint32
	Uint64 uint64
}

type Reals struct {
	Float32 float32
	Float64 float64
}

// Complexes is only for gob, JSON has no such thing.
type Complexes struct {
	Complex64  complex64
	Complex128 complex128
}

type Point struct {
	X, Y int64
}

type Containers struct {
	Text    string
	Bytes   []byte
	Strings []string
	Bools   []bool
	Matrix  [][]float64
	Chunks  [][]byte
	Four    [4]uint8
	Points  []Point
	Corners [2]Point
	ByName  map[string]Point
	ByID    map[int64]string
	Lists   map[string][]int64
	Maps    map[string]map[string]int64
}

type Nested struct {
	Name  string
	Inner Inner
	Other *Inner
	More  []Inner
}

type Inner struct {
	Point Point
	Deep  Deep
}

type Deep struct {
	Level int64
	Label string
}

// Pointers may each point to nothing. One that points to a zero arrives as nothing over gob.
type Pointers struct {
	Bool   *bool
	Int    *int64
	Float  *float64
	String *string
	Point  *Point
}

type List struct {
	Value int64
	Next  *List
}

type Tree struct {
	Name     string
	Children []Tree
	ByName   map[string]*Tree
}

type Times struct {
	At      time.Time
	Maybe   *time.Time
	List    []time.Time
	Took    time.Duration
	Timings []time.Duration
}

// Shape is what Circle and Square have in common. Over gob they travel under the names "interop.Circle" and
// "interop.Square".
type Shape interface {
	Area() float64
}

type Circle struct {
	Radius float64
}

type Square struct {
	Side float64
}

func (c Circle) Area() float64 { return math.Pi * c.Radius * c.Radius }
func (s Square) Area() float64 { return s.Side * s.Side }

// Drawing is only for gob: JSON does not say which type stands in an interface.
type Drawing struct {
	Title  string
	Main   Shape
	Shapes []Shape
	Extra  interface{}
	ByName map[string]interface{}
}

// Temperature encodes itself for gob: eight bytes, big-endian, thousandths of a degree.
type Temperature int64

func (t Temperature) GobEncode() ([]byte, error) {
	return binary.BigEndian.AppendUint64(nil, uint64(t)), nil
}

func (t *Temperature) GobDecode(data []byte) error {
	if len(data) != 8 {
		return fmt.Errorf("temperature of %d bytes", len(data))
	}
	*t = Temperature(binary.BigEndian.Uint64(data))
	return nil
}

// Color encodes itself as binary: three bytes, red, green, blue.
type Color struct {
	R, G, B uint8
}

func (c Color) MarshalBinary() ([]byte, error) { return []byte{c.R, c.G, c.B}, nil }

func (c *Color) UnmarshalBinary(data []byte) error {
	if len(data) != 3 {
		return fmt.Errorf("color of %d bytes", len(data))
	}
	*c = Color{data[0], data[1], data[2]}
	return nil
}

// Own is only for gob.
type Own struct {
	Now      Temperature
	Earlier  []Temperature
	Limit    *Temperature
	Paint    Color
	Palette  []Color
	ByRoom   map[string]Temperature
	Fallback *Color
}

// Version is text in JSON, "1.2"; gob does not use MarshalText and sends a struct.
type Version struct {
	Major, Minor int64
}

func (v Version) MarshalText() ([]byte, error) {
	return []byte(fmt.Sprintf("%d.%d", v.Major, v.Minor)), nil
}

func (v *Version) UnmarshalText(text []byte) error {
	major, minor, found := strings.Cut(string(text), ".")
	if !found {
		return errors.New("version without a dot")
	}
	var err error
	if v.Major, err = strconv.ParseInt(major, 10, 64); err != nil {
		return err
	}
	v.Minor, err = strconv.ParseInt(minor, 10, 64)
	return err
}

type Release struct {
	Name     string
	Version  Version
	Previous []Version
}

// RegisterTypes registers what may stand in an interface. Call it once, first.
func RegisterTypes() {
	gob.RegisterName("interop.Circle", Circle{})
	gob.RegisterName("interop.Square", Square{})
}
