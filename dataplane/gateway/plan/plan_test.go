package plan

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func example(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../testdata/plan.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The example in the repository is a plan that a gateway accepts, and its digest does not depend on blanks.
func TestTheExampleIsAccepted(t *testing.T) {
	p, err := Parse(example(t))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(example(t), &doc); err != nil {
		t.Fatal(err)
	}
	compact, _ := json.Marshal(doc)
	other, err := Parse(compact)
	if err != nil || p.Digest() != other.Digest() || !strings.HasPrefix(p.Digest(), "sha256:") {
		t.Errorf("digests %q and %q, %v", p.Digest(), other.Digest(), err)
	}
}

// change returns the example with one value replaced; the path is split by '|', numbers are places in a list.
func change(t *testing.T, path string, value any) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(example(t), &doc); err != nil {
		t.Fatal(err)
	}
	at := any(doc)
	keys := strings.Split(path, "|")
	for _, key := range keys[:len(keys)-1] {
		if list, ok := at.([]any); ok {
			at = list[int(key[0]-'0')]
			continue
		}
		at = at.(map[string]any)[key]
	}
	at.(map[string]any)[keys[len(keys)-1]] = value
	data, _ := json.Marshal(doc)
	return data
}

// Each wrong value is refused by one error that names the field.
func TestWhatIsRefused(t *testing.T) {
	const (
		target = "targets|shop/chat/openai|"
		route  = "routes|shop/chat/chat|"
		budget = "budgets|shop/monthly|"
		agent  = "agents|shop/billing|"
	)
	cases := map[string]struct {
		path  string
		value any
		want  string
	}{
		"another version":                    {"version", 2, "version"},
		"a digest of other content":          {"digest", "sha256:00", "digest"},
		"an unknown provider":                {target + "provider", "acme", "targets[shop/chat/openai].provider"},
		"an endpoint with a user":            {target + "endpoint", "https://u:p@host", "targets[shop/chat/openai].endpoint"},
		"no endpoint where there is none":    {"targets|shop/chat/local|endpoint", "", "targets[shop/chat/local].endpoint"},
		"a region where there is none":       {target + "region", "eu-central-1", "targets[shop/chat/openai].region"},
		"a version of another's API":         {target + "apiVersion", "2025-04-01", "targets[shop/chat/openai].apiVersion"},
		"no region where it is needed":       {target + "provider", "bedrock", "targets[shop/chat/openai].region"},
		"no model":                           {target + "model", "", "targets[shop/chat/openai].model"},
		"a Secret of somebody else":          {target + "credential|secret", "db", "credential.secret"},
		"a way out of the secrets directory": {target + "credential|keys", map[string]any{"apiKey": "../../etc/passwd"}, "credential.keys[apiKey]"},
		"no timeout":                         {target + "timeoutMilliseconds", 0, "timeoutMilliseconds"},
		"a negative price":                   {target + "price|input", -1, "price.input"},
		"a route without targets":            {route + "targets", []any{}, "routes[shop/chat/chat].targets"},
		"a target that is not there":         {route + "targets|0|target", "x", "routes[shop/chat/chat].targets[0].target"},
		"a weight without Weighted":          {route + "targets|0|weight", 3, "targets[0].weight"},
		"an unknown reaction":                {route + "onError|timeout", "Hop", "onError.timeout"},
		"escalation without CostFirst":       {route + "escalation", map[string]any{"on": []string{"ToolError"}}, "escalation"},
		"a judge that is no RE2":             {"routes|shop/chat/cheap|escalation|judge", []string{"(?=x)"}, "escalation.judge[0]"},
		"a judge that matches all":           {"routes|shop/chat/cheap|escalation|judge", []string{".*"}, "escalation.judge[0]"},
		"a guardrail that guards nothing":    {"guardrails|shop/attacks|builtIn", []string{}, "guardrails[shop/attacks]"},
		"a guardrail with a bad rule":        {"guardrails|shop/secrets|rules|packs", []any{map[string]any{"name": "X", "action": "Redact"}}, "guardrails[shop/secrets].rules: packs[0].name"},
		"a limit of zero":                    {budget + "limit", 0, "budgets[shop/monthly].limit"},
		"a negative limit":                   {budget + "limit", -5, "budgets[shop/monthly].limit"},
		"an absurd limit":                    {budget + "limit", int64(1e16), "budgets[shop/monthly].limit"},
		"a window without an end":            {budget + "window", map[string]any{"kind": "Rolling", "seconds": 0}, "window.seconds"},
		"a time zone that is none":           {budget + "window|timeZone", "Mars/Olympus", "window.timeZone"},
		"a ladder that falls":                {budget + "ladder|1|atPercent", 50, "ladder[1].atPercent"},
		"a cheaper model that is not there":  {budget + "ladder|1|models", map[string]any{"chat": "x"}, "ladder[1].models[chat]"},
		"an agent without namespace":         {"agents", map[string]any{"billing": map[string]any{}}, "agents"},
		"an alias that leads nowhere":        {agent + "models", map[string]any{"chat": "x"}, "models[chat]"},
		"an unlimited answer":                {agent + "maxOutputTokens", 0, "maxOutputTokens"},
		"a budget that is not there":         {agent + "budgets", []string{"x"}, "budgets[0]"},
		"a guardrail that is not there":      {agent + "guardrails|input", []string{"x"}, "guardrails.input[0]"},
		"a person who is not there":          {agent + "execution|takeOverRoute", "x", "execution.takeOverRoute"},
		"a run limit of zero":                {agent + "execution|run|steps|max", 0, "execution.run.steps.max"},
		"a team with a line end":             {agent + "team", "a\nb", "agents[shop/billing].team"},
		"no word for a missing store":        {agent + "execution|onStateError", "", "execution.onStateError"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(change(t, tc.path, tc.value))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error that names %s", err, tc.want)
			}
		})
	}
}

// A field that the engine does not know is refused: it could be the limit that somebody relies on.
func TestUnknownFieldsAreRefused(t *testing.T) {
	for _, path := range []string{"extra", "targets|shop/chat/openai|api_base", "agents|shop/billing|fallbacks", "budgets|shop/monthly|max_budget"} {
		if _, err := Parse(change(t, path, 1)); err == nil || !strings.Contains(err.Error(), "unknown field") {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if _, err := Parse(append(example(t), "{}"...)); err == nil {
		t.Error("a second object was accepted")
	}
}

// Whatever bytes come, reading them ends in a plan or an error.
func FuzzParse(f *testing.F) {
	f.Add(example(f))
	f.Add([]byte(`{"version":1,"agents":{"a/b":{"execution":{"run":{"steps":null}}}}}`))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = Parse(data) })
}
