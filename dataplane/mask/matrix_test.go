package mask

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentops.dev/dataplane/mask/packs"
)

// shape puts a text where agents' telemetry puts it.
type shape struct {
	name string
	put  func(text string) string
}

func around(before, after string) func(string) string {
	return func(text string) string { return before + text + after }
}

// quoted is the text inside a JSON string, escaped once more per level.
func quoted(levels int, before, after string) func(string) string {
	return func(text string) string {
		for range levels {
			data, err := json.Marshal(text)
			if err != nil {
				panic(err)
			}
			text = `{"content":` + string(data) + `,"n":1.50}`
		}
		return before + text + after
	}
}

var shapes = []shape{
	{"alone", around("", "")},
	{"in a sentence", around("please use ", " for this one")},
	{"at the start", around("", " is what I got")},
	{"at the end", around("what I got is ", "")},
	{"after a line break", around("first line\n", "\nlast line")},
	{"after a tab", around("column\t", "\tcolumn")},
	{"after a written-out line break", around(`first line\n`, `\nlast line`)},
	{"after a line break written out twice", around(`first line\\n`, `\\nlast line`)},
	{"after a written-out tab", around(`column\t`, `\tcolumn`)},
	{"after a written-out unicode escape", around(`\u003cb\u003e`, `\u003c/b\u003e`)},
	{"in quotes", around(`say "`, `" again`)},
	{"in written-out quotes", around(`say \"`, `\" again`)},
	{"in single quotes", around(`f('`, `')`)},
	{"in parentheses", around("(", ")")},
	{"in backquotes", around("`", "`")},
	{"in markup", around("<b>", "</b>")},
	{"before a full stop", around("It is ", ".")},
	{"before a comma", around("Take ", ", then go on")},
	{"in a table", around("7,", ",9")},
	{"in a piped table", around("| 7 | ", " | 9 |")},
	{"behind an equals sign", around("value=", " next=1")},
	{"behind a colon", around("value: ", "; next: 1")},
	{"in a list of pairs", around("[a:1 value:", " b:2]")},
	{"in an address", around("https://host.test/path?q=", "&page=2")},
	{"behind a percent escape", around("q%3D1%26u%3D", "%26x%3D1")},
	{"next to Chinese", around("号码是", "。谢谢")},
	{"next to an accent", around("voilà ", " là-bas")},
	{"next to an emoji", around("👉", "👈")},
	{"as a JSON leaf", quoted(1, "", "")},
	{"in JSON in a JSON string", quoted(2, "", "")},
	{"in JSON three deep", quoted(3, "", "")},
	{"in JSON four deep", quoted(4, "", "")},
	{"in JSON five deep", quoted(5, "", "")},
	{"in JSON that was cut off", func(text string) string {
		whole := quoted(1, `[{"a":"b"},`, "")(text)
		return strings.TrimSuffix(whole, `,"n":1.50}`)
	}},
	{"in JSON in a JSON string that was cut off", func(text string) string {
		return strings.TrimSuffix(quoted(2, "", "")(text), `,"n":1.50}`)
	}},
	{"in JSON behind a log prefix", quoted(1, "INFO got ", " ok")},
	{"in an event stream", quoted(1, "data: ", "\n\n")},
	{"in JSON lines", quoted(1, "{\"a\":1}\n", "\n{\"b\":2}\n")},
	{"in a Python dict", around("{'k': '", "', 'n': 1}")},
}

// leaks says whether a secret came through, also escaped.
func leaks(masked, secret string) bool {
	for range 6 {
		if strings.Contains(masked, secret) {
			return true
		}
		data, err := json.Marshal(secret)
		if err != nil {
			return true
		}
		secret = string(data[1 : len(data)-1])
	}
	return false
}

// In every shape, every canary is found; and what was JSON is JSON after it.
func TestNoCanaryLeaksInAnyShape(t *testing.T) {
	e := engineWith(t, &Rules{Packs: allPacks(Redact)})
	cases := 0
	for _, pack := range packs.All() {
		for _, d := range pack.Detectors {
			for _, canary := range d.Canaries {
				for _, s := range shapes {
					if d.Anchor == packs.Field || s.skips(d, canary) {
						continue
					}
					cases++
					text := s.put(canary.Text)
					masked, _ := e.String(text)
					if leaks(masked, canary.Secret) {
						t.Errorf("%s.%s %s:\n  in %s\n out %s", pack.Name, d.Name, s.name, text, masked)
					}
					if looksLikeJSON(text) && json.Valid([]byte(text)) && !json.Valid([]byte(masked)) {
						t.Errorf("%s.%s %s: no longer JSON: %s", pack.Name, d.Name, s.name, masked)
					}
					if again, hits := e.String(masked); again != masked {
						t.Errorf("%s.%s %s: masked twice: %s\n then %s by %v", pack.Name, d.Name, s.name, masked, again, hits)
					}
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// skips leaves out texts that cannot stand in a shape as they are: an address holds no blanks and no second query.
func (s shape) skips(d packs.Detector, canary packs.Canary) bool {
	if s.name == "in an address" || s.name == "behind a percent escape" {
		return strings.ContainsAny(canary.Text, " \n;:?=\"'")
	}
	return false
}

// Every detector that takes whole values by their key does so in attributes and in JSON.
func TestKeysMakeValuesSecret(t *testing.T) {
	e := engineWith(t, &Rules{Packs: allPacks(Redact)})
	for _, d := range packs.All()[0].Detectors {
		if d.Anchor != packs.Field {
			continue
		}
		for _, key := range d.Literals {
			secret := d.Canaries[0].Secret
			if got, _ := e.Field("app."+key, secret); strings.Contains(got, secret) {
				t.Errorf("attribute %s leaked", key)
			}
			text := fmt.Sprintf(`{"a": [{"x-%s": %q, "n": 1.0}]}`, key, secret)
			want := fmt.Sprintf(`{"a": [{"x-%s": "[%s]", "n": 1.0}]}`, key, d.LabelOrName())
			if got, _ := e.String(text); got != want {
				t.Errorf("JSON key %s: %s", key, got)
			}
		}
	}
}

// Ordinary prose, code, logs, identifiers and messages pass unchanged with all packs on, as a whole and line by line.
func TestCleanTextsPassUnchanged(t *testing.T) {
	e := engineWith(t, &Rules{Packs: allPacks(Redact)})
	files, err := filepath.Glob("testdata/clean/*")
	if err != nil || len(files) < 5 {
		t.Fatalf("clean texts: %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range append(strings.Split(string(data), "\n"), string(data)) {
			if masked, hits := e.String(text); hits.Any() {
				t.Errorf("%s: %v:\n  in %s\n out %s", file, hits.Counts, text, masked)
			}
		}
	}
}
