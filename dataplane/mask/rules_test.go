package mask

import (
	"fmt"
	"strings"
	"testing"

	"agentops.dev/dataplane/canonical"
)

const goodRules = `{"version": 1, "capture": "Masked", "packs": [{"name": "Email", "action": "Hash"}],
 "rules": [{"name": "order-id", "regex": "ORD-[0-9]{8}", "literals": ["ORD-"], "check": "None", "action": "Hash", "canary": "ORD-12345678"}],
 "blockKeys": ["authorization"], "hashKey": "current"}`

// A rules file is accepted or refused with field, value and mend.
func TestParse(t *testing.T) {
	long := strings.Repeat("a", maxRegex+1)
	cases := map[string]struct{ file, want string }{
		"a complete file is accepted":         {goodRules, ""},
		"an unknown field is refused":         {strings.Replace(goodRules, `"hashKey"`, `"hashKeys"`, 1), "hashKeys"},
		"an unknown field in a rule":          {strings.Replace(goodRules, `"check"`, `"luhn"`, 1), "luhn"},
		"another version is refused":          {strings.Replace(goodRules, `1,`, `2,`, 1), `version: "2": this engine reads version 1`},
		"a capture that does not exist":       {strings.Replace(goodRules, `Masked`, `Some`, 1), `capture: "Some": use one of None, Masked, Full`},
		"a pack that does not exist":          {strings.Replace(goodRules, `"Email"`, `"Mail"`, 1), `packs[0].name: "Mail": use one of Credentials`},
		"an action that does not exist":       {strings.Replace(goodRules, `"action": "Hash"}]`, `"action": "Hide"}]`, 1), `packs[0].action: "Hide": use one of Redact`},
		"a check that does not exist":         {strings.Replace(goodRules, `"None"`, `"Sum"`, 1), `rules[order-id].check: "Sum"`},
		"a regex that is not RE2":             {strings.Replace(goodRules, `ORD-[0-9]{8}`, `(?=x)`, 1), `rules[order-id].regex: "(?=x)": not RE2`},
		"a regex that matches the empty text": {strings.Replace(goodRules, `ORD-[0-9]{8}`, `a*`, 1), "it matches the empty text"},
		"an empty regex":                      {strings.Replace(goodRules, `ORD-[0-9]{8}`, ``, 1), "it matches the empty text"},
		"a regex that is too long":            {strings.Replace(goodRules, `ORD-[0-9]{8}`, long, 1), "write at most 512 bytes"},
		"a digest of other content":           {strings.Replace(goodRules, `1,`, `1, "digest": "sha256:00",`, 1), `digest: "sha256:00": the content has digest sha256:`},
		"two rules of one name": {strings.Replace(goodRules, `"rules": [`, `"rules": [{"name": "order-id", "regex": "x", "action": "Drop"},`, 1),
			`rules[1].name: "order-id": name each rule once`},
		"text behind the object": {goodRules + "{}", "text follows"},
		"no JSON":                {"capture: None", "rules file: "},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(tc.file))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// The digest does not depend on blanks, key order or its own field, and a file that carries it is accepted.
func TestDigestIsOfTheContent(t *testing.T) {
	one := []byte(`{"version":1,"capture":"None","packs":[],"rules":[],"blockKeys":["ä<b>"]}`)
	two := []byte(` {"blockKeys": ["\u00e4<b>"], "rules": [], "packs": [], "capture": "None", "version": 1, "digest": "x"}`)
	a, err := canonical.Digest(one)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := canonical.Digest(two); a != b {
		t.Errorf("%s and %s", a, b)
	}
	// The same bytes as json.dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False) in Python.
	if want := "sha256:5aed02efdbd4d0f397593a6fd984a9f84365019bc0b7cd13ee49025054b4ddbd"; a != want {
		t.Errorf("digest %q, want %q", a, want)
	}
	file := fmt.Sprintf(`{"version":1,"digest":%q,"capture":"None","packs":[],"rules":[],"blockKeys":["ä<b>"]}`, a)
	r, err := Parse([]byte(file))
	if err != nil || r.Digest() != a {
		t.Errorf("%v, %v", r, err)
	}
}

// A rule that cannot find its canary is reported by the self-test, be it the regex or the literals.
func TestSelfTestNamesRulesThatDoNotProtect(t *testing.T) {
	e := engineWith(t, &Rules{Own: []Rule{
		{Name: "good", Regex: "ORD-[0-9]+", Action: Redact, Canary: "ORD-1"},
		{Name: "wrong-regex", Regex: "INV-[0-9]+", Action: Redact, Canary: "INV/1"},
		{Name: "wrong-literal", Regex: "CUS-[0-9]+", Literals: []string{"cust"}, Action: Redact, Canary: "CUS-1"},
		{Name: "wrong-check", Regex: "PAN-[0-9]+", Check: "Luhn", Action: Redact, Canary: "PAN-4111111111111112"},
	}})
	checked, leaked := e.SelfTest()
	var names []string
	for _, canary := range leaked {
		names = append(names, canary.Detector)
	}
	if got := strings.Join(names, " "); checked != 4 || got != "wrong-regex wrong-literal wrong-check" {
		t.Errorf("%d checked, leaked %s", checked, got)
	}
}
