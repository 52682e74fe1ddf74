package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	secret  = "sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYzAbCdEfGhIjKl"
	awsKey  = "AKIAQX7RJ4ZT2MPLV5WB"
	planted = "key " + secret + " and " + awsKey
)

func batch(n, first int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "billing")
	ss := rs.ScopeSpans().AppendEmpty()
	for i := range n {
		s := ss.Spans().AppendEmpty()
		s.SetName(fmt.Sprintf("chat gpt-4o %d", first+i))
		var id [16]byte
		binary.BigEndian.PutUint64(id[:], uint64(first+i+1))
		s.SetTraceID(id)
		s.SetSpanID(pcommon.SpanID(id[:8]))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		s.Attributes().PutStr("gen_ai.operation.name", "chat")
		s.Attributes().PutStr("gen_ai.system", "OpenAI")
		s.Attributes().PutStr("gen_ai.request.model", "gpt-4o")
		s.Attributes().PutInt("gen_ai.usage.prompt_tokens", 100)
		s.Attributes().PutInt("gen_ai.usage.completion_tokens", 20)
		s.Attributes().PutStr("note", planted)
	}
	return td
}

func TestSecretsAreMaskedAndTheIdentityIsTheTokens(t *testing.T) {
	r := newRig(t)
	relay, sidecar := r.relay(), r.sidecar()
	td := batch(1, 0)
	res := td.ResourceSpans().At(0).Resource().Attributes()
	res.PutStr("k8s.namespace.name", "victim")
	res.PutStr("dev.agentops.team", "victim")
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	span.SetName("call " + secret)
	span.Attributes().PutStr("dev.agentops.agent", "victim")
	span.Attributes().PutStr("gen_ai.agent.name", "researcher")
	span.Links().AppendEmpty().Attributes().PutStr("x", planted)
	span.Events().AppendEmpty().Attributes().PutStr("x", planted)
	span.Attributes().PutStr("gen_ai.input.messages", "the prompt")
	r.send(td)
	r.eventually("the span is stored", func() bool { return strings.Contains(r.stored(), "researcher") })
	text := r.stored()
	for _, bad := range []string{secret, awsKey, "victim", "the prompt"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in the store: %s", bad, text)
		}
	}
	for _, want := range []string{`"payments"`, `"invoices"`, `"dev.agentops.reported_agent"`, `"uid-0"`, `"openai"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the store: %s", want, text)
		}
	}
	r.checkMetrics()
	r.checkPage()
	r.checkObservations()
	r.checkReaders()
	sidecar.stop(t)
	relay.stop(t)
	if logs := sidecar.logs.String() + relay.logs.String(); strings.Contains(logs, "the prompt") || strings.Contains(logs, secret) {
		t.Error("content is in the logs")
	}
}

func (r *rig) checkMetrics() {
	r.t.Helper()
	want := []string{
		`gen_ai_client_inference_usage_input_tokens_total{`, `} 100`, `dev_agentops_team="payments"`, `gen_ai_provider_name="openai"`,
		`agentops_calls_total{`, `agentops_call_duration_seconds_bucket{`, `agentops_sidecars{agent="billing",namespace="shop"`,
		`agentops_masked_total{agent="billing",namespace="shop"`, `agentops_mask_leaks{agent="billing",namespace="shop"} 0`,
		`agentops_sidecar_rules_info{`, `otelcol_exporter_queue_size`,
	}
	r.eventually("all metrics are on one page", func() bool {
		page := get("http://"+r.metrics+"/metrics", "")
		for _, w := range want {
			if !strings.Contains(page, w) {
				return false
			}
		}
		return true
	})
}

func (r *rig) checkPage() {
	r.t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if _, err := parser.TextToMetricFamilies(strings.NewReader(get("http://"+r.metrics+"/metrics", ""))); err != nil {
		r.t.Errorf("the two halves of the page do not make one: %v", err)
	}
}

func (r *rig) checkObservations() {
	r.t.Helper()
	var o observed
	must(r.t, json.Unmarshal([]byte(get("http://"+r.api+"/v1/observations", r.operator)), &o))
	if len(o.Agents) != 1 || o.Agents[0].Agent != "billing" || len(o.Agents[0].Pods) != 1 || o.Agents[0].StoredSpans != 1 {
		r.t.Errorf("observed %+v", o)
	}
	if o.Relay.Config.Digest == "" || o.Relay.Config.Error != "" || len(o.Relay.Backends) != 3 {
		r.t.Errorf("observed %+v", o.Relay)
	}
	for _, b := range o.Relay.Backends {
		if b.Name == "agentops-system/phoenix" && b.State != "CredentialMissing" {
			r.t.Errorf("a backend without its Secret is %s, want CredentialMissing", b.State)
		}
	}
	must(r.t, json.Unmarshal([]byte(get("http://"+r.api+"/v1/observations?since="+o.Cursor, r.operator)), &o))
	if len(o.Agents) != 0 {
		r.t.Errorf("nothing changed, yet %d agents are listed", len(o.Agents))
	}
}

func (r *rig) checkReaders() {
	r.t.Helper()
	if got := get("http://"+r.api+"/v1/observations", r.reader); !strings.Contains(got, "for the operator only") {
		r.t.Errorf("a reader sees observations: %s", got)
	}
	if got := get("http://"+r.api+"/v1/traces?namespace=other", r.reader); !strings.Contains(got, "not your namespace") {
		r.t.Errorf("a reader sees another namespace: %s", got)
	}
	if got := get("http://"+r.api+"/v1/traces", ""); !strings.Contains(got, "NoToken") {
		r.t.Errorf("without a token: %s", got)
	}
	if got := get("http://"+r.api+"/v1/traces?namespace=shop&agent=billing&limit=1", r.operator); !strings.Contains(got, "resourceSpans") {
		r.t.Errorf("the operator reads %q", got)
	}
	if got := get("http://"+r.api+"/v1/traces?agent=nobody", r.reader); got != "" {
		r.t.Errorf("traces of an agent that sent none: %s", got)
	}
}

type observed struct {
	Relay struct {
		Config   struct{ Digest, Error string }
		Backends []struct {
			Name, State, Error   string
			Sent, Failed, Queued int64
		}
	}
	Cursor string
	Agents []struct {
		Namespace, Agent string
		StoredSpans      int
		Pods             []struct {
			RulesDigest, RulesSource string
			Problems                 []string
		}
	}
}

func (r *rig) observe() observed {
	r.t.Helper()
	var o observed
	must(r.t, json.Unmarshal([]byte(get("http://"+r.api+"/v1/observations", r.operator)), &o))
	return o
}

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
	const batches, size, changes = 100, 100, 8
	for i := range batches {
		if i%(batches/changes) == 0 {
			r.write("etc/relay.yaml", fmt.Sprintf("# %d\n%s", i, config))
		}
		r.send(batch(size, i*size))
		time.Sleep(100 * time.Millisecond)
	}
	r.eventually("all spans are stored", func() bool { return r.storedSpans() >= batches*size })
	down.Store(false)
	r.eventually("the backend has what the disk kept over all changes", func() bool { return delivered.Load() >= batches*size })
	// A request whose answer was cut off is sent again: more than once is possible, less is not.
	t.Logf("%d spans were sent, %d are stored, %d delivered", batches*size, r.storedSpans(), delivered.Load())
	if o := r.observe(); o.Relay.Config.Error != "" {
		t.Errorf("a good configuration was refused: %s", o.Relay.Config.Error)
	}
	if n := strings.Count(relay.logs.String(), "Config updated"); n < changes-2 {
		t.Errorf("%d changes came through, want about %d", n, changes)
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

func TestAPortInUseEndsNothing(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.env["AGENTOPS_LISTEN_GRPC"] = strings.TrimPrefix(r.issuer.URL, "http://") // somebody listens there
	r.sidecar()
	r.send(batch(1, 0))
	r.eventually("the problem is reported", func() bool {
		o := r.observe()
		return len(o.Agents) == 1 && len(o.Agents[0].Pods) == 1 && len(o.Agents[0].Pods[0].Problems) == 1
	})
}

func TestForeignTokensAreRefused(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.write("pod/token", r.issuer.token(t, "agentops/victim/billing", "shop", "billing"))
	r.sidecar()
	r.send(batch(1, 0))
	r.eventually("the refusal is counted", func() bool {
		return strings.Contains(get("http://"+r.metrics+"/metrics", ""), `agentops_relay_refused_total{reason="NamespaceMismatch"}`)
	})
	if n := len(r.observe().Agents); n != 0 {
		t.Errorf("%d agents are known", n)
	}
}

func TestLargeAndBrokenSpansArrive(t *testing.T) {
	r := newRig(t)
	r.relay()
	sidecar := r.sidecar()
	for i := range 4 {
		td := batch(1, i)
		a := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
		a.PutStr("large", strings.Repeat("lorem ipsum dolor ", 5<<20/18)+secret)
		a.PutStr("broken", "\xff\xfe "+secret)
		r.send(td)
	}
	r.eventually("all spans are stored", func() bool { return r.storedSpans() == 4 })
	if text := r.stored(); strings.Contains(text, secret) || !utf8.ValidString(text) {
		t.Error("a secret or broken text is stored")
	}
	t.Logf("sidecar after 4 spans of 5 MB: %s", sidecar.rss(t))
}

func TestNestingAloneDoesNotEndTheRelay(t *testing.T) {
	r := newRig(t)
	relay := r.relay()
	bomb := bytes.Repeat([]byte{0x0a, 0x80, 0x80, 0x80, 0x08}, 3_000_000) // lengths that are too long end the look
	deep := []byte{}
	for range 3000 {
		deep = append(append([]byte{0x0a}, binary.AppendUvarint(nil, uint64(len(deep)))...), deep...)
	}
	token, err := os.ReadFile(filepath.Join(r.dir, "pod/token"))
	must(t, err)
	for name, body := range map[string][]byte{"bomb": bomb, "deep": deep} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.env["AGENTOPS_RELAY"]+"/v1/traces", bytes.NewReader(body))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+string(token))
		req.Header.Set("Content-Type", "application/x-protobuf")
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d, want 400", name, resp.StatusCode)
		}
	}
	relay.stop(t)
}
