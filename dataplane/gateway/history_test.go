package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// relaySink takes spans as the relay does, once it is there.
type relaySink struct {
	*httptest.Server
	away atomic.Bool

	mu    sync.Mutex
	spans []ptrace.Span
	whose []map[string]any
	raw   bytes.Buffer
}

func newRelaySink(t *testing.T) *relaySink {
	s := &relaySink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		if s.away.Load() {
			w.WriteHeader(http.StatusInternalServerError) // nothing that an exporter repeats by itself
			return
		}
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(data); err != nil {
			t.Error(err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.raw.Write(data)
		for _, rs := range req.Traces().ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					s.spans = append(s.spans, span)
					s.whose = append(s.whose, rs.Resource().Attributes().AsRaw())
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// events are those of one run, in the words that a test compares.
func (s *relaySink) events(run string) (found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, span := range s.spans {
		a := span.Attributes().AsRaw()
		if a["dev.agentops.run.id"] != run || a["dev.agentops.run.event"] == nil || s.whose[i]["dev.agentops.agent"] != "billing" || s.whose[i]["k8s.namespace.name"] != "shop" {
			continue
		}
		text := fmt.Sprint(a["dev.agentops.run.event"], " ", a["dev.agentops.run.from"], ">", a["dev.agentops.run.state"], " ", a["dev.agentops.run.reason"])
		for _, key := range []string{"by", "step", "hold", "limit", "target", "next_target", "retry", "release", "release_before"} {
			if v := a["dev.agentops.run."+key]; v != nil {
				text += fmt.Sprint(" ", key, "=", v)
			}
		}
		found = append(found, text)
	}
	return found
}

func (n *node) awaitEvents(s *relaySink, run string, want ...string) {
	n.t.Helper()
	slices.Sort(want)
	defer func() {
		if n.t.Failed() {
			n.t.Logf("told is\n%s", strings.Join(s.events(run), "\n"))
		}
	}()
	n.await("the history", func() bool {
		got := s.events(run)
		slices.Sort(got)
		if len(got) > len(want) || (len(got) == len(want) && !slices.Equal(got, want)) {
			n.t.Fatalf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		return len(got) == len(want)
	})
}

// Every change of a run's state reaches the relay with why and by whom: also in a trace that its client does not sample, and
// also where the relay was away. None of it holds what was said.
func TestTheHistoryOfARunReachesTheRelay(t *testing.T) {
	address, _ := redisSocket(t)
	sink := newRelaySink(t)
	sink.away.Store(true)
	n := startNode(t, hello, func(s *Settings) {
		s.Store.URL, s.OTLPEndpoint = address, sink.URL
		limited(t, s)
	})
	run := []string{"X-Agentops-Run-Id", "r", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}
	n.await("the store answers", func() bool { status, _ := n.ask(run...); return status == 200 })
	n.ask(run...)
	n.decide(`{"id":"d1","agent":"shop/billing","run":"r","hold":1,"verb":"Resume","more":{"steps":1},"by":"ana"}`)
	n.decide(`{"id":"d1","agent":"shop/billing","run":"r","hold":1,"verb":"Resume","more":{"steps":1},"by":"ana"}`)
	n.ask(run...)
	n.decide(`{"id":"d2","agent":"shop/billing","run":"r","verb":"TakeOver","by":"ana"}`)
	n.decide(`{"id":"d3","agent":"shop/billing","run":"r","verb":"Cancel","by":"bob"}`)
	sink.away.Store(false)
	n.awaitEvents(sink, "r",
		"Transition <nil>>Running FirstCall step=1",
		"Transition Running>Held MaxSteps step=1 hold=1 limit=1",
		"Transition Held>Running Resume by=ana hold=1",
		"Transition Running>TakenOver TakeOver by=ana hold=1",
		"Transition TakenOver>Cancelled Cancel by=bob hold=1")
	n.await("nothing waits", func() bool {
		_, metrics := n.do(http.MethodGet, n.settings.Metrics+"/metrics", "", "")
		return strings.Contains(metrics, "agentops_gateway_history_waiting 0")
	})
	sink.mu.Lock()
	defer sink.mu.Unlock()
	if bytes.Contains(sink.raw.Bytes(), []byte("xylophone")) {
		t.Error("a prompt is in the history")
	}
	for _, span := range sink.spans {
		if span.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" && span.Attributes().AsRaw()["dev.agentops.run.by"] == nil {
			t.Errorf("%s is not in the client's trace", span.Name())
		}
	}
}

// A step that failed and is asked again, a hop to another target, and a plan that changed between two calls are events too.
func TestRetriesAndPlanChangesAreEvents(t *testing.T) {
	address, _ := redisSocket(t)
	sink := newRelaySink(t)
	var broken atomic.Bool
	n := startNode(t, func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		hello(w, r)
	}, func(s *Settings) { s.Store.URL, s.OTLPEndpoint = address, sink.URL })
	run := []string{"X-Agentops-Run-Id", "r"}
	// Without limits calls pass before the store is there, and leave no history.
	n.await("the store answers", func() bool { status, _ := n.operator(http.MethodGet, "/v1/holds", ""); return status == 200 })
	broken.Store(true)
	n.ask(run...)
	broken.Store(false)
	n.ask(run...)
	plan, err := os.ReadFile(n.settings.Plan)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(plan), `"release":"r1"`, `"release":"r2"`, 1)
	changed = strings.Replace(changed, `"targets":[{"target":"a"}]`, `"targets":[{"target":"gone"},{"target":"a"}]`, 1)
	changed = strings.Replace(changed, `"targets":{`, `"targets":{"gone":{"provider":"openai-compatible","endpoint":"http://127.0.0.1:1","model":"m","timeoutMilliseconds":5000,"streamIdleMilliseconds":5000,"price":{"input":1,"output":1}},`, 1)
	if err := os.WriteFile(n.settings.Plan, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	n.await("the new plan", func() bool {
		_, state := n.operator(http.MethodGet, "/v1/state", "")
		return state.Get("targets.gone").Exists()
	})
	n.ask(run...)
	n.awaitEvents(sink, "r",
		"Transition <nil>>Running FirstCall step=1",
		"StepRetried <nil>>Running provider_unavailable step=1 retry=1",
		"PlanChanged <nil>>Running <nil> step=2 release=r2 release_before=r1",
		"StepRetried <nil>>Running Connection step=2 target=gone next_target=a")
}
