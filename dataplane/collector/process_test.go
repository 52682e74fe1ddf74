package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

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
			Egress                   string
		}
	}
}

func (r *rig) observe() observed {
	r.t.Helper()
	var o observed
	must(r.t, json.Unmarshal([]byte(get("http://"+r.api+"/v1/observations", r.operator)), &o))
	return o
}
