package forwarder

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"agentops.dev/dataplane/freeport"
)

// start runs the forwarder as the collector does and returns its base URL.
func start(t *testing.T, change func(*Config)) string {
	t.Helper()
	return startBeside(t, &told{}, change)
}

// told is what a sidecar would report.
type told struct {
	mu               sync.Mutex
	problem          string
	direct, unserved int
}

func (w *told) change(with func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	with()
}
func (w *told) Problem(text string) { w.change(func() { w.problem = text }) }
func (w *told) Solved(string)       { w.change(func() { w.problem = "" }) }
func (w *told) Direct()             { w.change(func() { w.direct++ }) }
func (w *told) Unserved()           { w.change(func() { w.unserved++ }) }

func (w *told) state() (problem string, direct, unserved int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	word, _, _ := strings.Cut(w.problem, ":")
	return word, w.direct, w.unserved
}

func startBeside(t *testing.T, witness Witness, change func(*Config)) string {
	t.Helper()
	factory := NewFactory(witness)
	config := factory.CreateDefaultConfig().(*Config)
	config.Listen = freeport.Address(t)
	config.TokenFile = filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(config.TokenFile, []byte("first\n"), 0o600))
	change(config)
	must(t, config.Validate())
	extension, err := factory.Create(context.Background(), extensiontest.NewNopSettings(Type), config)
	must(t, err)
	must(t, extension.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { must(t, extension.Shutdown(context.Background())) })
	return "http://" + config.Listen
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func call(t *testing.T, base, path string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(`{"model":"chat"}`))
	must(t, err)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer, string(text)
}

// echo answers with the path, the headers that matter here and the body.
func echo(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"path": r.URL.Path, "authorization": r.Header.Get("Authorization"), "key": r.Header.Get("X-Api-Key"),
			"run": r.Header.Get("X-Agentops-Run-Id"), "trace": r.Header.Get("Traceparent"), "body": string(body),
		})
	}))
	t.Cleanup(server.Close)
	return server
}

func TestCallCarriesThePodsTokenAndNoneOfTheAgents(t *testing.T) {
	base := start(t, func(c *Config) { c.Gateway = echo(t).URL })
	_, text := call(t, base, "/v1/chat/completions", map[string]string{
		"Authorization": "Bearer sk-agent", "X-Api-Key": "sk-agent", "X-Agentops-Run-Id": "r1", "Traceparent": "00-a-b-01",
	})
	want := `{"authorization":"Bearer first","body":"{\"model\":\"chat\"}","key":"","path":"/v1/chat/completions","run":"r1","trace":"00-a-b-01"}`
	if strings.TrimSpace(text) != want {
		t.Errorf("the gateway saw %s, want %s", text, want)
	}
}

func TestRotatedTokenIsUsedByTheNextCall(t *testing.T) {
	var file string
	base := start(t, func(c *Config) { c.Gateway, file = echo(t).URL, c.TokenFile })
	must(t, os.WriteFile(file, []byte("second"), 0o600))
	if _, text := call(t, base, "/v1/models", nil); !strings.Contains(text, "Bearer second") {
		t.Errorf("the gateway saw %s", text)
	}
}

func TestPieceOfAStreamArrivesBeforeTheNextIsMade(t *testing.T) {
	next := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: one\n")
		w.(http.Flusher).Flush()
		<-next
		_, _ = io.WriteString(w, "data: two\n")
	}))
	t.Cleanup(gateway.Close)
	base := start(t, func(c *Config) { c.Gateway = gateway.URL })
	answer, err := http.Post(base+"/v1/chat/completions", "application/json", strings.NewReader("{}"))
	must(t, err)
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	first, err := lines.ReadString('\n')
	must(t, err)
	close(next) // only now is the second piece made: a proxy that gathers would never have given the first
	second, err := lines.ReadString('\n')
	must(t, err)
	if first+second != "data: one\ndata: two\n" {
		t.Errorf("got %q", first+second)
	}
}

