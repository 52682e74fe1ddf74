package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestNoSpanIsLostWhileRulesSwap(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.sidecar()
	const batches, size, swaps = 100, 100, 8
	for i := range batches {
		if i%(batches/swaps) == 0 {
			r.write("pod/rules/rules.v1.json", rules(fmt.Sprintf("block-%d", i)))
		}
		r.send(batch(size, i*size))
		time.Sleep(100 * time.Millisecond)
	}
	r.eventually("all spans are stored", func() bool { return r.storedSpans() >= batches*size })
	if n := r.storedSpans(); n != batches*size {
		t.Errorf("%d spans are stored, want %d", n, batches*size)
	}
	if text := r.stored(); strings.Contains(text, secret) {
		t.Error("a span passed unmasked during a swap")
	}
	r.eventually("the relay knows the rules in force", func() bool {
		o := r.observe()
		return len(o.Agents) == 1 && len(o.Agents[0].Pods) == 1 && o.Agents[0].Pods[0].RulesSource == "Config"
	})
}

// rules returns a rules file without a digest, which is then not checked.
func rules(blocked string) string {
	return fmt.Sprintf(`{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"},{"name":"Email","action":"Redact"}],"rules":[],"blockKeys":[%q],"hashKey":"current"}`, blocked)
}

func TestARelayThatComesBackGetsWhatWasSent(t *testing.T) {
	r := newRig(t)
	first := r.relay()
	r.sidecar()
	r.send(batch(10, 0))
	r.eventually("the first spans are stored", func() bool { return r.storedSpans() == 10 })
	first.stop(t)
	for i := range 20 {
		r.send(batch(10, 10+i*10))
	}
	r.relay()
	r.eventually("all spans are stored", func() bool { return r.storedSpans() >= 210 })
	if n := r.storedSpans(); n != 210 {
		t.Errorf("%d spans are stored, want 210", n)
	}
}

func TestABackendGetsWhatItWasDownFor(t *testing.T) {
	r := newRig(t)
	var status, got atomic.Int64
	status.Store(http.StatusServiceUnavailable)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer the-key" {
			t.Errorf("authorization %q", req.Header.Get("Authorization"))
		}
		if status.Load() == http.StatusOK {
			got.Add(1)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer backend.Close()
	r.env["RELAY_PHOENIX"] = backend.URL
	r.write("secrets/agentops-phoenix/api-key", "the-key\n")
	relay := r.relay()
	r.sidecar()
	r.send(batch(5, 0))
	state := func(want string) func() bool {
		return func() bool {
			for _, b := range r.observe().Relay.Backends {
				if b.Name == "agentops-system/phoenix" {
					return b.State == want
				}
			}
			return false
		}
	}
	r.eventually("the backend is failing", state("Failing"))
	relay.stop(t)
	status.Store(http.StatusOK)
	r.relay()
	r.eventually("the backend delivers what the disk kept", func() bool { return got.Load() > 0 && state("Delivering")() })
	r.eventually("items are counted", func() bool {
		for _, b := range r.observe().Relay.Backends {
			if b.Sent == 5 && b.Queued == 0 {
				return true
			}
		}
		return false
	})
}

func TestABadConfigurationLeavesTheLastGoodOneInForce(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.sidecar()
	good := r.observe().Relay.Config.Digest
	r.write("etc/relay.yaml", "receivers: {otlp: {no_such_field: 1}}")
	r.eventually("the refusal is reported", func() bool { return r.observe().Relay.Config.Error != "" })
	if got := r.observe().Relay.Config.Digest; got != good {
		t.Errorf("digest %s, want the last good %s", got, good)
	}
	r.send(batch(3, 0))
	r.eventually("the relay goes on", func() bool { return r.storedSpans() == 3 })
}

func TestNoSpanIsLostWhileTheRelayChangesItsConfiguration(t *testing.T) {
	r := newRig(t)
	var down atomic.Bool
	var delivered atomic.Int64
	down.Store(true)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		delivered.Add(int64(spansIn(t, req)))
	}))
	defer backend.Close()
	r.env["RELAY_PHOENIX"] = backend.URL
	r.write("secrets/agentops-phoenix/api-key", "the-key")
	relay := r.relay()
	r.sidecar()
	config, err := os.ReadFile("testdata/relay.yaml")
	must(t, err)
	const size, changes = 20, 8
	sent := 0
	for i := range changes {
		r.write("etc/relay.yaml", fmt.Sprintf("# %d\n%s", i, config))
		// A change that is written before the last one came through would take its place.
		r.eventually("the change comes through", func() bool {
			r.send(batch(size, sent))
			sent += size
			return strings.Count(relay.logs.String(), "Config updated") > i
		})
	}
	r.eventually("all spans are stored", func() bool { return r.storedSpans() >= sent })
	down.Store(false)
	r.eventually("the backend has what the disk kept over all changes", func() bool { return delivered.Load() >= int64(sent) })
	// A request whose answer was cut off is sent again: more than once is possible, less is not.
	t.Logf("%d spans were sent, %d are stored, %d delivered", sent, r.storedSpans(), delivered.Load())
	if o := r.observe(); o.Relay.Config.Error != "" {
		t.Errorf("a good configuration was refused: %s", o.Relay.Config.Error)
	}
	relay.stop(t)
}

// spansIn counts the spans of an export.
func spansIn(t *testing.T, req *http.Request) int {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			t.Error(err)
			return 0
		}
		body = unzipped
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Error(err)
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		t.Error(err)
	}
	return td.SpanCount()
}
