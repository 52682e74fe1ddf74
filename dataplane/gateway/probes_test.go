package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/redistest"
)

// A gateway observes each limit of its plan by itself, and nobody sees a trace of it: no provider is asked, no call is counted,
// no span sent, no run or budget of the agent is touched.
func TestLimitsAreObservedWithoutATrace(t *testing.T) {
	var asked, spans atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		spans.Add(1)
	}))
	defer sink.Close()
	socket, _ := redistest.Start(t)
	n := startNode(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		hello(w, r)
	}, func(s *Settings) {
		s.OTLPEndpoint, s.Store.URL = sink.URL, "unix://"+socket
		text, _ := os.ReadFile(s.Plan)
		limited := strings.NewReplacer(`"run":{}`, `"run":{"steps":{"max":50,"action":"Refuse"},"tokens":{"max":1000,"action":"Hold"}},"callsPerMinute":60`,
			`"budgets":{}`, `"budgets":{"shop/daily":{"unit":"MicroUSD","limit":5000000,"window":{"kind":"Day"},"scope":"Agent","ladder":[{"atPercent":100,"action":"Block"}],"mode":"Enforce","onStateError":"Deny"}}`,
			`"budgets":[]`, `"budgets":["shop/daily"]`).Replace(string(text))
		_ = os.WriteFile(s.Plan, []byte(limited), 0o600)
	})
	operator := n.token(identity.ReaderAudience, "agentops-system", "agentops-operator")
	get := func(path string) gjson.Result {
		status, text := n.do(http.MethodGet, n.settings.AdminListen+path, operator, "")
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		return gjson.Parse(text)
	}
	n.await("all limits are observed", func() bool {
		state := get("/v1/state")
		checks, observed := state.Get("probes.checks").Map(), 0
		for _, c := range checks {
			if c.Get("result").Str == "Observed" {
				observed++
			}
		}
		return len(checks) == 4 && observed == 4 && state.Get("probes.plan").Str == state.Get("plan.digest").Str
	})
	state := get("/v1/state")
	if len(state.Get("probes.agents.shop/billing").Array()) != 3 || len(state.Get("probes.budgets.shop/daily").Array()) != 1 {
		t.Errorf("got %s", state.Get("probes").Raw)
	}
	if forgets := state.Get("store.forgets").Str; !strings.Contains(forgets, "appendonly is no") {
		t.Errorf("of a store in memory alone it says %q", forgets)
	}
	usage := get("/v1/usage?agent=shop/billing")
	if len(usage.Get("runs").Array()) != 0 || usage.Get("budgets.0.used").Int() != 0 || usage.Get("budgets.0.reserved").Int() != 0 {
		t.Errorf("use of the agent: %s", usage.Raw)
	}
	_, metrics := n.do(http.MethodGet, n.settings.Metrics+"/metrics", "", "")
	for _, not := range []string{"agentops_gateway_calls_total{", "agentops_gateway_denied_total{", "agentops_gateway_cost_usd_total{", "agentops_gateway_attempts_total{", "probe:"} {
		if strings.Contains(metrics, not) {
			t.Errorf("metrics have %s", not)
		}
	}
	for _, want := range []string{`agentops_gateway_probe_checks{result="Observed"} 4`, `agentops_gateway_probes_total{result="NotObserved"} 0`, "agentops_gateway_probe_oldest_seconds", "agentops_gateway_open_calls 0", "agentops_gateway_state_store_forgets 1"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	n.stop()
	if err := <-n.ended; err != nil || asked.Load() != 0 || spans.Load() != 0 {
		t.Errorf("ended with %v, %d questions to the provider, %d spans", err, asked.Load(), spans.Load())
	}
}
