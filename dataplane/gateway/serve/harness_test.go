package serve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/limits"
	"agentops.dev/dataplane/redistest"
)

// world is a gateway between a client and providers, over real sockets.
type world struct {
	t         *testing.T
	url       string
	planFile  string
	server    *Server
	live      *live.Live
	a, b      *provider
	key       *ecdsa.PrivateKey
	store     *limits.Client
	anthropic *provider

	mu      sync.Mutex
	reports []*telemetry.Report
}

// Call implements telemetry.Sink.
func (w *world) Call(r *telemetry.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, r)
}

func (w *world) report() *telemetry.Report {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.reports) == 0 {
		w.t.Fatal("no report")
	}
	return w.reports[len(w.reports)-1]
}

// newWorld starts one; change edits the plan before it is in force.
func newWorld(t *testing.T, change func(p *plan.Plan)) *world {
	t.Helper()
	w := &world{t: t, a: newProvider(t, "a"), b: newProvider(t, "b"), anthropic: newProvider(t, "anthropic")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.key = key
	dir := t.TempDir()
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256"}}})
	w.write(filepath.Join(dir, "jwks.json"), set)
	_ = os.MkdirAll(filepath.Join(dir, "secrets", "agentops-a"), 0o755)
	w.write(filepath.Join(dir, "secrets", "agentops-a", "key"), []byte("secret-of-a\n"))
	w.planFile = filepath.Join(dir, "plan.v1.json")
	w.setPlan(w.plan(change))
	w.live = live.New(time.Now)
	if _, err := w.live.Load(w.planFile); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Live: w.live, Clients: upstream.NewClients(filepath.Join(dir, "secrets"), "", "test"), Board: route.NewBoard(), Sink: w, MaxBody: 1 << 20, CacheMiB: 1, Now: time.Now,
		Verifier: identity.NewVerifier(identity.NewKeys(identity.Source{KeysFile: filepath.Join(dir, "jwks.json"), Issuer: "https://issuer"}, time.Now), nil, func(identity.Reason) {}, time.Now),
	}
	w.store = redisStore(t)
	if w.store != nil {
		o.Store = w.store
	}
	w.server = New(o)
	front := httptest.NewServer(w.server)
	t.Cleanup(front.Close)
	w.url = front.URL
	return w
}

func (w *world) write(path string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) setPlan(p *plan.Plan) {
	data, _ := json.Marshal(p)
	w.write(w.planFile, data)
}

// plan has timeouts that no test waits for: the first translated call compiles the library's converters, which takes its time
// on a busy machine.
//
// It routes "chat" over a and b, "claude" to the provider that speaks Anthropic's language.
func (w *world) plan(change func(p *plan.Plan)) *plan.Plan {
	target := func(p *provider, kind plan.Provider) plan.Target {
		return plan.Target{Provider: kind, Endpoint: p.url, Model: "model-" + p.name, TimeoutMilliseconds: 60_000, StreamIdleMilliseconds: 60_000,
			Price: &plan.Price{Input: 1_000_000, Output: 2_000_000}}
	}
	next := plan.OnError{RateLimited: plan.Next, ServerError: plan.Next, Timeout: plan.Next, Connection: plan.Next, Unauthorized: plan.Next, InvalidResponse: plan.Next}
	routeTo := func(names ...string) plan.Route {
		r := plan.Route{Routing: plan.Priority, CooldownSeconds: 60, FailuresToCooldown: 1, OnError: next}
		for _, n := range names {
			r.Targets = append(r.Targets, plan.RouteTarget{Target: n})
		}
		return r
	}
	a := target(w.a, plan.OpenAICompatible)
	a.Credential = &plan.Credential{Secret: "agentops-a", Keys: map[plan.Role]string{plan.APIKey: "key"}}
	native := target(w.a, plan.OpenAI)
	native.Credential = a.Credential
	p := &plan.Plan{
		Version: 1,
		Targets: map[string]plan.Target{"a": a, "b": target(w.b, plan.OpenAICompatible), "native": native, "claude": target(w.anthropic, plan.Anthropic)},
		Routes:  map[string]plan.Route{"chat": routeTo("a", "b"), "native": routeTo("native"), "claude": routeTo("claude"), "only-b": routeTo("b")},
		Agents: map[string]plan.Agent{"shop/billing": {
			Team: "payments", UseCase: "invoices", Models: map[string]string{"chat": "chat", "native": "native", "claude": "claude"}, MaxOutputTokens: 1000,
			Execution: plan.Execution{OnStateError: plan.Deny}, OnUnknownPrice: plan.Allow, OnGatewayDown: plan.Refuse,
		}},
	}
	if change != nil {
		change(p)
	}
	return p
}

// agent edits the one agent of a plan.
func agent(p *plan.Plan, change func(a *plan.Agent)) {
	a := p.Agents["shop/billing"]
	change(&a)
	p.Agents["shop/billing"] = a
}

func (w *world) token(change func(map[string]any)) string {
	claims := map[string]any{
		"iss": "https://issuer", "aud": []string{"agentops/shop/billing"}, "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{"namespace": "shop", "serviceaccount": map[string]string{"name": "billing"}, "pod": map[string]string{"name": "billing-0", "uid": "u0"}},
	}
	if change != nil {
		change(claims)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: w.key, KeyID: "k"}}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) get(path string) gjson.Result { return gjson.Get(a.text, path) }

// events are the data of a stream.
func (a answer) events() (out []string) {
	for line := range strings.SplitSeq(a.text, "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			out = append(out, data)
		}
	}
	return out
}

// end is the last event of a stream.
func (a answer) end() string {
	events := a.events()
	if len(events) == 0 {
		return ""
	}
	return events[len(events)-1]
}

func (w *world) post(path, body string, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+path, bytes.NewBufferString(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token(nil))
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for key, values := range resp.Trailer {
		resp.Header[key] = values
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func (w *world) chat(more string, headers ...string) answer {
	w.t.Helper()
	return w.post("/v1/chat/completions", `{"model":"chat","messages":[{"role":"user","content":"hello there"}]`+more+`}`, headers...)
}

// redisStore starts a real Redis for one test; nil where there is none.
func redisStore(t *testing.T) *limits.Client {
	t.Helper()
	if !redistest.Installed(t) {
		return nil
	}
	socket, _ := redistest.Start(t)
	c, err := limits.New(limits.Options{URL: "unix://" + socket, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 2000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}

// needsStore skips a test of limits where no Redis is installed.
func (w *world) needsStore() {
	w.t.Helper()
	if w.store == nil {
		w.t.Skip("redis-server is missing: make redis")
	}
}

func (w *world) runState(run string) *limits.Run {
	w.t.Helper()
	r, err := w.store.Run(context.Background(), "shop/billing", run)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// judged holds the answers of the cheaper target back, and judges them by a pattern.
func judged(pattern string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		r := p.Routes["chat"]
		r.Routing, r.Escalation = plan.CostFirst, &plan.Escalation{On: []plan.Signal{plan.JudgeRule}, Judge: []string{pattern}}
		p.Routes["chat"] = r
	}
}
