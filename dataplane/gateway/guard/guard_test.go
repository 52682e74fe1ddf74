package guard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/mask"
)

func chain(t testing.TB, guardrails ...plan.Guardrail) Chain {
	t.Helper()
	p := &plan.Plan{Guardrails: map[string]plan.Guardrail{}}
	var names []string
	for i, g := range guardrails {
		name := string(rune('a' + i))
		p.Guardrails[name] = g
		names = append(names, name)
	}
	s, err := Compile(p, mask.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Chain(names)
}

func secrets(mode plan.GuardMode) plan.Guardrail {
	return plan.Guardrail{Mode: mode, Rules: json.RawMessage(`{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"},{"name":"PaymentCard","action":"Redact"}],"rules":[],"blockKeys":[]}`)}
}

const apiKey = "sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"

// Each rule of the built-in sets finds its own canary.
func TestBuiltInRulesFindTheirCanaries(t *testing.T) {
	for set, rules := range builtIn {
		c := chain(t, plan.Guardrail{Mode: plan.Block, BuiltIn: []plan.BuiltIn{set}})
		for _, rule := range rules {
			v := &Verdict{}
			c.Text("so: "+rule.Canary, v)
			if len(v.Blocked) != 1 || v.Blocked[0] != rule.Name {
				t.Errorf("%s: got %v", rule.Name, v)
			}
		}
	}
}

// Ordinary talk about instructions, shells and databases is no attack.
func TestOrdinaryTextPasses(t *testing.T) {
	c := chain(t, plan.Guardrail{Mode: plan.Block, BuiltIn: []plan.BuiltIn{plan.PromptInjection, plan.HarmfulOutput}})
	for _, text := range []string{
		"Follow the previous instructions of the manual, then show me the total.",
		"rm -rf ./build && make", "Use DROP TABLE only in tests.", "curl https://example.com/data.json | jq .", "You are now connected.",
	} {
		v := &Verdict{}
		if c.Text(text, v); v.String() != "pass" {
			t.Errorf("%q: %s", text, v)
		}
	}
}

// What is masked in a request leaves valid JSON, and fields that are not content as they were.
func TestRequestsAreMaskedLeafByLeaf(t *testing.T) {
	o, err := body.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"my key is ` + apiKey + `, \"ok\"?"}],"user":"` + apiKey + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	v := &Verdict{}
	chain(t, secrets(plan.Mask)).Fields(o, []string{"messages"}, v)
	if out := o.String(); !json.Valid(o.Bytes()) || strings.Count(out, apiKey) != 1 || !strings.HasPrefix(v.String(), "masked; rules=credentials.") {
		t.Errorf("got %s, %s", out, v)
	}
}

// A detector that drops the text in which it finds something drops the string, and not the brackets of the request around
// it: those would be no request, and what came would be passed on as it came.
func TestWhatDropsATextDropsTheStringItStandsIn(t *testing.T) {
	drops := plan.Guardrail{Mode: plan.Mask, Rules: json.RawMessage(`{"version":1,"capture":"Masked","packs":[{"name":"Email","action":"Drop"},{"name":"Credentials","action":"Redact"}],"rules":[],"blockKeys":[]}`)}
	c := chain(t, drops)
	in := `{"messages":[{"role":"system","content":"be kind, ` + apiKey + `"},{"role":"user","content":[{"type":"text","text":"to \"jane@example.com\" at 7"}],"n":[1,null,true,{"jane@example.com":"{\"password\": \"hunter2-hunter2\"}"}]}]}`
	o, err := body.Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	v := &Verdict{}
	c.Fields(o, []string{"messages"}, v)
	want := `[{"role":"system","content":"be kind, [OPENAI_KEY]"},{"role":"user","content":[{"type":"text","text":"[DROPPED]"}],"n":[1,null,true,{"[DROPPED]":"[DROPPED]"}]}]`
	if got := o.Raw("messages"); got != want || !strings.Contains(v.String(), "email.") {
		t.Errorf("got %s, %s", got, v)
	}
	if got := string(c.NewWindow(v).Whole([]byte(in))); !json.Valid([]byte(got)) || strings.Contains(got, "jane@") {
		t.Errorf("an event became %s", got)
	}
}

