package gateway

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
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"agentops.dev/dataplane/freeport"
	"agentops.dev/dataplane/identity"
)

const planText = `{"version":1,"targets":{"a":{"provider":"openai-compatible","endpoint":"URL","model":"m","timeoutMilliseconds":5000,"streamIdleMilliseconds":5000,"price":{"input":1000000,"output":1000000}}},
"routes":{"chat":{"routing":"Priority","targets":[{"target":"a"}],"retries":0,"cooldownSeconds":1,"failuresToCooldown":1,"onError":{"rateLimited":"Next","serverError":"Next","timeout":"Next","connection":"Next","unauthorized":"Next","invalidResponse":"Next"}}},
"guardrails":{},"budgets":{},"agents":{"shop/billing":{"team":"payments","useCase":"invoices","release":"r1","models":{"chat":"chat"},"maxOutputTokens":100,"execution":{"run":{},"onStateError":"Deny"},"budgets":[],"guardrails":{"input":[],"output":[]},"onUnknownPrice":"Allow","onGatewayDown":"Refuse"}}}`

// node is a whole process of a gateway, on ports of its own.
type node struct {
	t        *testing.T
	settings Settings
	key      *ecdsa.PrivateKey
	ended    chan error
	stop     context.CancelFunc
}

func startNode(t *testing.T, provider http.HandlerFunc, change func(*Settings)) *node {
	t.Helper()
	upstream := httptest.NewServer(provider)
	t.Cleanup(upstream.Close)
	dir := t.TempDir()
	n := &node{t: t, ended: make(chan error, 1)}
	n.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: n.key.Public(), KeyID: "k", Algorithm: "ES256"}}})
	_ = os.WriteFile(filepath.Join(dir, "jwks"), set, 0o600)
	_ = os.WriteFile(filepath.Join(dir, "plan"), []byte(strings.Replace(planText, "URL", upstream.URL, 1)), 0o600)
	n.settings = Settings{
		Plan: filepath.Join(dir, "plan"), Secrets: dir, Listen: freeport.Address(t), AdminListen: freeport.Address(t), Metrics: freeport.Address(t), MaxBody: 1 << 20, Drain: 10 * time.Second, ID: "gw-0",
		Version: "test", CacheMiB: 1, Issuer: identity.Source{KeysFile: filepath.Join(dir, "jwks"), Issuer: "https://issuer"},
		Operator: "system:serviceaccount:agentops-system:agentops-operator",
	}
	if change != nil {
		change(&n.settings)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.stop = cancel
	go func() { n.ended <- Run(ctx, n.settings) }()
	t.Cleanup(cancel)
	n.await("ready", func() bool {
		resp, err := http.Get("http://" + n.settings.AdminListen + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	})
	return n
}

func (n *node) await(what string, done func() bool) {
	n.t.Helper()
	for range 2000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	n.t.Fatalf("waited in vain: %s", what)
}

func (n *node) token(audience, namespace, account string) string {
	n.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: n.key, KeyID: "k"}}, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(map[string]any{"iss": "https://issuer", "aud": []string{audience}, "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{"namespace": namespace, "serviceaccount": map[string]string{"name": account}, "pod": map[string]string{"name": "p", "uid": "u"}}}).Serialize()
	if err != nil {
		n.t.Fatal(err)
	}
	return text
}

func (n *node) do(method, url, token, body string, headers ...string) (int, string) {
	n.t.Helper()
	req, _ := http.NewRequest(method, "http://"+url, bytes.NewBufferString(body))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

const question = `{"model":"chat","messages":[{"role":"user","content":"hello, my secret word is xylophone"}]}`

func (n *node) ask(headers ...string) (int, string) {
	return n.do(http.MethodPost, n.settings.Listen+"/v1/chat/completions", n.token("agentops/shop/billing", "shop", "billing"), question, headers...)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte(`{"id":"c","model":"m-2026","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}`))
}

// The admin port says which plan is in force and how targets do, to the operator alone; the metrics name agent and cost.
func TestThePortsTellWhatIs(t *testing.T) {
	n := startNode(t, hello, nil)
	if status, text := n.ask(); status != 200 {
		t.Fatal(status, text)
	}
	operator := n.token(identity.ReaderAudience, "agentops-system", "agentops-operator")
	status, text := n.do(http.MethodGet, n.settings.AdminListen+"/v1/state", operator, "")
	if status != 200 || gjson.Get(text, "plan.source").Str != "Config" || gjson.Get(text, "targets.a.state").Str != "Ready" || gjson.Get(text, "store.state").Str != "None" || gjson.Get(text, "gateway.id").Str != "gw-0" {
		t.Errorf("got %d %s", status, text)
	}
	if status, _ := n.do(http.MethodGet, n.settings.AdminListen+"/v1/state", n.token(identity.ReaderAudience, "shop", "billing"), ""); status != 403 {
		t.Errorf("somebody else got %d", status)
	}
	if status, _ := n.do(http.MethodGet, n.settings.AdminListen+"/v1/state", "", ""); status != 401 {
		t.Errorf("nobody got %d", status)
	}
	_, metrics := n.do(http.MethodGet, n.settings.Metrics+"/metrics", "", "")
	for _, want := range []string{
		`agentops_gateway_calls_total{code="ok",dev_agentops_agent="billing",dev_agentops_release="r1",dev_agentops_team="payments",dev_agentops_use_case="invoices",gen_ai_operation_name="chat",gen_ai_provider_name="openai_compatible",gen_ai_request_model="chat",k8s_namespace_name="shop"} 1`,
		`agentops_gateway_cost_usd_total{dev_agentops_agent="billing"`, `agentops_gateway_plan_info{digest="sha256:`, `agentops_gateway_attempts_total{class="Answered"`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// A call is a span in the client's trace, with usage, cost and attribution, and without what was said.
func TestACallIsASpanWithoutContent(t *testing.T) {
	got := make(chan []byte, 16)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		got <- data
	}))
	defer sink.Close()
	n := startNode(t, hello, func(s *Settings) { s.OTLPEndpoint = sink.URL })
	n.ask("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	n.stop()
	if err := <-n.ended; err != nil {
		t.Fatal(err)
	}
	data := <-got
	if bytes.Contains(data, []byte("xylophone")) {
		t.Error("a prompt is in the span")
	}
	req := ptraceotlp.NewExportRequest()
	if err := req.UnmarshalProto(data); err != nil {
		t.Fatal(err)
	}
	span := req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	if span.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" || span.ParentSpanID().String() != "00f067aa0ba902b7" || span.Name() != "chat chat" {
		t.Errorf("span %s of %s in %s", span.Name(), span.ParentSpanID(), span.TraceID())
	}
	attributes := span.Attributes().AsRaw()
	for key, want := range map[string]any{"dev.agentops.usage.input_tokens": int64(10), "gen_ai.response.model": "m-2026", "dev.agentops.team": "payments",
		"dev.agentops.cost.usd": 0.000015, "gen_ai.conversation.id": "4bf92f3577b34da6a3ce929d0e0e4736"} {
		if attributes[key] != want {
			t.Errorf("%s = %v, want %v", key, attributes[key], want)
		}
	}
}

