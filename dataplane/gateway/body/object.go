// Package body reads and edits the JSON object of a request without changing what it does not know.
package body

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth is deeper than any request; without it a body of brackets alone would overflow the parser's stack.
const maxDepth = 128

// Object is a JSON object whose fields keep their order and their bytes.
type Object struct{ fields []field }

type field struct{ key, raw string }

// Parse refuses what is no JSON object, and an object that names a field twice: the provider could read the other one.
func Parse(data []byte) (*Object, error) {
	if deep(data) {
		return nil, fmt.Errorf("the JSON is nested deeper than %d", maxDepth)
	}
	if !gjson.ValidBytes(data) {
		return nil, errors.New("the body is no JSON")
	}
	root := gjson.ParseBytes(data)
	if !root.IsObject() {
		return nil, errors.New("the body is no JSON object")
	}
	o := &Object{fields: make([]field, 0, 8)}
	twice := ""
	root.ForEach(func(key, value gjson.Result) bool {
		if o.at(key.Str) >= 0 {
			twice = key.Str
			return false
		}
		o.fields = append(o.fields, field{key.Str, value.Raw})
		return true
	})
	if twice != "" {
		return nil, fmt.Errorf("field %q is there twice", twice)
	}
	return o, nil
}

// deep counts brackets outside of strings.
func deep(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func (o *Object) at(key string) int {
	return slices.IndexFunc(o.fields, func(f field) bool { return f.key == key })
}

// Get returns a field; one that is absent does not exist.
func (o *Object) Get(key string) gjson.Result {
	if i := o.at(key); i >= 0 {
		return gjson.Parse(o.fields[i].raw)
	}
	return gjson.Result{}
}

// Raw returns a field's JSON; "" when it is absent.
func (o *Object) Raw(key string) string {
	if i := o.at(key); i >= 0 {
		return o.fields[i].raw
	}
	return ""
}

// Set writes a field's JSON.
func (o *Object) Set(key, raw string) {
	if i := o.at(key); i >= 0 {
		o.fields[i].raw = raw
		return
	}
	o.fields = append(o.fields, field{key, raw})
}

// SetText writes a field that is a string.
func (o *Object) SetText(key, text string) { o.Set(key, string(gjson.AppendJSONString(nil, text))) }

// SetInt writes a field that is a number.
func (o *Object) SetInt(key string, n int64) { o.Set(key, strconv.FormatInt(n, 10)) }

// Delete takes fields out.
func (o *Object) Delete(keys ...string) {
	o.fields = slices.DeleteFunc(o.fields, func(f field) bool { return slices.Contains(keys, f.key) })
}

// Clone is a copy that may be edited by itself.
func (o *Object) Clone() *Object { return &Object{slices.Clone(o.fields)} }

// Bytes is the object as JSON.
func (o *Object) Bytes() []byte {
	size := 2
	for _, f := range o.fields {
		size += len(f.key) + len(f.raw) + 4
	}
	out := make([]byte, 0, size)
	out = append(out, '{')
	for i, f := range o.fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = gjson.AppendJSONString(out, f.key)
		out = append(out, ':')
		out = append(out, f.raw...)
	}
	return append(out, '}')
}

// String is for tests.
func (o *Object) String() string { return strings.TrimSpace(string(o.Bytes())) }

// Sound says whether bytes are JSON that is not nested too deep.
func Sound(data []byte) bool { return !deep(data) && gjson.ValidBytes(data) }