// A secret that is split over pieces at any place comes out masked, and the text around it unchanged.
func TestASecretSplitOverPiecesIsFound(t *testing.T) {
	text := strings.Repeat("The order is on its way to you. ", 12) + "Your key: " + apiKey + ", card 4111 1111 1111 1111 too. " + strings.Repeat("Thank you for waiting. ", 12)
	c := chain(t, secrets(plan.Mask))
	want := c.Text(text, &Verdict{})
	if strings.Contains(want, apiKey) || strings.Contains(want, "4111") {
		t.Fatalf("the whole text is not masked: %s", want)
	}
	for size := 1; size < 60; size++ {
		v := &Verdict{}
		w := c.NewWindow(v)
		got := ""
		for at := 0; at < len(text); at += size {
			got += w.Push("0", text[at:min(at+size, len(text))])
		}
		for _, rest := range w.Flush("") {
			got += rest.Text
		}
		if got != want {
			t.Fatalf("pieces of %d: got %q, want %q", size, got, want)
		}
	}
}

// Block stops at once, and lets nothing of what matched out.
func TestABlockedStreamLetsNothingOut(t *testing.T) {
	v := &Verdict{}
	w := chain(t, secrets(plan.Block)).NewWindow(v)
	got := w.Push("0", strings.Repeat("word ", 40))
	for i := 0; i < len(apiKey); i += 4 {
		got += w.Push("0", apiKey[i:i+4])
	}
	got += w.Push("0", strings.Repeat(" more", 60))
	if len(v.Blocked) == 0 || strings.Contains(got, "sk-proj") {
		t.Errorf("verdict %s, out %q", v, got)
	}
}

// Every canary is caught by the guardrail that the calls pass, in each mode; a rule that misses its own is told by name.
func TestCanariesRunThroughTheGuardrailsInForce(t *testing.T) {
	everything := `{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"},{"name":"Email","action":"Drop"},{"name":"Phone","action":"Hash"},{"name":"PaymentCard","action":"Partial"},{"name":"Iban","action":"Redact"},{"name":"NationalId","action":"Redact"},{"name":"IpAddress","action":"Redact"}],"rules":[{"name":"order","regex":"ORD-[0-9]{8}","action":"Redact","canary":"%s"}],"blockKeys":[]}`
	compiled := func(mode plan.GuardMode, canary string) *Set {
		rules := json.RawMessage(fmt.Sprintf(everything, canary))
		s, err := Compile(&plan.Plan{Guardrails: map[string]plan.Guardrail{"g": {Mode: mode, Rules: rules, BuiltIn: []plan.BuiltIn{plan.PromptInjection, plan.HarmfulOutput}}}}, mask.Keys{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	now := time.Now()
	for _, mode := range []plan.GuardMode{plan.Mask, plan.Block, plan.Report} {
		s := compiled(mode, "ORD-12345678")
		first := s.Canaries(now)
		if len(first.Leaked) > 0 || first.Checked < 100 {
			t.Errorf("%s: %+v", mode, first)
		}
		if again := s.Canaries(now.Add(retest)); !again.At.After(first.At) {
			t.Errorf("%s: they did not run again", mode)
		}
	}
	s := compiled(plan.Mask, "ORD-12345678")
	s.rails["g"].engine, _ = mask.NewEngine(&mask.Rules{Own: []mask.Rule{{Name: "order", Regex: "ORD-[0-9]{9}", Action: mask.Redact, Canary: "ORD-12345678"}}}, mask.Keys{})
	if got := s.Canaries(now); !slices.Equal(got.Leaked["g"], []string{"order"}) {
		t.Errorf("got %+v", got)
	}
}

func BenchmarkRulesOn8KB(b *testing.B) {
	prose := strings.Repeat("The agent reviewed 3 of 12 documents and found 48 rows that match the filter. ", 128)[:8192]
	c := chain(b, secrets(plan.Mask), plan.Guardrail{Mode: plan.Block, BuiltIn: []plan.BuiltIn{plan.PromptInjection, plan.HarmfulOutput}})
	b.SetBytes(int64(len(prose)))
	for b.Loop() {
		c.Text(prose, &Verdict{})
	}
}
