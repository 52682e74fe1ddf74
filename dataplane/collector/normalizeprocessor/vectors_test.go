package normalizeprocessor

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"agentops.dev/dataplane/collector/conventions"
)

// vectors reads one section of testdata/vectors.txt: `old current` a line.
func vectors(t *testing.T, section string) [][2]string {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "["+section+"]\n")
	if !ok {
		t.Fatalf("there is no section %s", section)
	}
	body, _, _ := strings.Cut(rest, "\n[")
	var out [][2]string
	for line := range strings.Lines(body) {
		if f := strings.Fields(line); len(f) == 2 {
			out = append(out, [2]string{f[0], f[1]})
		}
	}
	return out
}

// complete says which rows of a table no vector stands for: nobody would notice if they were mistyped.
func complete(t *testing.T, rows map[string]bool, lines [][2]string) {
	t.Helper()
	for _, line := range lines {
		delete(rows, line[0])
	}
	if len(rows) > 0 {
		t.Errorf("rows without a vector: %v", slices.Sorted(maps.Keys(rows)))
	}
}

func keys[V any](tables ...map[string]V) map[string]bool {
	out := map[string]bool{}
	for _, table := range tables {
		for key := range table {
			out[key] = true
		}
	}
	return out
}

func TestEachOldNameHasItsCurrentOne(t *testing.T) {
	lines := vectors(t, "names")
	for _, line := range lines {
		m := pcommon.NewMap()
		m.PutInt(line[0], 7)
		normalize(m)
		if v, ok := m.Get(line[1]); !ok || v.AsString() != "7" || m.Len() != 1 {
			t.Errorf("%s became %v, want %s", line[0], m.AsRaw(), line[1])
		}
	}
	complete(t, keys(conventions.Renames), lines)
}

func TestEachProviderHasItsCurrentName(t *testing.T) {
	lines := vectors(t, "providers")
	for _, line := range lines {
		m := pcommon.NewMap()
		m.PutStr("gen_ai.system", line[0])
		normalize(m)
		if v, _ := m.Get("gen_ai.provider.name"); v.AsString() != line[1] {
			t.Errorf("%s became %v, want %s", line[0], m.AsRaw(), line[1])
		}
	}
	complete(t, keys(conventions.Providers), lines)
}

func TestEachKindOfSpanHasItsOperation(t *testing.T) {
	rows := map[string]bool{}
	var lines [][2]string
	for _, kind := range conventions.Kinds {
		for name := range kind.Names {
			rows[kind.Key+"="+name] = true
		}
	}
	for _, line := range vectors(t, "kinds") {
		lines = append(lines, line)
		key, value, _ := strings.Cut(line[0], "=")
		m := pcommon.NewMap()
		m.PutStr(key, value)
		normalize(m)
		if v, _ := m.Get("gen_ai.operation.name"); v.AsString() != line[1] {
			t.Errorf("%s became %v, want %s", line[0], m.AsRaw(), line[1])
		}
	}
	complete(t, rows, lines)
}

func TestNumberedMessagesFindTheirList(t *testing.T) {
	lines := vectors(t, "messages")
	for _, line := range lines {
		m := pcommon.NewMap()
		m.PutStr(line[0]+"0.content", "hello")
		normalize(m)
		if v, _ := m.Get(line[1]); v.AsString() != `[{"role":"","parts":[{"type":"text","content":"hello"}]}]` {
			t.Errorf("%s became %v, want %s", line[0], m.AsRaw(), line[1])
		}
	}
	complete(t, keys(conventions.Messages), lines)
}

func TestTotalsThatRepeatTheirPartsAreRemoved(t *testing.T) {
	for key := range conventions.Redundant {
		m := pcommon.NewMap()
		m.PutInt(key, 7)
		normalize(m)
		if m.Len() != 0 {
			t.Errorf("%s is still there", key)
		}
	}
}