func TestGatewayThatIsAwayIsAnErrorOfTheClientsOwnKind(t *testing.T) {
	base := start(t, func(c *Config) { c.Gateway = "http://" + freeport.Address(t) })
	for path, want := range map[string]string{
		"/v1/chat/completions": `{"error":{"code":"gateway_unreachable"`,
		"/v1/messages":         `{"error":{"code":"gateway_unreachable"`,
	} {
		answer, text := call(t, base, path, nil)
		if answer.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(text, want) || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", path, answer.StatusCode, text)
		}
		if outer := strings.Contains(text, `"type":"error"`); outer != (path == "/v1/messages") {
			t.Errorf("%s answers %s", path, text)
		}
	}
}

func TestMissingTokenStopsTheCall(t *testing.T) {
	base := start(t, func(c *Config) { c.Gateway, c.TokenFile = echo(t).URL, filepath.Join(t.TempDir(), "none") })
	answer, text := call(t, base, "/v1/models", nil)
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "token_unavailable") {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}

func TestDirectGoesToTheProviderWithTheAgentsOwnKeyAndBody(t *testing.T) {
	base := start(t, func(c *Config) {
		c.Gateway, c.OnGatewayDown = "http://"+freeport.Address(t), Direct
		c.OpenAI, c.Anthropic = echo(t).URL, echo(t).URL
	})
	answer, text := call(t, base, "/v1/messages", map[string]string{"X-Api-Key": "sk-agent"})
	if !strings.Contains(text, `"key":"sk-agent"`) || !strings.Contains(text, `"authorization":""`) || !strings.Contains(text, "chat") {
		t.Errorf("the provider saw %s", text)
	}
	if answer.Header.Get("X-Agentops-Route") != "direct" {
		t.Errorf("the answer does not say that it went around the gateway: %v", answer.Header)
	}
}

func TestDirectDoesNotRepeatACallThatTheGatewayTook(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(gateway.Close)
	provider := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the provider was asked although the gateway may have asked it already")
	}))
	t.Cleanup(provider.Close)
	base := start(t, func(c *Config) { c.Gateway, c.OnGatewayDown, c.OpenAI = gateway.URL, Direct, provider.URL })
	if answer, text := call(t, base, "/v1/chat/completions", nil); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}

func TestCallsWithoutAGatewayAreToldUntilItIsBack(t *testing.T) {
	for way, want := range map[string]*told{
		Refuse: {problem: "GatewayAway", unserved: 2},
		Direct: {problem: "GoesDirect", direct: 2},
	} {
		witness, address := &told{}, freeport.Address(t)
		base := startBeside(t, witness, func(c *Config) {
			c.Gateway, c.OnGatewayDown, c.OpenAI = "http://"+address, way, echo(t).URL
		})
		for range 2 {
			call(t, base, "/v1/chat/completions", nil)
		}
		if problem, direct, unserved := witness.state(); problem != want.problem || direct != want.direct || unserved != want.unserved {
			t.Errorf("%s: %s, %d direct, %d unserved", way, problem, direct, unserved)
		}
		// Nobody calls any more: that the gateway is back is seen all the same.
		listener, err := net.Listen("tcp", address)
		must(t, err)
		deadline := time.Now().Add(time.Minute)
		for problem, _, _ := witness.state(); problem != ""; problem, _, _ = witness.state() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: still %s", way, problem)
			}
			time.Sleep(20 * time.Millisecond)
		}
		must(t, listener.Close())
	}
}

func TestConfigurationIsRefusedWithFieldAndValue(t *testing.T) {
	good := Config{
		Listen: "127.0.0.1:4319", Gateway: "http://gateway:4000", OnGatewayDown: Refuse, OpenAI: "https://a", Anthropic: "https://b",
	}
	for want, change := range map[string]func(*Config){
		`listen: "0.0.0.0:4319"`:   func(c *Config) { c.Listen = "0.0.0.0:4319" },
		`gateway: "gateway:4000"`:  func(c *Config) { c.Gateway = "gateway:4000" },
		`on_gateway_down: "Maybe"`: func(c *Config) { c.OnGatewayDown = "Maybe" },
		`anthropic: "ftp://a"`:     func(c *Config) { c.Anthropic = "ftp://a" },
	} {
		config := good
		change(&config)
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not hold %s", err, want)
		}
	}
	if err := (&Config{}).Validate(); err != nil {
		t.Errorf("a sidecar without gateway is refused: %v", err)
	}
}
