package maskprocessor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"agentops.dev/dataplane/collector/sidecar"
	"agentops.dev/dataplane/mask"
)

const (
	key   = "sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYzAbCdEfGhIjKl"
	email = "jane.doe@example.com"
	card  = "4111111111111111"
	all   = "call " + email + " card " + card + " key " + key
)

// fixed serves one engine and counts.
type fixed struct {
	engine  atomic.Pointer[mask.Engine]
	mu      sync.Mutex
	hits    mask.Hits
	passed  int
	dropped int
}

func (f *fixed) Engine() *mask.Engine { return f.engine.Load() }

func (f *fixed) Passed(_ sidecar.Signal, items int, hits mask.Hits) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passed += items
	f.hits.Add(hits)
}

func (f *fixed) Dropped(items int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped += items
}

func engine(t testing.TB, capture, emailAction string) *mask.Engine {
	t.Helper()
	rules, err := mask.Parse(fmt.Appendf(nil, `{"version":1,"capture":%q,"packs":[{"name":"Credentials","action":"Redact"},{"name":"Email","action":%q},{"name":"PaymentCard","action":"Redact"}],"rules":[],"blockKeys":["authorization"],"hashKey":"current"}`, capture, emailAction))
	if err != nil {
		t.Fatal(err)
	}
	e, err := mask.NewEngine(rules, mask.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func with(t testing.TB, capture, emailAction string) *fixed {
	f := &fixed{}
	f.engine.Store(engine(t, capture, emailAction))
	return f
}

// fill puts every shape of value into a map.
func fill(m pcommon.Map) {
	m.PutStr("text", all)
	m.PutStr("json", `{"a":["`+email+`",{"b":"x\n`+key+`"}]}`)
	m.PutInt("number", 4111111111111111)
	m.PutDouble("double", 4111111111111111)
	m.PutEmptyBytes("bytes").FromRaw([]byte(all))
	m.PutEmptyBytes("binary").FromRaw([]byte("\xff\xfe" + all))
	s := m.PutEmptySlice("slice")
	s.AppendEmpty().SetStr(all)
	s.AppendEmpty().SetEmptyMap().PutStr("deep", all)
	m.PutEmptyMap("map").PutEmptySlice("in").AppendEmpty().SetStr(all)
	m.PutStr(email, "a key that is an address")
	m.PutStr("authorization", "anything")
	m.PutBool("bool", true)
	m.PutInt("small", 42)
	m.PutStr("broken", "\xc3\x28 "+email)
	m.PutStr("gen_ai.request.model", "gpt-4o-2024-08-06")
	m.PutInt("gen_ai.usage.input_tokens", 4111111111111111)
}

func sampleTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	fill(rs.Resource().Attributes())
	rs.SetSchemaUrl("https://x/" + email)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(email)
	fill(ss.Scope().Attributes())
	s := ss.Spans().AppendEmpty()
	s.SetName("chat " + all)
	s.Status().SetMessage(all)
	s.TraceState().FromRaw("vendor=" + email)
	fill(s.Attributes())
	e := s.Events().AppendEmpty()
	e.SetName(all)
	fill(e.Attributes())
	l := s.Links().AppendEmpty()
	l.TraceState().FromRaw("vendor=" + email)
	fill(l.Attributes())
	return td
}

func sampleLogs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	fill(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	fill(sl.Scope().Attributes())
	bodies := []func(pcommon.Value){
		func(v pcommon.Value) { v.SetStr(all) },
		func(v pcommon.Value) { fill(v.SetEmptyMap()) },
		func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetStr(all) },
		func(v pcommon.Value) { v.SetEmptyBytes().FromRaw([]byte(all)) },
		func(v pcommon.Value) { v.SetEmptyBytes().FromRaw([]byte("\xff" + all)) },
		func(v pcommon.Value) { v.SetInt(4111111111111111) },
		func(pcommon.Value) {},
	}
	for _, body := range bodies {
		r := sl.LogRecords().AppendEmpty()
		body(r.Body())
		r.SetEventName(email)
		r.SetSeverityText(email)
		fill(r.Attributes())
	}
	return ld
}

func sampleMetrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	fill(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	fill(sm.Scope().Attributes())
	add := func() pmetric.Metric {
		m := sm.Metrics().AppendEmpty()
		m.SetName("m " + email)
		m.SetDescription(all)
		m.SetUnit(email)
		fill(m.Metadata())
		return m
	}
	exemplar := func(e pmetric.ExemplarSlice) { fill(e.AppendEmpty().FilteredAttributes()) }
	g := add().SetEmptyGauge().DataPoints().AppendEmpty()
	fill(g.Attributes())
	exemplar(g.Exemplars())
	s := add().SetEmptySum().DataPoints().AppendEmpty()
	fill(s.Attributes())
	exemplar(s.Exemplars())
	h := add().SetEmptyHistogram().DataPoints().AppendEmpty()
	fill(h.Attributes())
	exemplar(h.Exemplars())
	x := add().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	fill(x.Attributes())
	exemplar(x.Exemplars())
	fill(add().SetEmptySummary().DataPoints().AppendEmpty().Attributes())
	return md
}

// leaks lists the secrets in what is sent on. Protected keys keep numbers, so the count of tokens is taken out first.
func leaks(t *testing.T, json []byte) {
	t.Helper()
	text := strings.ReplaceAll(string(json), `{"key":"gen_ai.usage.input_tokens","value":{"intValue":"4111111111111111"}}`, "TOKENS")
	if !strings.Contains(text, "TOKENS") {
		t.Error("the token count was changed")
	}
	for _, bad := range []string{key, "jane.doe", card, "4.11111111111111", "anything", `\xff`} {
		if i := strings.Index(text, bad); i >= 0 {
			t.Errorf("%q leaked: …%s", bad, text[max(0, i-120):min(len(text), i+60)])
		}
	}
	for _, want := range []string{"gpt-4o-2024-08-06", `"intValue":"42"`, `"boolValue":true`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is gone", want)
		}
	}
}

