package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// told is what a gateway sends of one agent: a call, and an event of its run.
func told(event string, at time.Time) ptrace.Traces {
	td := batch(1, 100)
	rs := td.ResourceSpans().At(0)
	rs.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
	rs.Resource().Attributes().PutStr("dev.agentops.agent", "billing")
	call := rs.ScopeSpans().At(0).Spans().At(0)
	call.Attributes().Remove("note")
	call.Attributes().PutInt("gen_ai.usage.input_tokens", 7)
	span := rs.ScopeSpans().At(0).Spans().AppendEmpty()
	span.SetName("run " + event)
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{byte(len(event))})
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
	for key, value := range map[string]string{"id": "r-1", "event": "Transition", "state": event, "from": "Running", "reason": "MaxSteps"} {
		span.Attributes().PutStr("dev.agentops.run."+key, value)
	}
	span.Attributes().PutInt("dev.agentops.run.limit", 3)
	return td
}

// deliver sends to the relay itself, as the gateway does.
func (r *rig) deliver(td ptrace.Traces, token string) int {
	r.t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	must(r.t, err)
	req, err := http.NewRequest(http.MethodPost, "http://"+r.env["RELAY_OTLP"]+"/v1/traces", bytes.NewReader(body))
	must(r.t, err)
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	must(r.t, err)
	_ = resp.Body.Close()
	return resp.StatusCode
}

func (r *rig) history(token, query string) gjson.Result {
	return gjson.Parse(get("http://"+r.api+"/v1/history?"+query, token))
}

// What the gateway tells of an agent is stored under the agent's namespace, is read as the history of a run by who may read
// there, and is no token of the relay's counters: the gateway counts calls itself, and an agent's SDK tells them too.
func TestTheGatewaysSpansAreStoredAndNotCounted(t *testing.T) {
	r := newRig(t)
	r.env["AGENTOPS_GATEWAY_SUBJECT"] = "system:serviceaccount:agentops-system:agentops-gateway"
	relay, sidecar := r.relay(), r.sidecar()
	gateway := r.issuer.token(t, "agentops-relay", "agentops-system", "agentops-gateway")
	began := time.Now()
	for i, state := range []string{"Held", "Cancelled"} {
		if status := r.deliver(told(state, began.Add(time.Duration(1-i)*time.Second)), gateway); status != 200 {
			t.Fatalf("the relay answers %d", status)
		}
	}
	for who, token := range map[string]string{"a reader": r.reader, "the operator": r.operator, "nobody": ""} {
		if status := r.deliver(told("Forged", began), token); status != 401 {
			t.Errorf("%s passes for the gateway: %d", who, status)
		}
	}
	r.send(told("Forged", began)) // an agent may write what it likes, of itself
	r.eventually("the agent's spans are stored", func() bool { return strings.Contains(r.stored(), "Forged") })

	got := r.history(r.reader, "agent=billing&run=r-1")
	states := fmt.Sprint(got.Get("events.#.state"))
	if states != `["Cancelled","Held"]` || got.Get("events.0.limit").Int() != 3 || got.Get("events.0.reason").Str != "MaxSteps" || got.Get("namespace").Str != "shop" {
		t.Errorf("history: %s", got.Raw)
	}
	if one := r.history(r.operator, "namespace=shop&agent=billing&run=r-1&limit=1"); fmt.Sprint(one.Get("events.#.state")) != `["Held"]` {
		t.Errorf("the newest event: %s", one.Raw)
	}
	if other := r.history(r.reader, "agent=billing&run=r-2"); len(other.Get("events").Array()) != 0 || !other.Get("events").IsArray() {
		t.Errorf("another run: %s", other.Raw)
	}
	for query, want := range map[string]string{"namespace=other&agent=billing&run=r-1": "not your namespace", "agent=billing": "name agent and run"} {
		if text := get("http://"+r.api+"/v1/history?"+query, r.reader); !strings.Contains(text, want) {
			t.Errorf("%s: %s", query, text)
		}
	}
	r.eventually("the agent's own tokens are counted", func() bool {
		return strings.Contains(get("http://"+r.metrics+"/metrics", ""), "gen_ai_client_inference_usage_input_tokens_total{")
	})
	page := get("http://"+r.metrics+"/metrics", "")
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "gen_ai_client_inference_usage_input_tokens_total{") && !strings.HasSuffix(line, " 7") {
			t.Errorf("counted is %s, want the agent's own call alone", line)
		}
	}
	var o struct {
		Agents []struct{ StoredSpans, StoredCalls int }
	}
	must(t, json.Unmarshal([]byte(get("http://"+r.api+"/v1/observations", r.operator)), &o))
	if len(o.Agents) != 1 || o.Agents[0].StoredSpans != 2 || o.Agents[0].StoredCalls != 4 {
		t.Errorf("observed %+v", o)
	}
	sidecar.stop(t)
	relay.stop(t)
}
