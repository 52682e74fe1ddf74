package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"agentops.dev/dataplane/freeport"
)

// The test binary is the program too: with this variable it runs the command line instead of the tests.
const asProgram = "AGENTOPS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// issuerServer is an API server as far as tokens go.
type issuerServer struct {
	*httptest.Server
	signer jose.Signer
}

func newIssuer(t *testing.T) *issuerServer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	must(t, err)
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}}}
	mux := http.NewServeMux()
	i := &issuerServer{Server: httptest.NewServer(mux), signer: signer}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL})
	})
	mux.HandleFunc("/openid/v1/jwks", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(set) })
	t.Cleanup(i.Close)
	return i
}

func (i *issuerServer) token(t *testing.T, audience, namespace, account string) string {
	t.Helper()
	text, err := jwt.Signed(i.signer).Claims(map[string]any{
		"iss": i.URL, "aud": []string{audience}, "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{
			"namespace": namespace, "serviceaccount": map[string]string{"name": account},
			"pod": map[string]string{"name": "billing-0", "uid": "uid-0"},
		},
	}).Serialize()
	must(t, err)
	return text
}

// process is a running program.
type process struct {
	cmd  *exec.Cmd
	logs *lines
	done chan error
}

// lines are what a program has written until now; it goes on writing while a test reads.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func launch(t *testing.T, env map[string]string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], args...), logs: &lines{}, done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Stderr, p.cmd.Stdout = p.logs, p.logs
	must(t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("%s:\n%s", args[0], tail(p.logs.String(), 6000))
		}
	})
	return p
}

// stop ends the process as the kubelet does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.done:
		if err != nil {
			t.Errorf("the process ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the process did not end")
	}
}

func (p *process) rss(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(t, err)
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "VmRSS") {
			return strings.TrimSpace(line)
		}
	}
	return "?"
}

// rig is one relay and one sidecar with their files and addresses.
type rig struct {
	t        *testing.T
	issuer   *issuerServer
	dir      string
	env      map[string]string
	otlp     string
	api      string
	metrics  string
	reader   string
	operator string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, issuer: newIssuer(t), dir: t.TempDir()}
	relayOTLP, sidecarOTLP := freeport.Address(t), freeport.Address(t)
	r.otlp, r.api, r.metrics = "http://"+sidecarOTLP, freeport.Address(t), freeport.Address(t)
	r.env = map[string]string{
		"AGENTOPS_STORE": filepath.Join(r.dir, "store"), "AGENTOPS_DIR": filepath.Join(r.dir, "pod"),
		"AGENTOPS_ISSUER_SERVER": r.issuer.URL, "AGENTOPS_OPERATOR_SUBJECT": "system:serviceaccount:agentops-system:operator",
		"RELAY_OTLP": relayOTLP, "RELAY_API": r.api, "RELAY_METRICS": r.metrics, "RELAY_DERIVED": freeport.Address(t), "RELAY_HEALTH": freeport.Address(t),
		"RELAY_QUEUE": filepath.Join(r.dir, "queue"), "RELAY_SECRETS": filepath.Join(r.dir, "secrets"),
		"AGENTOPS_RELAY": "http://" + relayOTLP, "AGENTOPS_RELAY_API": "http://" + r.api,
		"AGENTOPS_LISTEN_GRPC": freeport.Address(t), "AGENTOPS_LISTEN_HTTP": sidecarOTLP, "AGENTOPS_LISTEN_HEALTH": freeport.Address(t),
	}
	r.write("pod/token", r.issuer.token(t, "agentops/shop/billing", "shop", "billing"))
	r.reader = r.issuer.token(t, "agentops-relay", "shop", "viewer")
	r.operator = r.issuer.token(t, "agentops-relay", "agentops-system", "operator")
	config, err := os.ReadFile("testdata/relay.yaml")
	must(t, err)
	r.write("etc/relay.yaml", string(config))
	r.write("etc/agents.json", `{"version":1,"digest":"sha256:a","agents":{"shop/billing":{"team":"payments","useCase":"invoices","backends":["agentops-system/phoenix"],"samplePercent":100}}}`)
	return r
}

// write replaces a file as the kubelet does: the content changes at once, never half.
func (r *rig) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	must(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(r.t, os.WriteFile(path+".new", []byte(text), 0o600))
	must(r.t, os.Rename(path+".new", path))
}

func (r *rig) relay() *process {
	r.t.Helper()
	p := r.startingRelay()
	r.eventually("the relay listens", func() bool { return listens(r.env["RELAY_OTLP"]) })
	return p
}

// startingRelay is one whose receivers may not be there yet.
func (r *rig) startingRelay() *process {
	r.t.Helper()
	p := launch(r.t, r.env, "relay", filepath.Join(r.dir, "etc/relay.yaml"))
	r.eventually("the relay answers", func() bool { return get("http://"+r.api+"/healthz", "") == "ok\n" })
	return p
}

func (r *rig) sidecar() *process {
	r.t.Helper()
	p := launch(r.t, r.env, "sidecar")
	r.eventually("the sidecar listens", func() bool { return listens(strings.TrimPrefix(r.otlp, "http://")) })
	return p
}

func listens(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	r.t.Fatalf("not within 30 seconds: %s", what)
}

// send exports as an SDK does: it tries again while the answer says so.
func (r *rig) send(td ptrace.Traces) {
	r.t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	must(r.t, err)
	for range 100 {
		resp, err := http.Post(r.otlp+"/v1/traces", "application/x-protobuf", bytes.NewReader(body))
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.t.Fatal("the sidecar does not take spans")
}

func (r *rig) stored() string {
	return get("http://"+r.api+"/v1/traces?limit=10000", r.reader)
}

func (r *rig) storedSpans() int {
	n := 0
	for line := range strings.Lines(r.stored()) {
		if !strings.HasPrefix(line, "{") {
			return -1 // the relay is not there just now
		}
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(line))
		must(r.t, err)
		n += td.SpanCount()
	}
	return n
}

func get(url, token string) string {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }
