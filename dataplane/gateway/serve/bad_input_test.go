package serve

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"agentops.dev/dataplane/gateway/plan"
)

// promised are the rows of the page on bad input that the gateway answers: status, code and message.
func promised(t *testing.T) map[string][3]string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/bad-input.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(page), "## Refused by the gateway")
	rows := map[string][3]string{}
	for line := range strings.Lines(part) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) == 4 && strings.HasPrefix(line, "| ") && !strings.Contains(line, "| status |") {
			rows[strings.TrimSpace(cells[0])] = [3]string{cells[1], strings.Trim(cells[2], "`"), strings.Trim(strings.TrimSpace(cells[3]), "`")}
		}
	}
	return rows
}

// alike compares a message with one of the page, where … is any text.
func alike(pattern, message string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), "…", ".*") + "$").MatchString(message)
}

// Each mistake of a client is answered as the page says, before a provider is asked; the page has no row that nobody tried.
func TestBadInputIsAnsweredAsThePageSays(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) {
		agent(p, func(a *plan.Agent) { a.ServiceAccountName = "billing" })
	})
	dear := newWorld(t, func(p *plan.Plan) {
		p.Budgets = map[string]plan.Budget{"usd": {Unit: plan.MicroUSD, Limit: 1000, Window: plan.Window{Kind: plan.Day}, Scope: plan.PerAgent,
			Ladder: []plan.Step{{AtPercent: 100, Action: plan.BlockCalls}}, Mode: plan.Enforce, OnStateError: plan.Allow}}
		agent(p, func(a *plan.Agent) { a.Budgets, a.OnUnknownPrice = []string{"usd"}, plan.Deny })
		for name, target := range p.Targets {
			target.Price = nil
			p.Targets[name] = target
		}
	})
	as := func(change func(claims map[string]any)) []string {
		return []string{"Authorization", "Bearer " + w.token(change)}
	}
	pod := func(key string, value any) []string {
		return as(func(c map[string]any) { c["kubernetes.io"].(map[string]any)[key] = value })
	}
	claim := func(key string, value any) []string { return as(func(c map[string]any) { c[key] = value }) }
	body := `{"model":"chat","messages":[{"role":"user","content":"x"}]}`
	with := func(more string) string { return strings.TrimSuffix(body, "}") + more + "}" }
	tried := map[string]answer{
		"unknown model":                   w.post("/v1/chat/completions", strings.Replace(body, "chat", "gpt-5", 1)),
		"no token":                        w.post("/v1/chat/completions", body, "Authorization", ""),
		"token of another namespace":      w.post("/v1/chat/completions", body, pod("namespace", "bank")...),
		"token for something else":        w.post("/v1/chat/completions", body, claim("aud", []string{"https://kubernetes.default.svc"})...),
		"expired token":                   w.post("/v1/chat/completions", body, claim("exp", 1)...),
		"token of no pod":                 w.post("/v1/chat/completions", body, pod("pod", nil)...),
		"token of another cluster":        w.post("/v1/chat/completions", body, claim("iss", "https://elsewhere")...),
		"token of another account":        w.post("/v1/chat/completions", body, pod("serviceaccount", map[string]string{"name": "default"})...),
		"agent that there is not":         w.post("/v1/chat/completions", body, claim("aud", []string{"agentops/shop/other"})...),
		"forged run id: no name":          w.post("/v1/chat/completions", body, "X-Agentops-Run-Id", "a b"),
		"header injection in the baggage": w.post("/v1/chat/completions", body, "Baggage", "agentops.run.id=a%0d%0aX-Evil: 1"),
		"oversized body":                  w.post("/v1/chat/completions", strings.Replace(body, "x", strings.Repeat("x", 2<<20), 1)),
		"negative maximum":                w.post("/v1/chat/completions", with(`,"max_tokens":-1`)),
		"enormous maximum":                w.post("/v1/chat/completions", with(`,"max_tokens":1e300`)),
		"maximum in words":                w.post("/v1/chat/completions", with(`,"max_tokens":"many"`)),
		"a field twice":                   w.post("/v1/chat/completions", with(`,"max_tokens":1,"max_tokens":99999`)),
	}
	if dear.store != nil {
		tried["price missing"] = dear.post("/v1/chat/completions", body)
		tried["cost beside tokens"] = dear.post("/v1/chat/completions", with(`,"service_tier":"priority"`))
	}
	rows := promised(t)
	for name, got := range tried {
		want, known := rows[name]
		said := got.get("error.message").Str
		if !known || strconv.Itoa(got.status) != want[0] || got.get("error.code").Str != want[1] || !alike(want[2], said) || got.header.Get("X-Evil") != "" {
			t.Errorf("%s: the page says %q, the gateway %d %s", name, want, got.status, got.text)
		}
		delete(rows, name)
	}
	if dear.store == nil {
		delete(rows, "price missing")
		delete(rows, "cost beside tokens")
	}
	if len(rows) > 0 || len(w.a.asked())+len(dear.a.asked()) > 0 {
		t.Errorf("not tried: %v; providers were asked %d times", rows, len(w.a.asked())+len(dear.a.asked()))
	}
}
