package gateway

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/identity"
)

const (
	lent = `{"version":1,"targets":{"a":{"provider":"openai-compatible","endpoint":"URL","model":"m","credential":{"secret":"agentops-own","keys":{"apiKey":"key"}},"timeoutMilliseconds":5000,"streamIdleMilliseconds":5000}},"routes":{},"guardrails":{},"budgets":{},"agents":{}}`
	home = "system:serviceaccount:agentops-system:agentops-gateway"
)

// pair is the shared gateway, and one in the namespace shop that has a provider's key.
type pair struct {
	shared, own *node
	key         string // of the last request at the provider
	asked       atomic.Int64
}

func startPair(t *testing.T, provider http.HandlerFunc) *pair {
	t.Helper()
	p := &pair{}
	p.own = startNode(t, func(w http.ResponseWriter, r *http.Request) {
		p.key = r.Header.Get("Authorization")
		p.asked.Add(1)
		provider(w, r)
	}, func(s *Settings) {
		s.Tenant = Tenant{Namespace: "shop", Gateway: home}
		data, _ := os.ReadFile(s.Plan)
		url := gjson.GetBytes(data, "targets.a.endpoint").Str
		_ = os.WriteFile(s.Plan, []byte(strings.Replace(lent, "URL", url, 1)), 0o600)
		p.secret(s, "key-of-the-tenant")
	})
	p.shared = startNode(t, hello, func(s *Settings) {
		s.Issuer = p.own.settings.Issuer
		s.TenantToken = filepath.Join(t.TempDir(), "token")
		_ = os.WriteFile(s.TenantToken, []byte(p.own.token(identity.TenantAudience, "agentops-system", "agentops-gateway")), 0o600)
		data, _ := os.ReadFile(s.Plan)
		_ = os.WriteFile(s.Plan, []byte(strings.Replace(string(data), `"model":"m"`, `"model":"m","via":"http://`+p.own.settings.Listen+`"`, 1)), 0o600)
	})
	p.shared.key = p.own.key
	return p
}

func (p *pair) secret(s *Settings, value string) {
	dir := filepath.Join(s.Secrets, "agentops-own")
	_ = os.MkdirAll(dir, 0o700)
	_ = os.WriteFile(filepath.Join(dir, "key"), []byte(value), 0o600)
}

// The provider sees the key of the tenant's namespace, the shared gateway has none, and the client notices nothing of the way.
func TestATenantsCredentialIsUsedInItsNamespace(t *testing.T) {
	p := startPair(t, hello)
	status, body := p.shared.ask()
	if status != 200 || gjson.Get(body, "choices.0.message.content").Str != "hi" || p.key != "Bearer key-of-the-tenant" {
		t.Errorf("got %d %s, key %q", status, body, p.key)
	}
	if data, _ := os.ReadFile(p.shared.settings.Plan); strings.Contains(string(data), "agentops-own") {
		t.Error("the shared gateway's plan names the tenant's Secret")
	}
}

// What a provider fails with decides at the shared gateway as if it had asked itself.
func TestFailuresComeBackAsTheyAre(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   int
		code   string
	}{
		{429, `{"error":{"message":"slow down"}}`, 429, "provider_rate_limited"},
		{500, `{"error":{"message":"oops"}}`, 503, "provider_unavailable"},
		{400, `{"error":{"message":"too long","code":"context_length_exceeded"}}`, 400, "context_length_exceeded"},
		{200, `no JSON`, 502, "provider_invalid"},
	} {
		p := startPair(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		if status, body := p.shared.ask(); status != c.want || gjson.Get(body, "error.code").Str != c.code {
			t.Errorf("%d: got %d %s", c.status, status, body)
		}
	}
}

func chunk(text string) string {
	return `data: {"id":"c","choices":[{"index":0,"delta":{"content":"` + text + `"}}]}` + "\n\n"
}

