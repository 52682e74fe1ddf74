package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	replicas   = 3
	nodes      = 3
	crowd      = 300 // agents that call
	allOpen    = many * replicas
	scalePhase = 8 * time.Second
)

var serial atomic.Int64

// fleet is several gateways on a cluster of state stores, and agents that call them.
type fleet struct {
	dir      string
	provider string
	client   *http.Client
	shards   []*shard
	gateways []*exec.Cmd
	urls     []string
	agents   []*agent
	single   *agent   // everybody asks as this one
	pooled   []*agent // have one budget together, besides their own
	sidecar  *exec.Cmd
}

// agent is one that calls.
type agent struct {
	name, token string
	node        int
	calls       atomic.Int64
}

func scaling(gateway, collector string) error {
	dir, err := os.MkdirTemp(memory(), "scaling")
	if err != nil {
		return err
	}
	f := &fleet{dir: dir, client: &http.Client{Transport: &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 1024, DisableCompression: true}}}
	defer f.close()
	if f.provider, err = listen(http.HandlerFunc(answer)); err != nil {
		return err
	}
	if f.shards, err = startShards(dir, nodes); err != nil {
		return err
	}
	if err := errors.Join(f.writeFiles(), f.start(gateway)); err != nil {
		return err
	}
	f.tellSlots()
	if err := f.measure(); err != nil {
		return err
	}
	return f.forward(collector)
}

// names are those of a platform: some teams with some agents each.
func names(many int) []string {
	out := make([]string, many)
	for i := range out {
		out[i] = fmt.Sprintf("team-%d/agent-%d", i%40, i)
	}
	return out
}

func (f *fleet) writeFiles() error {
	i, err := newIssuer()
	if err != nil {
		return err
	}
	agents := map[string]string{}
	for _, name := range slices.Concat(names(crowd), []string{"hot/single"}, pool(names(crowd))) {
		namespace, short, _ := strings.Cut(name, "/")
		token, err := i.token(namespace, short)
		if err != nil {
			return err
		}
		agents[name] = token
		f.agents = append(f.agents, &agent{name: name, token: "Bearer " + token})
	}
	f.single, f.pooled = f.agents[crowd], f.agents[crowd+1:]
	keys, err := i.keys()
	return errors.Join(err, os.MkdirAll(f.file("agentops-a"), 0o700), f.write("jwks", keys), f.write("agentops-a/key", []byte("k")),
		f.write("plan", f.plan()), os.MkdirAll(f.file("pod"), 0o700), f.write("pod/token", []byte(agents["hot/single"])))
}

const pooledBudget = `"budgets":{"pool":{"unit":"Tokens","limit":1000000000000,"window":{"kind":"Month","timeZone":"Europe/Berlin"},"scope":"Shared","ladder":[{"atPercent":100,"action":"Block"}],"mode":"Enforce","onStateError":"Deny"},"usd"`

func pool(names []string) []string {
	for i := range names {
		names[i] = "pool-" + names[i]
	}
	return names
}

// plan gives each agent what the single one of the other benchmark has.
func (f *fleet) plan() []byte {
	head, entry, _ := strings.Cut(filled(plan, f.provider, "", "", ""), `"agents":{"shop/billing":`)
	entry = strings.TrimSuffix(entry, "}}")
	var entries []string
	for i, a := range f.agents {
		if i == crowd+1 {
			entry = strings.Replace(entry, `"budgets":["usd"]`, `"budgets":["usd","pool"]`, 1)
		}
		entries = append(entries, strconv.Quote(a.name)+":"+entry)
	}
	return []byte(strings.Replace(head, `"budgets":{"usd"`, pooledBudget, 1) + `"agents":{` + strings.Join(entries, ",") + "}}")
}

func (f *fleet) file(name string) string { return filepath.Join(f.dir, name) }

func (f *fleet) write(name string, data []byte) error { return os.WriteFile(f.file(name), data, 0o600) }

func (f *fleet) start(program string) error {
	var others []string
	for _, s := range f.shards[1:] {
		others = append(others, s.address)
	}
	for range replicas {
		llm, err := free()
		admin, err2 := free()
		metrics, err3 := free()
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		p := exec.Command(program, "serve")
		p.Env = append(os.Environ(), "AGENTOPS_PLAN="+f.file("plan"), "AGENTOPS_SECRETS="+f.dir, "AGENTOPS_LISTEN="+llm, "AGENTOPS_ADMIN_LISTEN="+admin,
			"AGENTOPS_METRICS_LISTEN="+metrics, "AGENTOPS_REDIS_URL=redis://"+f.shards[0].address, "AGENTOPS_REDIS_TOPOLOGY=Cluster",
			"AGENTOPS_REDIS_ADDRESSES="+strings.Join(others, ","), "AGENTOPS_ISSUER_JWKS="+f.file("jwks"), "AGENTOPS_ISSUER_NAME=bench")
		p.Stderr = os.Stderr
		if err := p.Start(); err != nil {
			return err
		}
		f.gateways, f.urls = append(f.gateways, p), append(f.urls, "http://"+llm)
		if err := patiently(func() bool { return f.answers("http://" + admin + "/readyz") }); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) answers(url string) bool {
	resp, err := f.client.Get(url)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (f *fleet) close() {
	processes := append([]*exec.Cmd{f.sidecar}, f.gateways...)
	for _, s := range f.shards {
		processes = append(processes, s.process)
	}
	for _, p := range processes {
		if p != nil && p.Process != nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	}
	_ = os.RemoveAll(f.dir)
}

var question = []byte(`{"model":"chat","temperature":0.2,"messages":[{"role":"system","content":"You are a careful assistant."},{"role":"user","content":"` +
	prompt + prompt + prompt + prompt + prompt + `"}]}`)

func (f *fleet) ask(base string, a *agent, n int64) error {
	req, err := http.NewRequest(http.MethodPost, base+"/v1/chat/completions", bytes.NewReader(question))
	if err != nil {
		return err
	}
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["Authorization"] = []string{a.token}
	req.Header["X-Agentops-Run-Id"] = []string{"run-" + strconv.FormatInt(n%20, 10)}
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d: %.200s", resp.StatusCode, text)
	}
	a.calls.Add(1)
	return err
}

// phase keeps many calls open, each of an agent and to a gateway that are picked; it returns what was called and used.
func (f *fleet) phase(d time.Duration, open int, pick func() (string, *agent)) (sample, use, error) {
	for _, a := range f.agents {
		a.calls.Store(0)
	}
	processes := f.processes()
	before := useOf(processes, f.shards)
	var s sample
	var mu sync.Mutex
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range open {
		workers.Go(func() {
			for time.Since(began) < d {
				base, a := pick()
				err := f.ask(base, a, next.Add(1))
				mu.Lock()
				s.note(err)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	s.took = time.Since(began)
	if s.failed > 0 {
		return s, use{}, fmt.Errorf("%d of %d calls failed: %s", s.failed, s.done, s.why)
	}
	return s, useOf(processes, f.shards).since(before), nil
}

// processes are the gateways and then the nodes of the store.
func (f *fleet) processes() []*exec.Cmd {
	out := append([]*exec.Cmd{}, f.gateways...)
	for _, s := range f.shards {
		out = append(out, s.process)
	}
	return out
}

func (f *fleet) anyGateway() string { return f.urls[rand.N(len(f.urls))] }