// A gateway that is told to end lets open calls end, and tells those who ask whether it is ready that it is not.
func TestAGatewayDrains(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	n := startNode(t, func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(began) })
		<-release
		hello(w, r)
	}, nil)
	answered := make(chan int, 1)
	go func() {
		status, _ := n.ask()
		answered <- status
	}()
	<-began
	n.stop()
	n.await("not ready", func() bool {
		status, _ := n.do(http.MethodGet, n.settings.AdminListen+"/readyz", "", "")
		return status == 503
	})
	// A Service sends calls here until every node knows better.
	late := make(chan int, 1)
	go func() {
		status, _ := n.ask()
		late <- status
	}()
	close(release)
	if status := <-late; status != 200 {
		t.Errorf("a call that came while the gateway leaves got %d", status)
	}
	if status := <-answered; status != 200 {
		t.Errorf("the open call got %d", status)
	}
	if err := <-n.ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// A setting that cannot be meant stops the start with one error that names it.
func TestSettingsThatAreRefused(t *testing.T) {
	for name, value := range map[string]string{"AGENTOPS_MAX_BODY_BYTES": "many", "AGENTOPS_DRAIN_SECONDS": "-1", "AGENTOPS_ISSUER_JWKS": "/keys"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if _, err := FromEnvironment("test"); err == nil || !strings.Contains(err.Error(), "AGENTOPS_") {
				t.Errorf("got %v", err)
			}
		})
	}
}
