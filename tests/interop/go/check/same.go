package check

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"time"
)

// Same is empty if both are the same value, else it says where they differ. Floats are compared by their bits, times by
// instant and zone offset, and an empty slice or map counts as a nil one.
func Same(got, want interface{}) string {
	return same(reflect.ValueOf(got), reflect.ValueOf(want), "value")
}

func same(got, want reflect.Value, path string) string {
	if !got.IsValid() || !want.IsValid() {
		if got.IsValid() != want.IsValid() {
			return fmt.Sprintf("%s is %s, want %s", path, show(got), show(want))
		}
		return ""
	}
	if got.Type() != want.Type() {
		return fmt.Sprintf("%s is a %v, want a %v", path, got.Type(), want.Type())
	}
	differs := func() string { return fmt.Sprintf("%s is %s, want %s", path, show(got), show(want)) }
	if at, ok := got.Interface().(time.Time); ok {
		other := want.Interface().(time.Time)
		_, gotOffset := at.Zone()
		_, wantOffset := other.Zone()
		if !at.Equal(other) || gotOffset != wantOffset {
			return differs()
		}
		return ""
	}
	switch got.Kind() {
	case reflect.Float32, reflect.Float64:
		if math.Float64bits(got.Float()) != math.Float64bits(want.Float()) {
			return differs()
		}
	case reflect.Complex64, reflect.Complex128:
		g, w := got.Complex(), want.Complex()
		if math.Float64bits(real(g)) != math.Float64bits(real(w)) || math.Float64bits(imag(g)) != math.Float64bits(imag(w)) {
			return differs()
		}
	case reflect.Ptr, reflect.Interface:
		if got.IsNil() != want.IsNil() {
			return differs()
		}
		if !got.IsNil() {
			return same(got.Elem(), want.Elem(), path)
		}
	case reflect.Slice, reflect.Array:
		if data, ok := got.Interface().([]byte); ok && bytes.Equal(data, want.Bytes()) {
			return "" // else the elements are compared, to say where
		}
		if got.Len() != want.Len() {
			return fmt.Sprintf("%s has %d elements, want %d", path, got.Len(), want.Len())
		}
		for i := 0; i < got.Len(); i++ {
			if d := same(got.Index(i), want.Index(i), fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	case reflect.Map:
		if got.Len() != want.Len() {
			return fmt.Sprintf("%s has %d entries, want %d", path, got.Len(), want.Len())
		}
		for _, key := range want.MapKeys() {
			if d := same(got.MapIndex(key), want.MapIndex(key), fmt.Sprintf("%s[%v]", path, key)); d != "" {
				return d
			}
		}
	case reflect.Struct:
		for i := 0; i < got.NumField(); i++ {
			if d := same(got.Field(i), want.Field(i), path+"."+got.Type().Field(i).Name); d != "" {
				return d
			}
		}
	default:
		if got.Interface() != want.Interface() {
			return differs()
		}
	}
	return ""
}

func show(v reflect.Value) string {
	if !v.IsValid() {
		return "nothing"
	}
	text := fmt.Sprintf("%#v", v.Interface())
	if t, ok := v.Interface().(time.Time); ok {
		text = t.String()
	}
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return text
}
