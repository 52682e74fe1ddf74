package telemetry_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/gateway/upstream"
)

// The word of a provider for what is wrong with a request makes no series of its own: it may send another one each time.
func TestWordsOfProvidersMakeNoSeries(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := telemetry.NewMetrics(registry)
	for _, code := range []string{"one", "two", "provider_three", "\xff"} {
		m.Call(&telemetry.Report{Namespace: "shop", Agent: "billing", Operation: "chat", ErrorType: "provider_error", ErrorCode: code, Status: 400})
	}
	m.Call(&telemetry.Report{Namespace: "shop", Agent: "billing", Operation: "chat", ErrorType: "provider_error", ErrorCode: "provider_timeout", Status: 504})
	if n, err := testutil.GatherAndCount(registry, "agentops_gateway_calls_total"); n != 2 || err != nil {
		t.Errorf("%d series of calls, %v", n, err)
	}
}

// Each attempt counts for the provider that was asked, and not for the one that answered in the end.
func TestAttemptsNameTheirOwnProvider(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := telemetry.NewMetrics(registry)
	m.Call(&telemetry.Report{Namespace: "shop", Agent: "billing", Operation: "chat", Provider: string(plan.Anthropic), Status: 200, Attempts: []route.Attempt{
		{Target: "a", Provider: plan.OpenAI, Failure: &upstream.Failure{Class: upstream.ServerError}}, {Target: "b", Provider: plan.Anthropic}}})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]string{}
	for _, f := range families {
		if f.GetName() != "agentops_gateway_attempts_total" {
			continue
		}
		for _, series := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range series.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			asked[labels["target"]] = labels["gen_ai_provider_name"]
		}
	}
	if asked["a"] != "openai" || asked["b"] != "anthropic" {
		t.Errorf("got %v", asked)
	}
}
