package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/redistest"
)

// redisSocket starts a real Redis that writes each command to disk; the second function kills it.
func redisSocket(t *testing.T) (url string, kill func()) {
	t.Helper()
	socket, kill := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	return "unix://" + socket, kill
}

// limited is the plan with runs of one step, held at their end.
func limited(t *testing.T, s *Settings) {
	t.Helper()
	text, err := os.ReadFile(s.Plan)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"run":{}`, `"run":{"steps":{"max":1,"action":"Hold"}},"holdExpirySeconds":3600`, 1)
	if err := os.WriteFile(s.Plan, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// held starts a node where run one of shop/billing waits for a person.
func held(t *testing.T) (n *node, kill func()) {
	t.Helper()
	address, kill := redisSocket(t)
	n = startNode(t, hello, func(s *Settings) {
		s.Store.URL = address
		limited(t, s)
	})
	n.await("the store answers", func() bool { status, _ := n.ask("X-Agentops-Run-Id", "one"); return status == 200 })
	if status, text := n.ask("X-Agentops-Run-Id", "one"); status != 409 {
		t.Fatal(status, text)
	}
	return n, kill
}

func (n *node) operator(method, path, body string) (int, gjson.Result) {
	n.t.Helper()
	status, text := n.do(method, n.settings.AdminListen+path, n.token(identity.ReaderAudience, "agentops-system", "agentops-operator"), body)
	return status, gjson.Parse(text)
}

func (n *node) decide(format string, args ...any) (int, gjson.Result) {
	n.t.Helper()
	return n.operator(http.MethodPost, "/v1/decisions", fmt.Sprintf(format, args...))
}

// One list names what waits, with why, since when and until when; a decision answers with the run after it, and the run goes on.
func TestOperatorListsAndDecides(t *testing.T) {
	n, _ := held(t)
	status, list := n.operator(http.MethodGet, "/v1/holds", "")
	hold := list.Get("holds.0")
	since, err := time.Parse(time.RFC3339, hold.Get("since").Str)
	expires, err2 := time.Parse(time.RFC3339, hold.Get("expires").Str)
	if status != 200 || err != nil || err2 != nil || expires.Sub(since) != time.Hour {
		t.Fatal(status, list, err, err2)
	}
	want := map[string]string{"agent": "shop/billing", "run": "one", "number": "1", "state": "Held", "reason": "MaxSteps", "limit": "1", "used": "1", "budget": "",
		"usage.steps": "1", "usage.tokens": "15", "usage.microUSD": "15"}
	for key, value := range want {
		if got := hold.Get(key).String(); got != value {
			t.Errorf("%s is %q, want %q", key, got, value)
		}
	}
	for range 2 {
		status, run := n.decide(`{"id":"d1","agent":"shop/billing","run":"one","hold":1,"verb":"Resume","more":{"steps":2},"by":"ana","note":"go on"}`)
		if status != 200 || run.Get("state").Str != "Running" || run.Get("granted.steps").Int() != 2 || run.Get("decision.by").Str != "ana" || run.Get("decision.verb").Str != "Resume" || run.Get("hold.number").Int() != 1 {
			t.Fatal(status, run)
		}
	}
	if status, text := n.ask("X-Agentops-Run-Id", "one"); status != 200 {
		t.Errorf("the resumed run got %d %s", status, text)
	}
	if _, list := n.operator(http.MethodGet, "/v1/holds", ""); len(list.Get("holds").Array()) != 0 || list.Get("next").Str != "" {
		t.Error(list)
	}
	if _, runs := n.operator(http.MethodGet, "/v1/runs?agent=shop/billing", ""); runs.Get("runs.0.run").Str != "one" || runs.Get("runs.0.usage.steps").Int() != 2 {
		t.Error(runs)
	}
	if status, text := n.decide(`{"id":"d2","agent":"shop/billing","run":"one","verb":"Cancel","by":"ana"}`); status != 200 || text.Get("state").Str != "Cancelled" {
		t.Error(status, text)
	}
	if status, text := n.ask("X-Agentops-Run-Id", "one"); status != 403 || gjson.Get(text, "error.code").Str != "run_cancelled" {
		t.Errorf("the cancelled run got %d %s", status, text)
	}
}

// What cannot be decided is refused by its own status, and says the state that the run has.
func TestDecisionsThatAreRefused(t *testing.T) {
	n, kill := held(t)
	for _, c := range []struct {
		name, body string
		status     int
		field      string
	}{
		{"no JSON", `{`, 400, ""},
		{"an unknown field", `{"id":"d","agent":"shop/billing","run":"one","verb":"Resume","force":true}`, 400, ""},
		{"too large", `{"note":"` + strings.Repeat("x", 20<<10) + `"}`, 400, ""},
		{"an unknown verb", `{"id":"d","agent":"shop/billing","run":"one","verb":"Pause"}`, 400, "decision.verb"},
		{"a negative grant", `{"id":"d","agent":"shop/billing","run":"one","verb":"Resume","more":{"steps":-1}}`, 400, "decision.more"},
		{"no id", `{"agent":"shop/billing","run":"one","verb":"Resume"}`, 400, "decision.id"},
		{"an agent that is none", `{"id":"d","agent":"{}","run":"one","verb":"Resume"}`, 400, "agent"},
		{"a run that is none", `{"id":"d","agent":"shop/billing","run":"other","verb":"Resume"}`, 404, ""},
		{"an older hold", `{"id":"d","agent":"shop/billing","run":"one","hold":7,"verb":"Resume"}`, 409, ""},
	} {
		status, text := n.decide("%s", c.body)
		if status != c.status || text.Get("field").Str != c.field || text.Get("error").Str == "" {
			t.Errorf("%s: got %d %s", c.name, status, text)
		}
		if status == 409 && (text.Get("state").Str != "Held" || text.Get("hold").Int() != 1) {
			t.Errorf("the state is missing: %s", text)
		}
	}
	for _, path := range []string{"/v1/holds?size=0", "/v1/holds?size=x", "/v1/holds?cursor=x", "/v1/runs?agent=shop/billing&size=501", "/v1/runs"} {
		if status, text := n.operator(http.MethodGet, path, ""); status != 400 {
			t.Errorf("%s: got %d %s", path, status, text)
		}
	}
	if status, text := n.operator(http.MethodGet, "/v1/runs?agent=shop/billing&run=other", ""); status != 404 {
		t.Error(status, text)
	}
	kill()
	for _, path := range []string{"/v1/holds", "/v1/runs?agent=shop/billing"} {
		if status, text := n.operator(http.MethodGet, path, ""); status != 503 {
			t.Errorf("%s without a store: got %d %s", path, status, text)
		}
	}
	if status, _ := n.decide(`{"id":"d","agent":"shop/billing","run":"one","verb":"Resume"}`); status != 503 {
		t.Errorf("without a store: got %d", status)
	}
}

// Nobody but the operator lists, reads or decides.
func TestOnlyTheOperatorDecides(t *testing.T) {
	n, _ := held(t)
	asked := map[string]string{"/v1/holds": http.MethodGet, "/v1/runs?agent=shop/billing": http.MethodGet, "/v1/decisions": http.MethodPost}
	for path, method := range asked {
		for who, token := range map[string]string{"nobody": "", "an agent": n.token("agentops/shop/billing", "shop", "billing"), "a reader": n.token(identity.ReaderAudience, "shop", "billing")} {
			if status, _ := n.do(method, n.settings.AdminListen+path, token, `{"id":"d","agent":"shop/billing","run":"one","verb":"Resume"}`); status != 401 && status != 403 {
				t.Errorf("%s at %s: %d", who, path, status)
			}
		}
	}
	if _, list := n.operator(http.MethodGet, "/v1/holds", ""); list.Get("holds.0.state").Str != "Held" {
		t.Error(list)
	}
}

// Pages of one run each bring every run once.
func TestHoldsInPages(t *testing.T) {
	n, _ := held(t)
	for _, run := range []string{"two", "three"} {
		n.ask("X-Agentops-Run-Id", run)
		n.ask("X-Agentops-Run-Id", run)
	}
	seen := map[string]int{}
	for cursor := ""; ; {
		_, list := n.operator(http.MethodGet, "/v1/holds?size=1&cursor="+url.QueryEscape(cursor), "")
		for _, hold := range list.Get("holds").Array() {
			seen[hold.Get("run").Str]++
		}
		if cursor = list.Get("next").Str; cursor == "" {
			break
		}
	}
	if len(seen) != 3 || seen["one"] != 1 || seen["two"] != 1 || seen["three"] != 1 {
		t.Errorf("got %v", seen)
	}
}

// The metrics count what waits, of each agent, and the steps of ladders that were reached.
func TestMetricsCountWhatWaits(t *testing.T) {
	n, _ := held(t)
	n.await("the count", func() bool {
		_, metrics := n.do(http.MethodGet, n.settings.Metrics+"/metrics", "", "")
		return strings.Contains(metrics, `agentops_gateway_held_runs{dev_agentops_agent="billing",k8s_namespace_name="shop"} 1`)
	})
	n.decide(`{"id":"d1","agent":"shop/billing","run":"one","verb":"TakeOver"}`)
	n.await("nobody waits", func() bool {
		_, metrics := n.do(http.MethodGet, n.settings.Metrics+"/metrics", "", "")
		return !strings.Contains(metrics, "agentops_gateway_held_runs{")
	})
}
