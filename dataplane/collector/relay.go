package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"agentops.dev/dataplane/collector/api"
	"agentops.dev/dataplane/collector/canary"
	"agentops.dev/dataplane/collector/embed"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/store"
	"agentops.dev/dataplane/collector/volume"
	"agentops.dev/dataplane/collector/watchprovider"
	"agentops.dev/dataplane/identity"
)

// relayState is what outlives the pipelines.
type relayState struct {
	api.Relay
	counters *relay.Counters
}

// Stored and StoreFailed are what the trace store tells.
func (r *relayState) Stored(k relay.Key, spans int) { r.Fleet.Stored(k, spans) }

// StoredCalls are spans of the gateway among them.
func (r *relayState) StoredCalls(k relay.Key, spans int) { r.Fleet.StoredCalls(k, spans) }

// StoreFailed counts what was not stored.
func (r *relayState) StoreFailed(items int) { r.counters.StoreFailed(items) }

func runRelay(ctx context.Context, config string) error {
	r, err := newRelay()
	if err != nil {
		return err
	}
	defer r.Store.Close()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	agents := cmp.Or(os.Getenv("AGENTOPS_AGENTS"), filepath.Join(filepath.Dir(config), "agents.json"))
	r.Agents.Refresh(agents)
	go r.Agents.Watch(watching, agents, time.Second)
	go r.Store.Watch(watching, time.Minute)
	go r.Volume.Watch(watching, time.Second)
	if address := os.Getenv("AGENTOPS_LISTEN_CANARY"); address != "" {
		if r.Canary, err = canary.Serve(watching, address); err != nil {
			return err
		}
	}
	p := relayComponents(r)
	return start(ctx, settings(p, watchprovider.Scheme+":"+config, watchprovider.NewFactory(watchprovider.Options{
		Fallback: []byte(embed.Relay),
		Try:      r.tryWithRoom(try(p)),
		Outcome:  r.Config,
		Poll:     time.Second,
	})))
}

func newRelay() (*relayState, error) {
	limits, err := storeLimits()
	if err != nil {
		return nil, err
	}
	dir := cmp.Or(os.Getenv("AGENTOPS_STORE"), "/var/lib/agentops/store")
	s, err := store.Open(dir, limits, time.Now)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r := &relayState{counters: relay.NewCounters(registry)}
	agents := &relay.Agents{}
	host, _ := os.Hostname()
	r.Relay = api.Relay{
		ID:       cmp.Or(os.Getenv("AGENTOPS_POD_NAME"), host),
		Version:  version,
		Operator: os.Getenv("AGENTOPS_OPERATOR_SUBJECT"),
		Agents:   agents,
		Fleet:    relay.NewFleet(bootID(), agents.Known, time.Now),
		Backends: relay.NewBackends(time.Now),
		Config:   relay.NewConfig(time.Now),
		Store:    s,
		Volume:   volume.New(filepath.Dir(dir)),
		Registry: registry,
	}
	r.Volume.Look()
	r.Verifier = identity.NewVerifier(identity.NewKeys(issuer(), time.Now), r.account, r.refused, time.Now)
	relay.Register(registry, r.Fleet, r.Backends, r.Config, s.Bytes, r.Volume.Full)
	return r, nil
}

// tryWithRoom puts off a configuration while the volume is full: queues that cannot be opened would end the process, and
// the next one, and with them what the relay can still do.
func (r *relayState) tryWithRoom(try func(context.Context, []byte) error) func(context.Context, []byte) error {
	return func(ctx context.Context, config []byte) error {
		if full := r.Volume.Full(); full != "" {
			return fmt.Errorf("%w: %s", watchprovider.ErrLater, full)
		}
		return try(ctx, config)
	}
}

// holding says why a configuration that starts now takes nothing: because the volume is full, and for good when it only
// stands in for one that waits for room. It has no backends, so they would never get what it took.
func (r *relayState) holding() func() string {
	state := r.Config.State()
	if state.Digest != "" || !strings.HasPrefix(state.Error, watchprovider.ErrLater.Error()) {
		return r.Volume.Hold
	}
	return func() string { return cmp.Or(r.Volume.Hold(), state.Error) }
}

func (r *relayState) account(namespace, agent string) string {
	a, _ := r.Agents.Get(relay.Key{Namespace: namespace, Agent: agent})
	return a.ServiceAccountName
}

func (r *relayState) refused(reason identity.Reason) { r.counters.Refused(string(reason)) }

// issuer is the API server that the relay's own pod talks to; the variables are for clusters that differ, and for tests.
func issuer() identity.Source {
	const account = "/var/run/secrets/kubernetes.io/serviceaccount/"
	if server := os.Getenv("AGENTOPS_ISSUER_SERVER"); server != "" {
		return identity.Source{Server: server, CAFile: os.Getenv("AGENTOPS_ISSUER_CA"), TokenFile: os.Getenv("AGENTOPS_ISSUER_TOKEN")}
	}
	return identity.Source{Server: "https://kubernetes.default.svc", CAFile: account + "ca.crt", TokenFile: account + "token"}
}

func storeLimits() (store.Limits, error) {
	limits := store.Limits{MaxBytes: 1 << 30, MaxFileBytes: 8 << 20, MaxFileAge: 10 * time.Minute, Retention: 7 * 24 * time.Hour}
	if text := os.Getenv("AGENTOPS_STORE_MAX_BYTES"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return limits, fmt.Errorf("AGENTOPS_STORE_MAX_BYTES: %q is no number of bytes", text)
		}
		limits.MaxBytes = n
	}
	if text := os.Getenv("AGENTOPS_STORE_RETENTION"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return limits, fmt.Errorf("AGENTOPS_STORE_RETENTION: %q is no duration; write it as 168h", text)
		}
		limits.Retention = d
	}
	return limits, nil
}

// bootID tells this process from an earlier one of the same name.
func bootID() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
