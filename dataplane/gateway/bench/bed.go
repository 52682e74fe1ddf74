package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/freeport"
	"agentops.dev/dataplane/identity"
)

// bed is a gateway with all that it needs.
type bed struct {
	provider, gateway, token string
	tenant                   string // address of the gateway in the namespace of the agent
	client                   *http.Client
	dir                      string
	store, process           *exec.Cmd
	ready                    time.Duration
}

func newBed(program string) (*bed, error) {
	dir, err := os.MkdirTemp(memory(), "bench")
	if err != nil {
		return nil, err
	}
	b := &bed{dir: dir, client: &http.Client{Transport: &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 1024, DisableCompression: true}}}
	if b.provider, err = listen(http.HandlerFunc(answer)); err != nil {
		return b, err
	}
	spans, err := listen(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	if err != nil {
		return b, err
	}
	if b.tenant, err = free(); err != nil {
		return b, err
	}
	if err := errors.Join(b.startStore(), b.writeFiles()); err != nil {
		return b, err
	}
	// The median of some starts: the first one reads the program from disk.
	for range 3 {
		end(b.process)
		if err := b.startGateway(program, spans); err != nil {
			return b, err
		}
	}
	return b, nil
}

// memory is a file system without a disk, where there is one: Redis writes each command to its file before it answers, and
// what a disk adds to that is told by a figure of its own.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// disk measures how long the disk takes to keep a write; a call waits for two of them.
func disk() {
	f, err := os.CreateTemp("", "fsync")
	if err != nil {
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var s sample
	for range 100 {
		began := time.Now()
		if _, err := f.WriteString("a command of Redis\n"); err != nil || f.Sync() != nil {
			return
		}
		s.each = append(s.each, time.Since(began))
	}
	tell("fsync of this disk, p50", s.percentile(50), "ms")
}

func listen(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(l, h) }()
	return "http://" + l.Addr().String(), nil
}

// free is an address that nobody listens on.
func free() (string, error) {
	port, err := freeport.Find()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

// startStore runs Redis as it is run in a cluster: each command is on disk before it is answered.
func (b *bed) startStore() error {
	b.store = exec.Command("redis-server", "--port", "0", "--unixsocket", b.socket(), "--dir", b.dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "")
	if err := b.store.Start(); err != nil {
		return fmt.Errorf("redis-server: %w; make redis installs it", err)
	}
	db := redis.NewClient(&redis.Options{Addr: b.socket()})
	defer db.Close()
	return patiently(func() bool { return db.Ping(context.Background()).Err() == nil })
}

func (b *bed) socket() string { return filepath.Join(b.dir, "redis.sock") }

func patiently(done func() bool) error {
	for range 10_000 {
		if done() {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("waited ten seconds in vain")
}

const onError = `{"rateLimited":"Next","serverError":"Next","timeout":"Next","connection":"Next","unauthorized":"Next","invalidResponse":"Next"}`

const plan = `{"version":1,"targets":{"a":{"provider":"openai-compatible","endpoint":"URL","model":"m","credential":{"secret":"agentops-a","keys":{"apiKey":"key"}},"timeoutMilliseconds":20000,"streamIdleMilliseconds":20000,"price":{"input":1,"output":1}},"TARGETS":{}},
"routes":{"chat":{"routing":"Priority","targets":[{"target":"a"}],"retries":0,"cooldownSeconds":1,"failuresToCooldown":100,"onError":ONERROR},"ROUTES":{}},
"guardrails":{"secrets":{"mode":"Mask","rules":{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"},{"name":"Email","action":"Redact"},{"name":"PaymentCard","action":"Redact"}],"rules":[],"blockKeys":[]}},"attacks":{"mode":"Block","builtIn":["PromptInjection"]}},
"budgets":{"usd":{"unit":"MicroUSD","limit":1000000000000,"window":{"kind":"Month","timeZone":"Europe/Berlin"},"scope":"Agent","ladder":[{"atPercent":80,"action":"Alert"},{"atPercent":100,"action":"Block"}],"mode":"Enforce","onStateError":"Deny"}},
"agents":{"shop/billing":{"team":"payments","useCase":"invoices","models":{"chat":"chat","MODELS":""},"maxOutputTokens":1000,"execution":{"run":{"steps":{"max":100000000,"action":"Refuse"},"tokens":{"max":100000000000,"action":"Refuse"}},"concurrentCalls":10000,"callsPerMinute":10000000,"onStateError":"Deny"},"budgets":["usd"],"guardrails":{"input":["attacks","secrets"],"output":["secrets"]},"onUnknownPrice":"Allow","onGatewayDown":"Refuse"}}}`

func (b *bed) writeFiles() error {
	i, err := newIssuer()
	if err != nil {
		return err
	}
	token, err := i.token("shop", "billing")
	b.token = "Bearer " + token
	own, failed := i.tokenFor(identity.TenantAudience, "agentops-system", "agentops-gateway")
	if failed != nil {
		return failed
	}
	set, marshalled := i.keys()
	return errors.Join(err, marshalled, os.MkdirAll(filepath.Join(b.dir, "agentops-a"), 0o700), b.write("jwks", set), b.write("tenant-token", []byte(own)),
		b.write("tenant-plan", []byte(strings.Replace(lent, "URL", b.provider, 1))),
		b.write("agentops-a/key", []byte("k")), b.write("plan", []byte(b.failoverPlan(plan))))
}

func (b *bed) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(b.dir, name), data, 0o600)
}

func (b *bed) startGateway(program, spans string) error {
	ports := []string{}
	for range 3 {
		port, err := free()
		if err != nil {
			return err
		}
		ports = append(ports, port)
	}
	file := func(name string) string { return filepath.Join(b.dir, name) }
	b.process = exec.Command(program, "serve")
	b.process.Env = append(os.Environ(), "AGENTOPS_PLAN="+file("plan"), "AGENTOPS_SECRETS="+b.dir, "AGENTOPS_LISTEN="+ports[0], "AGENTOPS_ADMIN_LISTEN="+ports[1],
		"AGENTOPS_METRICS_LISTEN="+ports[2], "AGENTOPS_REDIS_URL=unix://"+b.socket(), "AGENTOPS_ISSUER_JWKS="+file("jwks"), "AGENTOPS_ISSUER_NAME=bench",
		"AGENTOPS_OTLP_ENDPOINT="+spans, "AGENTOPS_TENANT_TOKEN="+file("tenant-token"))
	b.gateway = "http://" + ports[0]
	began := time.Now()
	if err := b.process.Start(); err != nil {
		return err
	}
	err := patiently(func() bool {
		resp, err := b.client.Get("http://" + ports[1] + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	b.ready = time.Since(began)
	return err
}

func (b *bed) close() {
	end(b.process)
	end(b.store)
	_ = os.RemoveAll(b.dir)
}
