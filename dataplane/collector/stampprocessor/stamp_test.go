package stampprocessor

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/sender"
	"agentops.dev/dataplane/identity"
)

type table map[relay.Key]relay.Agent

func (t table) Get(k relay.Key) (relay.Agent, bool) { a, ok := t[k]; return a, ok }

type received struct {
	spans int
	calls map[relay.Key]int
}

func (r *received) Received(_ relay.Key, spans int) { r.spans += spans }

func (r *received) ReceivedCalls(k relay.Key, spans int) {
	if r.calls == nil {
		r.calls = map[relay.Key]int{}
	}
	r.calls[k] += spans
}

var (
	agents = table{{Namespace: "shop", Agent: "billing"}: {Team: "payments", UseCase: "invoices"}}
	from   = identity.Identity{Namespace: "shop", Agent: "billing", PodName: "billing-0", PodUID: "uid-0"}
)

// forge writes every identity key with a value that must not survive.
func forge(m pcommon.Map) {
	for _, k := range conventions.IdentityKeys {
		m.PutStr(k, "victim")
	}
}

func genuine(t *testing.T, r pcommon.Resource, json string) {
	t.Helper()
	// The name that a span gave to a sub-agent stays, under a key that means no identity.
	json = strings.ReplaceAll(json, `{"key":"dev.agentops.reported_agent","value":{"stringValue":"victim"}}`, "")
	if strings.Contains(json, "victim") {
		t.Errorf("a forged identity is left: %s", json)
	}
	for key, want := range map[string]string{
		conventions.Namespace: "shop", conventions.Agent: "billing", conventions.AgentName: "billing", conventions.PodName: "billing-0",
		conventions.PodUID: "uid-0", conventions.Team: "payments", conventions.UseCase: "invoices",
	} {
		if v, ok := r.Attributes().Get(key); !ok || v.Str() != want {
			t.Errorf("%s is %q, want %q", key, v.AsString(), want)
		}
	}
}

func TestForgedIdentitiesAreOverwrittenInTraces(t *testing.T) {
	td := ptrace.NewTraces()
	for range 2 {
		rs := td.ResourceSpans().AppendEmpty()
		forge(rs.Resource().Attributes())
		ss := rs.ScopeSpans().AppendEmpty()
		forge(ss.Scope().Attributes())
		s := ss.Spans().AppendEmpty()
		forge(s.Attributes())
		forge(s.Events().AppendEmpty().Attributes())
	}
	sink, count := &consumertest.TracesSink{}, &received{}
	p, err := NewFactory(agents, count).CreateTraces(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ConsumeTraces(sender.NewContext(context.Background(), from), td); err != nil {
		t.Fatal(err)
	}
	json, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(sink.AllTraces()[0])
	genuine(t, sink.AllTraces()[0].ResourceSpans().At(1).Resource(), string(json))
	if count.spans != 2 {
		t.Errorf("%d spans were counted, want 2", count.spans)
	}
}

func TestForgedIdentitiesAreOverwrittenInLogs(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	forge(rl.Resource().Attributes())
	forge(rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes())
	sink := &consumertest.LogsSink{}
	p, _ := NewFactory(agents, &received{}).CreateLogs(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err := p.ConsumeLogs(sender.NewContext(context.Background(), from), ld); err != nil {
		t.Fatal(err)
	}
	json, _ := (&plog.JSONMarshaler{}).MarshalLogs(sink.AllLogs()[0])
	genuine(t, sink.AllLogs()[0].ResourceLogs().At(0).Resource(), string(json))
}

func TestForgedIdentitiesAreOverwrittenInMetrics(t *testing.T) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	forge(rm.Resource().Attributes())
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	forge(ms.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().Attributes())
	forge(ms.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().Attributes())
	forge(ms.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().Attributes())
	forge(ms.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Attributes())
	forge(ms.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().Attributes())
	sink := &consumertest.MetricsSink{}
	p, _ := NewFactory(agents, &received{}).CreateMetrics(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err := p.ConsumeMetrics(sender.NewContext(context.Background(), from), md); err != nil {
		t.Fatal(err)
	}
	json, _ := (&pmetric.JSONMarshaler{}).MarshalMetrics(sink.AllMetrics()[0])
	genuine(t, sink.AllMetrics()[0].ResourceMetrics().At(0).Resource(), string(json))
}

func TestDataOfUnknownOriginIsRefusedForGood(t *testing.T) {
	p, _ := NewFactory(agents, &received{}).CreateTraces(context.Background(), processortest.NewNopSettings(Type), &Config{}, &consumertest.TracesSink{})
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty()
	if err := p.ConsumeTraces(context.Background(), td); !consumererror.IsPermanent(err) {
		t.Errorf("got %v, want a permanent error", err)
	}
}
