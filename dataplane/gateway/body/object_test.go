package body

import (
	"encoding/json"
	"strings"
	"testing"
)

// Fields that nobody edits keep their order and bytes; edited ones are valid JSON.
func TestEditsLeaveTheRestAsItWas(t *testing.T) {
	o, err := Parse([]byte(`{"model":"a", "big":12345678901234567890, "x":{"b":1,"a":[1.0]}, "stop":null}`))
	if err != nil {
		t.Fatal(err)
	}
	o.SetText("model", "b\"\n")
	o.SetInt("max_tokens", 5)
	o.Delete("stop")
	if want := `{"model":"b\"\n","big":12345678901234567890,"x":{"b":1,"a":[1.0]},"max_tokens":5}`; o.String() != want {
		t.Errorf("got %s, want %s", o, want)
	}
}

// What two parsers could read in two ways, or what would overflow one, is refused.
func TestBodiesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":                  `{"a":`,
		"a list":                   `[1]`,
		"a field twice":            `{"max_tokens":1,"max_tokens":100000}`,
		"a field twice by escapes": `{"model":"a","m\u006fdel":"b"}`,
		"text behind":              `{} {}`,
		"a tower of brackets":      `{"a":` + strings.Repeat("[", 1<<20),
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// Whatever bytes come: no panic, and what was accepted stays the same object.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"model":"a","messages":[{"role":"user","content":"hi"}],"stream":true}`))
	f.Add([]byte(`{"a\u0000":"\ud800"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := Parse(data)
		if err != nil {
			return
		}
		if !json.Valid(o.Bytes()) {
			t.Errorf("%q became %q", data, o.Bytes())
		}
	})
}