// A stream passes event by event; one that the provider cuts ends with the error that a cut stream has, not as if it were whole.
func TestStreamsPassAndCutsShow(t *testing.T) {
	for _, cut := range []bool{false, true} {
		p := startPair(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte(chunk("one ") + chunk("two")))
			if cut {
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write([]byte(`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" + `data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}` + "\n\ndata: [DONE]\n\n"))
		})
		status, body := p.shared.do(http.MethodPost, p.shared.settings.Listen+"/v1/chat/completions", p.shared.token("agentops/shop/billing", "shop", "billing"),
			strings.Replace(question, `{"model"`, `{"stream":true,"model"`, 1))
		whole, broken := strings.Contains(body, "[DONE]"), strings.Contains(body, "stream_interrupted")
		if status != 200 || !strings.Contains(body, "one ") || whole == cut || broken != cut {
			t.Errorf("cut %v: got %d %s", cut, status, body)
		}
	}
}

// Only the shared gateway is answered, and only with a call of an agent of this namespace: one token without the other, of
// another namespace, account or audience, opens nothing.
func TestNobodyElseIsAnswered(t *testing.T) {
	p := startPair(t, hello)
	gateway, agent := p.own.token(identity.TenantAudience, "agentops-system", "agentops-gateway"), p.own.token("agentops/shop/billing", "shop", "billing")
	for name, c := range map[string]struct {
		gateway, agent string
		want           int
	}{
		"both":                      {gateway, agent, 200},
		"the agent alone":           {agent, agent, 401},
		"no agent":                  {gateway, "", 401},
		"the gateway twice":         {gateway, gateway, 401},
		"another namespace's agent": {gateway, p.own.token("agentops/bank/teller", "bank", "teller"), 403},
		"another account":           {p.own.token(identity.TenantAudience, "shop", "agentops-gateway"), agent, 403},
		"another audience":          {p.own.token(identity.ReaderAudience, "agentops-system", "agentops-gateway"), agent, 401},
		"nothing":                   {"", "", 401},
	} {
		shown := ""
		if c.agent != "" {
			shown = "Bearer " + c.agent
		}
		asked := p.asked.Load()
		status, body := p.own.do(http.MethodPost, p.own.settings.Listen+"/v1/chat/completions", c.gateway, question, upstream.AgentHeader, shown, upstream.TargetHeader, "a")
		if status != c.want || (p.asked.Load() > asked) != (c.want == 200) {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	if status, _ := p.own.do(http.MethodGet, p.own.settings.Listen+"/v1/models", agent, ""); status != 404 {
		t.Errorf("the list of models: got %d", status)
	}
}

// A target that the tenant's gateway does not have yet fails as one that is away, so that another target may answer.
func TestATargetThatIsNotThereYet(t *testing.T) {
	p := startPair(t, hello)
	_ = os.WriteFile(p.own.settings.Plan, []byte(`{"version":1,"targets":{},"routes":{},"guardrails":{},"budgets":{},"agents":{}}`), 0o600)
	p.own.await("the empty plan", func() bool {
		_, state := p.own.do(http.MethodGet, p.own.settings.AdminListen+"/v1/state", "", "")
		return !gjson.Get(state, "targets.a").Exists()
	})
	if status, body := p.shared.ask(); status != 503 || gjson.Get(body, "error.code").Str != "provider_unavailable" {
		t.Errorf("got %d %s", status, body)
	}
}

// The state says which version of each target is in force and what of its credential is missing, without a token and without
// a secret; use and runs are nothing that this gateway knows.
func TestATenantsGatewaySaysWhatItHas(t *testing.T) {
	p := startPair(t, hello)
	_, state := p.own.do(http.MethodGet, p.own.settings.AdminListen+"/v1/state", "", "")
	if gjson.Get(state, "targets.a.state").Str != "Idle" || !strings.HasPrefix(gjson.Get(state, "targets.a.digest").Str, "sha256:") || strings.Contains(state, "key-of-the-tenant") {
		t.Errorf("got %s", state)
	}
	_ = os.Remove(filepath.Join(p.own.settings.Secrets, "agentops-own", "key"))
	p.own.await("the missing key", func() bool {
		_, state = p.own.do(http.MethodGet, p.own.settings.AdminListen+"/v1/state", "", "")
		return gjson.Get(state, "targets.a.state").Str == "CredentialMissing"
	})
	if status, _ := p.own.do(http.MethodGet, p.own.settings.AdminListen+"/v1/usage?agent=shop/billing", "", ""); status != 404 {
		t.Errorf("usage: got %d", status)
	}
	if status, body := p.shared.ask(); status != 503 || !strings.Contains(body, "provider_unavailable") {
		t.Errorf("got %d %s", status, body)
	}
}
