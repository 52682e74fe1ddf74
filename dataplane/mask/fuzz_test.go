package mask

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"agentops.dev/dataplane/mask/packs"
)

func seeds(f *testing.F) {
	for _, pack := range packs.All() {
		for _, d := range pack.Detectors {
			for _, canary := range d.Canaries {
				f.Add(canary.Text)
				f.Add(quoted(2, "", "")(canary.Text))
			}
			for _, text := range d.Clean {
				f.Add(text)
			}
		}
	}
	for _, text := range []string{
		`{"a":1.50,"a":"\ud800","b":[[],{}]}`, "\xff\xfe@x.io", `"\\u0040"`, `[CARD:…1111]`, `[EMAIL:0123456789ab]`, `{"`, `\`,
		`"4111111111111111"`, strings.Repeat("[", 300), `{"password":123456}`, "a@b.cc@d.ee", `%`, `%2`, `x%4`, "1:2:3:4:5:6:7:8",
	} {
		f.Add(text)
	}
}

// Masking never panics, keeps JSON valid, yields valid UTF-8, and changes nothing when it is done again.
func FuzzString(f *testing.F) {
	seeds(f)
	e := engineWith(f, &Rules{
		Packs: allPacks(Hash), BlockKeys: []string{"secret-key"},
		Own: []Rule{{Name: "order", Regex: `\bORD-[0-9]{4}`, Action: Partial}, {Name: "wide", Regex: `x.*y`, Action: Hash}},
	})
	f.Fuzz(func(t *testing.T, text string) {
		masked, hits := e.String(text)
		if !utf8.ValidString(masked) {
			t.Fatalf("not UTF-8: %q", masked)
		}
		if utf8.ValidString(text) && !hits.Any() && masked != text {
			t.Fatalf("changed without a hit: %q to %q", text, masked)
		}
		if looksLikeJSON(text) && json.Valid([]byte(text)) && !json.Valid([]byte(masked)) {
			t.Fatalf("no longer JSON: %q to %q", text, masked)
		}
		if again, _ := e.String(masked); again != masked {
			t.Fatalf("masked again:\n%q\n%q\n%q", text, masked, again)
		}
	})
}

// A canary is found between any two neighbours that are no part of a word.
func FuzzCanarySurvivesNowhere(f *testing.F) {
	f.Add("before", "after")
	f.Add(`{"a":"`, `"}`)
	f.Add(`\n\\`, `\"`)
	e := engineWith(f, &Rules{Packs: allPacks(Redact)})
	const secret = "sk-proj-EXAMPLEexample0000EXAMPLEexample0000"
	f.Fuzz(func(t *testing.T, before, after string) {
		text := before + " " + secret + " " + after
		if masked, _ := e.String(text); strings.Contains(masked, secret) {
			t.Fatalf("leaked: %q", masked)
		}
	})
}

// The walker accepts exactly what the standard library calls JSON.
func FuzzWalkerAgreesOnJSON(f *testing.F) {
	seeds(f)
	e := engineWith(f, &Rules{Packs: allPacks(Redact)})
	f.Fuzz(func(t *testing.T, text string) {
		if !looksLikeJSON(text) || !utf8.ValidString(text) || strings.Count(text, "[")+strings.Count(text, "{") > maxNesting {
			t.Skip()
		}
		w := &worker{}
		w.begin(e, e.all, len(text), nil)
		_, _, ok := w.json("", text, 0)
		// Several values behind each other are accepted too: JSON lines.
		if valid := json.Valid([]byte(text)); valid && !ok || ok && !valid && json.Valid([]byte("["+text+"]")) {
			t.Fatalf("json %v, walker %v: %q", valid, ok, text)
		}
	})
}
