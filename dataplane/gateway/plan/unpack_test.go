package plan

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func pack(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A compressed plan is the same plan: its digest speaks of the JSON.
func TestACompressedPlanIsTheSame(t *testing.T) {
	plain, err := Parse(example(t))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := Parse(pack(t, example(t)))
	if err != nil || packed.Digest() != plain.Digest() {
		t.Errorf("digest %q, want %q, %v", packed.Digest(), plain.Digest(), err)
	}
}

// What is cut, or would fill the memory, is refused as any other bad plan.
func TestBadCompressionIsRefused(t *testing.T) {
	whole := pack(t, example(t))
	for name, data := range map[string][]byte{
		"cut in the middle": whole[:len(whole)/2],
		"no header":         {0x1f, 0x8b, 0, 0},
		"a bomb":            pack(t, make([]byte, mostUnpacked+1)),
	} {
		if _, err := Parse(data); err == nil || !strings.HasPrefix(err.Error(), "plan: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
