package stampprocessor

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/sender"
	"agentops.dev/dataplane/identity"
)

var gateway = sender.NewContext(context.Background(), identity.Identity{Namespace: "agentops-system", ServiceAccount: "agentops-gateway", PodName: "gateway-0", PodUID: "g0", Gateway: true})

// The gateway says whose spans they are; team and use case are the operator's, and the source is stamped. What names no agent
// is dropped.
func TestTheGatewaySaysWhoseSpansTheyAre(t *testing.T) {
	td := ptrace.NewTraces()
	for _, agent := range []string{"billing", ""} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr(conventions.Namespace, "shop")
		rs.Resource().Attributes().PutStr(conventions.Agent, agent)
		rs.Resource().Attributes().PutStr(conventions.Team, "victim")
		rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("chat of " + agent)
	}
	sink, count := &consumertest.TracesSink{}, &received{}
	p, _ := NewFactory(agents, count).CreateTraces(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err := p.ConsumeTraces(gateway, td); err != nil {
		t.Fatal(err)
	}
	if got := sink.AllTraces()[0].ResourceSpans().Len(); got != 1 {
		t.Fatalf("%d resources are left", got)
	}
	attributes := sink.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().AsRaw()
	for key, want := range map[string]string{conventions.Namespace: "shop", conventions.Agent: "billing", conventions.AgentName: "billing", conventions.Team: "payments",
		conventions.UseCase: "invoices", conventions.Source: conventions.FromGateway} {
		if attributes[key] != want {
			t.Errorf("%s is %v, want %s", key, attributes[key], want)
		}
	}
	if _, ok := attributes[conventions.PodName]; ok {
		t.Error("the gateway's pod passes for the agent's")
	}
	if count.spans != 0 || count.calls[relay.Key{Namespace: "shop", Agent: "billing"}] != 1 {
		t.Errorf("counted %+v", count)
	}
}

// An agent cannot pass for the gateway.
func TestNobodyElseIsTheSource(t *testing.T) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(conventions.Source, conventions.FromGateway)
	rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().PutStr(conventions.Source, conventions.FromGateway)
	sink := &consumertest.TracesSink{}
	p, _ := NewFactory(agents, &received{}).CreateTraces(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err := p.ConsumeTraces(sender.NewContext(context.Background(), from), td); err != nil {
		t.Fatal(err)
	}
	if json, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(sink.AllTraces()[0]); strings.Contains(string(json), conventions.Source) {
		t.Errorf("a forged source is left: %s", json)
	}
}

// The gateway's token brings spans and nothing else.
func TestTheGatewaySendsSpansOnly(t *testing.T) {
	logs, _ := NewFactory(agents, &received{}).CreateLogs(context.Background(), processortest.NewNopSettings(Type), &Config{}, &consumertest.LogsSink{})
	metrics, _ := NewFactory(agents, &received{}).CreateMetrics(context.Background(), processortest.NewNopSettings(Type), &Config{}, &consumertest.MetricsSink{})
	for _, err := range []error{logs.ConsumeLogs(gateway, plog.NewLogs()), metrics.ConsumeMetrics(gateway, pmetric.NewMetrics())} {
		if !consumererror.IsPermanent(err) {
			t.Errorf("got %v, want a permanent error", err)
		}
	}
}
