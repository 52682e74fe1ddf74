package selectprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
)

type table map[relay.Key]relay.Agent

func (t table) Get(k relay.Key) (relay.Agent, bool) { a, ok := t[k]; return a, ok }

type rejected map[string]int

func (r rejected) Rejected(backend string, items int) { r[backend] += items }

func settings() processor.Settings {
	s := processortest.NewNopSettings(Type)
	s.ID = component.MustNewIDWithName("agentops_select", "agentops-system/phoenix")
	return s
}

func traceID(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func mixed(spans int, keys ...relay.Key) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, k := range keys {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr(conventions.Namespace, k.Namespace)
		rs.Resource().Attributes().PutStr(conventions.Agent, k.Agent)
		ss := rs.ScopeSpans().AppendEmpty()
		for i := range spans {
			ss.Spans().AppendEmpty().SetTraceID(traceID(i + 1))
		}
	}
	return td
}

func TestOnlyBoundAgentsPassAndTheirShareOfTraces(t *testing.T) {
	ten, none := 10.0, 0.0
	bound := []string{"agentops-system/phoenix"}
	a, b, c, d := relay.Key{Namespace: "s", Agent: "a"}, relay.Key{Namespace: "s", Agent: "b"}, relay.Key{Namespace: "s", Agent: "c"}, relay.Key{Namespace: "x", Agent: "a"}
	agents := table{a: {Backends: bound}, b: {Backends: bound, SamplePercent: &ten}, c: {Backends: []string{"other"}}, d: {Backends: bound, SamplePercent: &none}}
	sink := &consumertest.TracesSink{}
	p, err := NewFactory(agents, rejected{}).CreateTraces(context.Background(), settings(), &Config{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	const spans = 20_000
	if err := p.ConsumeTraces(context.Background(), mixed(spans, a, b, c, d, relay.Key{Namespace: "y", Agent: "nobody"})); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, rs := range sink.AllTraces()[0].ResourceSpans().All() {
		got[text(rs.Resource().Attributes(), conventions.Agent)] += rs.ScopeSpans().At(0).Spans().Len()
	}
	if len(got) != 2 || got["a"] != spans {
		t.Errorf("got %v", got)
	}
	if share := float64(got["b"]) / spans; math.Abs(share-0.1) > 0.01 {
		t.Errorf("a share of %.3f passed, want 0.1", share)
	}
}

func TestALowerShareIsPartOfAHigherOne(t *testing.T) {
	for i := range 10_000 {
		if kept(traceID(i+1), 5) && !kept(traceID(i+1), 20) {
			t.Fatalf("trace %d is in 5 %% and not in 20 %%", i)
		}
	}
}

type full struct{ consumertest.TracesSink }

func (*full) ConsumeTraces(context.Context, ptrace.Traces) error { return errors.New("queue is full") }

func TestAFullBackendStopsNobodyElse(t *testing.T) {
	k := relay.Key{Namespace: "s", Agent: "a"}
	r := rejected{}
	p, _ := NewFactory(table{k: {Backends: []string{"agentops-system/phoenix"}}}, r).CreateTraces(context.Background(), settings(), &Config{}, &full{})
	if err := p.ConsumeTraces(context.Background(), mixed(3, k)); err != nil {
		t.Errorf("the batch was refused: %v", err)
	}
	if r["agentops-system/phoenix"] != 3 {
		t.Errorf("counted %v, want 3", r)
	}
}