func runTraces(t testing.TB, f *fixed, td ptrace.Traces) ptrace.Traces {
	t.Helper()
	sink := &consumertest.TracesSink{}
	p, err := NewFactory(f).CreateTraces(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ConsumeTraces(context.Background(), td); err != nil {
		t.Fatal(err)
	}
	if len(sink.AllTraces()) == 0 {
		return ptrace.NewTraces()
	}
	return sink.AllTraces()[0]
}

func TestEveryPlaceInASpanIsMasked(t *testing.T) {
	f := with(t, "Masked", "Redact")
	out := runTraces(t, f, sampleTraces())
	json, err := (&ptrace.JSONMarshaler{}).MarshalTraces(out)
	if err != nil {
		t.Fatal(err)
	}
	leaks(t, json)
	span := out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	if v, _ := span.Attributes().Get("slice"); v.Type() != pcommon.ValueTypeSlice || v.Slice().Len() != 2 {
		t.Error("a list did not stay a list")
	}
	if v, _ := span.Attributes().Get("binary"); string(v.Bytes().AsRaw()) != "[BYTES]" {
		t.Errorf("binary became %q", v.Bytes().AsRaw())
	}
	if f.passed != 1 || f.hits.Total() == 0 {
		t.Errorf("passed %d, hits %d", f.passed, f.hits.Total())
	}
}

func TestEveryPlaceInALogIsMasked(t *testing.T) {
	sink := &consumertest.LogsSink{}
	p, err := NewFactory(with(t, "Masked", "Redact")).CreateLogs(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ConsumeLogs(context.Background(), sampleLogs()); err != nil {
		t.Fatal(err)
	}
	json, err := (&plog.JSONMarshaler{}).MarshalLogs(sink.AllLogs()[0])
	if err != nil {
		t.Fatal(err)
	}
	leaks(t, json)
}

func TestEveryPlaceInAMetricIsMasked(t *testing.T) {
	sink := &consumertest.MetricsSink{}
	p, err := NewFactory(with(t, "Masked", "Redact")).CreateMetrics(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ConsumeMetrics(context.Background(), sampleMetrics()); err != nil {
		t.Fatal(err)
	}
	json, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(sink.AllMetrics()[0])
	if err != nil {
		t.Fatal(err)
	}
	leaks(t, json)
}

func TestDropRemovesTheAttributeAndReplacesTheName(t *testing.T) {
	out := runTraces(t, with(t, "Masked", "Drop"), sampleTraces())
	span := out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	if _, ok := span.Attributes().Get("text"); ok {
		t.Error("the attribute is still there")
	}
	if span.Name() != mask.Dropped {
		t.Errorf("the name is %q", span.Name())
	}
}

func TestAnItemThatCannotBeMaskedIsNotForwarded(t *testing.T) {
	f := with(t, "Masked", "Redact")
	m := newMasker(f)
	if m.guard(3, func() { panic("a bug in a detector") }) {
		t.Error("the item would go on unmasked")
	}
	if m.dropped != 3 {
		t.Errorf("dropped %d, want 3", m.dropped)
	}
	// Without an engine every item panics: nothing may come out, and the process must live.
	f.engine.Store(nil)
	if out := runTraces(t, f, sampleTraces()); out.SpanCount() != 0 {
		t.Error("spans passed without an engine")
	}
	if f.dropped != 1 {
		t.Errorf("dropped %d, want 1", f.dropped)
	}
}

func TestRulesSwapUnderLoad(t *testing.T) {
	f := with(t, "Masked", "Redact")
	engines := []*mask.Engine{engine(t, "Masked", "Redact"), engine(t, "None", "Partial"), engine(t, "Full", "Redact")}
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				f.engine.Store(engines[i%len(engines)])
			}
		}
	})
	var sending sync.WaitGroup
	for range 4 {
		sending.Go(func() {
			for range 50 {
				json, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(runTraces(t, f, sampleTraces()))
				if strings.Contains(string(json), key) {
					t.Error("a credential passed during a swap")
				}
			}
		})
	}
	sending.Wait()
	close(stop)
	swapping.Wait()
	if f.passed != 200 {
		t.Errorf("%d of 200 spans passed", f.passed)
	}
}

func TestALargeSpanIsMaskedWhole(t *testing.T) {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.Attributes().PutStr("big", strings.Repeat("lorem ipsum dolor sit amet ", 5<<20/27)+key)
	out := runTraces(t, with(t, "Masked", "Redact"), td)
	v, _ := out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get("big")
	if strings.Contains(v.Str(), key) || len(v.Str()) < 5<<20-100 {
		t.Errorf("%d bytes are left, the key is at %d", len(v.Str()), strings.Index(v.Str(), key))
	}
}

func TestDeepValuesAreCut(t *testing.T) {
	td := ptrace.NewTraces()
	v := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().PutEmpty("deep")
	for range 500 {
		v = v.SetEmptySlice().AppendEmpty()
	}
	v.SetStr(key)
	json, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(runTraces(t, with(t, "Masked", "Redact"), td))
	if strings.Contains(string(json), key) || !strings.Contains(string(json), cut) {
		t.Error("what is too deep to look at was not cut")
	}
}
