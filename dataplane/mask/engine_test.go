package mask

import (
	"strings"
	"testing"
)

// What comes out for a text, by sentence.
func TestString(t *testing.T) {
	e := engineWith(t, &Rules{
		Packs:     []Pack{{"Credentials", Redact}, {"Email", Hash}, {"PaymentCard", Partial}, {"Iban", Drop}},
		BlockKeys: []string{"authorization"},
		Own:       []Rule{{Name: "order-id", Regex: `\bORD-[0-9]{8}\b`, Action: Redact}, {Name: "codename", Regex: "(?i)bluebird", Action: Partial}},
	})
	cases := map[string]struct{ in, want string }{
		"a text without a match stays":                                 {"hello", "hello"},
		"Hash leaves twelve digits":                                    {"to jane@example.com", "to [EMAIL:a7a54661c75b]"},
		"Partial leaves the last four":                                 {"card 4111 1111 1111 1111.", "card [CARD:…1111]."},
		"Drop takes the whole text":                                    {"pay DE89370400440532013000 now", Dropped},
		"a user's word boundary holds at a written-out line break":     {`a\nORD-12345678\nb`, `a\n[ORDER_ID]\nb`},
		"a user's rule without literals is found":                      {"project BlueBird rises", "project [CODENAME:…rd] rises"},
		"a placeholder is never masked again":                          {"[EMAIL:a7a54661c75b] [CARD:…1111] password=[REDACTED]", "[EMAIL:a7a54661c75b] [CARD:…1111] password=[REDACTED]"},
		"JSON keeps order, blanks and numbers":                         {`{ "b": 1.50, "a": 12345678901234567890, "m": "jane@example.com" }`, `{ "b": 1.50, "a": 12345678901234567890, "m": "[EMAIL:a7a54661c75b]" }`},
		"a JSON number becomes a string when masked":                   {`{"card":4111111111111111}`, `{"card":"[CARD:…1111]"}`},
		"a JSON key is masked":                                         {`{"jane@example.com":1}`, `{"[EMAIL:a7a54661c75b]":1}`},
		"JSON in a JSON string stays JSON":                             {`{"a":"{\"m\":\"x\\njane@example.com\"}"}`, `{"a":"{\"m\":\"x\\n[EMAIL:a7a54661c75b]\"}"}`},
		"a blocked key of JSON hides all below it":                     {`{"Authorization":{"a":["x",1,true]}}`, `{"Authorization":{"a":["[BLOCKED_KEY]","[BLOCKED_KEY]",true]}}`},
		"a text that only begins like JSON is plain":                   {`{"m": jane@example.com}`, `{"m": [EMAIL:a7a54661c75b]}`},
		"bytes that are no UTF-8 are replaced":                         {"a\xffb jane@example.com", "a\uFFFDb [EMAIL:a7a54661c75b]"},
		"a rule that leaves a part shows nothing of what a pack hides": {"bluebird@example.com", "[EMAIL:92bd0f9adffd]"},
		"overlapping matches are hidden as one":                        {"key sk-ant-EXAMPLEexample0000EXAMPLE@example.com", "key [ANTHROPIC_KEY]"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got, _ := e.String(tc.in); got != tc.want {
				t.Errorf("\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

// Hits count by detector, in the order of the rules.
func TestHitsCountByDetector(t *testing.T) {
	e := engineWith(t, &Rules{Packs: allPacks(Redact)})
	_, hits := e.String(`{"a":"jane@example.com","b":"{\"c\":\"joe@example.com 4111111111111111\"}"}`)
	want := []Count{{"email.address", 2}, {"payment-card.number", 1}}
	if len(hits.Counts) != 2 || hits.Counts[0] != want[0] || hits.Counts[1] != want[1] || hits.Total() != 3 || hits.Drop {
		t.Errorf("%+v", hits)
	}
}

// Capture decides about content only; Full still hides credentials.
func TestContentFollowsCapture(t *testing.T) {
	const text = "jane@example.com sk-ant-EXAMPLEexample0000EXAMPLE"
	for capture, want := range map[Capture]string{
		CaptureNone: "", CaptureMasked: "[EMAIL] sk-ant-EXAMPLEexample0000EXAMPLE", CaptureFull: "jane@example.com [ANTHROPIC_KEY]",
	} {
		e := engineWith(t, &Rules{Capture: capture, Packs: []Pack{{"Email", Redact}}})
		if got, _ := e.Content("", text); got != want {
			t.Errorf("%s: %s", capture, got)
		}
	}
}

// Keys that are blocked or hold personal data go.
func TestKey(t *testing.T) {
	e := engineWith(t, &Rules{Packs: allPacks(Redact), BlockKeys: []string{"authorization", "Token"}})
	for key, keep := range map[string]bool{
		"gen_ai.usage.input_tokens": true, "http.request.header.authorization": false, "Authorization": false, "authorization.kind": true,
		"reauthorization": true, "app.token": false, "user.jane@example.com": false, "gen_ai.prompt.0.content": true,
	} {
		if e.Key(key) != keep {
			t.Errorf("%s: keep %v", key, !keep)
		}
	}
}

// Bytes are masked as text or hidden.
func TestBytes(t *testing.T) {
	e := engineWith(t, &Rules{Packs: allPacks(Redact)})
	for in, want := range map[string]string{"to jane@example.com": "to [EMAIL]", "\xff\xfejane@example.com": Binary, "plain": "plain"} {
		if got, _ := e.Bytes("", []byte(in)); string(got) != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// Without a key Hash is Redact; a short key is refused.
func TestHashNeedsAKey(t *testing.T) {
	e, err := NewEngine(&Rules{Packs: []Pack{{"Email", Hash}}}, Keys{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := e.String("jane@example.com"); got != "[EMAIL]" {
		t.Error(got)
	}
	if _, err := NewKeys([]byte(" short \n")); err == nil || !strings.Contains(err.Error(), "at least 16") {
		t.Error(err)
	}
}

// A text without a match costs no allocation, JSON and written-out escapes included.
func TestNoMatchAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget on purpose")
	}
	e := engineWith(t, &Rules{Packs: allPacks(Redact)})
	for _, text := range []string{prose(4096), `a\nb\tc`, `{"a": "b\nc", "n": 12345678, "in": "{\"x\": 1}"}`} {
		e.String(text)
		if n := testing.AllocsPerRun(100, func() { e.String(text) }); n >= 1 {
			t.Errorf("%v allocations for %.40q", n, text)
		}
	}
}
