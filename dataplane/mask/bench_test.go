package mask

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"agentops.dev/dataplane/canonical"
)

// cleanProse is text as agents write it: prose, code, numbers, addresses of pages; nothing that any pack masks.
const cleanProse = `The agent reviewed 3 of 12 documents and found 48 rows (98.7 %) that match the filter "status = open".
It then called search_orders(limit=20, since="2026-11-23T10:00:00Z") and waited 1532 ms for v2.14.3 of the service.
def handle(event: dict) -> None:
    total = sum(item["price"] * item["count"] for item in event["items"])  # see https://example.com/docs/orders
    logger.info("order %s total %.2f trace 4bf92f3577b34da6a3ce929d0e0e4736", event["id"], total)
Next steps: (1) check the basic rules, (2) ask the user for a token budget; model gpt-4o used 1024 input tokens.
`

func prose(size int) string {
	return strings.Repeat(cleanProse, size/len(cleanProse)+1)[:size]
}

type field struct{ key, value string }

// span6600 is the strings of a span of 6.6 KB: 4 KB of messages as JSON, a tool result as text, and short attributes.
func span6600(pii bool) []field {
	text, result := prose(2000), prose(2000)
	if pii {
		text = "my card is 4111 1111 1111 1111, mail jane.doe@example.com\n" + text
		result += "\nAuthorization: Bearer EXAMPLEexample0000EXAMPLE"
	}
	messages := string(canonical.AppendQuoted(nil, text))
	fields := []field{
		{"gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":` + messages + `}]}]`},
		{"gen_ai.output.messages", `[{"role":"assistant","parts":[{"type":"text","content":` + string(canonical.AppendQuoted(nil, prose(1800))) + `}]}]`},
		{"gen_ai.tool.call.result", result},
		{"gen_ai.operation.name", "chat"}, {"gen_ai.request.model", "gpt-4o"}, {"gen_ai.response.id", "chatcmpl-9f8e7d6c5b4a"},
		{"gen_ai.provider.name", "openai"}, {"server.address", "api.example.com"}, {"span.name", "chat gpt-4o"},
	}
	for i := range 10 {
		fields = append(fields, field{fmt.Sprintf("app.attribute.%d", i), "a short value of an attribute"})
	}
	return fields
}

func benchmarkSpan(b *testing.B, e *Engine, dirtyEvery int) {
	clean, dirty := span6600(false), span6600(true)
	b.ReportAllocs()
	before, i := cpuTime(b), 0
	for ; b.Loop(); i++ {
		fields := clean
		if dirtyEvery > 0 && i%dirtyEvery == 0 {
			fields = dirty
		}
		for _, f := range fields {
			e.Key(f.key)
			e.Field(f.key, f.value)
		}
	}
	// Time on the wall says little on a machine that others use.
	b.ReportMetric(float64(cpuTime(b)-before)/float64(i), "cpu-ns/op")
}

func cpuTime(b *testing.B) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func BenchmarkSpan6600(b *testing.B) {
	e := engineWith(b, &Rules{Packs: allPacks(Redact)})
	b.Run("clean", func(b *testing.B) { benchmarkSpan(b, e, 0) })
	b.Run("tenth-dirty", func(b *testing.B) { benchmarkSpan(b, e, 10) })
	b.Run("dirty", func(b *testing.B) { benchmarkSpan(b, e, 1) })
	credentials := engineWith(b, Default())
	b.Run("credentials-clean", func(b *testing.B) { benchmarkSpan(b, credentials, 0) })
}

func BenchmarkText4096(b *testing.B) {
	e := engineWith(b, &Rules{Packs: allPacks(Redact)})
	for name, text := range map[string]string{
		"prose":     prose(4096),
		"digits":    strings.Repeat("12 345 6789 ", 342),
		"keywords":  strings.Repeat("secret password token ", 187),
		"at-signs":  strings.Repeat("@a", 2048),
		"backslash": strings.Repeat(`line\nline\t"x\\n" `, 216),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				e.String(text)
			}
		})
	}
}
