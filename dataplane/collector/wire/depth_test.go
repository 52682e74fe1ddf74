package wire

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// nested is the wire form of an attribute that is a list in a list in a list.
func nested(depth int) []byte {
	var b []byte // written from its end
	length := func(tag byte) {
		size := binary.AppendUvarint(nil, uint64(len(b)))
		slices.Reverse(size)
		b = append(append(b, size...), tag)
	}
	for range depth {
		length(0x0a)
		length(0x2a)
	}
	for _, tag := range []byte{0x12, 0x4a, 0x12, 0x12, 0x0a} {
		length(tag)
	}
	slices.Reverse(b)
	return b
}

func TestNestingAloneIsRefused(t *testing.T) {
	if td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(nested(100)); err != nil || td.SpanCount() != 1 {
		t.Fatalf("the sample is no request: %v", err)
	}
	if TooDeep(nested(100)) {
		t.Error("100 levels are refused")
	}
	if !TooDeep(nested(1_000_000)) {
		t.Error("a million levels pass")
	}
}

func TestTextsAreNoNesting(t *testing.T) {
	for _, text := range []string{strings.Repeat("\n\x7e", 1<<20), strings.Repeat("zz", 1<<20), strings.Repeat("\x0a\xff\xff\x3f", 1<<19), strings.Repeat("*Ω", 1<<20)} {
		td := ptrace.NewTraces()
		td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().PutStr("text", text)
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		if err != nil {
			t.Fatal(err)
		}
		if TooDeep(b) {
			t.Errorf("a text of %q is refused", text[:4])
		}
	}
}

func FuzzTooDeep(f *testing.F) {
	f.Add(nested(10))
	f.Add([]byte("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(_ *testing.T, b []byte) { TooDeep(b) })
}

func BenchmarkTooDeep(b *testing.B) {
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for range 256 {
		ss.Spans().AppendEmpty().Attributes().PutStr("text", strings.Repeat("lorem ipsum ", 500))
	}
	data, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		TooDeep(data)
	}
}
