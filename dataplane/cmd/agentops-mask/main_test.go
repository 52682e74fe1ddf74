package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each command answers as its help says.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	rules := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := rules("good.json", `{"version":1,"capture":"None","packs":[],"rules":[{"name":"o","regex":"ORD-[0-9]+","action":"Redact","canary":"ORD-1"}],"blockKeys":[]}`)
	bad := rules("bad.json", `{"version":1,"capture":"Some","packs":[{"name":"Mail","action":"Redact"}],"rules":[],"blockKeys":[]}`)
	leaky := rules("leaky.json", `{"version":1,"capture":"None","packs":[],"rules":[{"name":"o","regex":"ORD-[0-9]+","action":"Redact","canary":"ORD"}],"blockKeys":[]}`)
	cases := map[string]struct {
		args, in, want string
		code           int
	}{
		"help says how":                    {"--help", "", "Examples:", exitOK},
		"help of a command says the same":  {"text --help", "", "Examples:", exitOK},
		"text masks":                       {"text --packs all", "to jane@example.com\n", "to [EMAIL]\n", exitOK},
		"text uses its key":                {"text --key db.password", "hunter", "[SECRET_FIELD]", exitOK},
		"json names offsets":               {"text --packs Email -o json", "to jane@example.com", `"matches":[{"detector":"email.address","action":"Redact","start":3,"end":19}]`, exitOK},
		"text uses a rules file":           {"text --rules " + good, "ORD-77 x", "[O] x", exitOK},
		"serve answers line by line":       {"serve --packs Email", "{\"id\":7,\"text\":\"jane@example.com\"}\n\n{\"id\":8,\"text\":\"x\"}\n", `{"id":8,"text":"x","hits":[],"matches":[]}`, exitOK},
		"serve refuses what is no request": {"serve", "jane@example.com\n", `"text":"","hits":[],"matches":[],"error":"request: `, exitOK},
		"validate accepts":                 {"validate --rules " + good, "", "valid: sha256:", exitOK},
		"validate lists all problems":      {"validate --rules " + bad, "", "capture: \"Some\": use one of None, Masked, Full\npacks[0].name: \"Mail\"", exitProblem},
		"validate finds a dead canary":     {"validate --rules " + leaky, "", `rules[o].canary: "ORD": it comes out unmasked`, exitProblem},
		"validate needs a file":            {"validate", "", "--rules is missing", exitUsage},
		"selftest passes":                  {"selftest --packs all -o json", "", `"leaked":[]`, exitOK},
		"list names detectors":             {"list -o json", "", `"name":"credentials.aws-access-key"`, exitOK},
		"an unknown command is a usage":    {"mask", "", `command "mask" is unknown`, exitUsage},
		"an unknown flag is a usage":       {"text --rule x", "", "rule", exitUsage},
		"an unknown format is a usage":     {"text -o yaml", "", `-o "yaml": use one of text, json`, exitUsage},
		"an unknown pack is refused":       {"text --packs Mail", "", `--packs: "Mail": use one of Credentials`, exitProblem},
		"a rules file that is not there":   {"text --rules /nowhere.json", "", "no such file", exitProblem},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			code := run(strings.Fields(tc.args), strings.NewReader(tc.in), &out, &out)
			if code != tc.code || !strings.Contains(out.String(), tc.want) {
				t.Errorf("exit %d, want %d:\n%s\nwant %s", code, tc.code, out.String(), tc.want)
			}
		})
	}
}

// The tables of docs/masking.md are those of the packs.
func TestDocsListAllDetectors(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/masking.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	if code := run([]string{"list", "-o", "markdown"}, nil, &want, &want); code != exitOK {
		t.Fatal(want.String())
	}
	if !strings.Contains(string(doc), want.String()) {
		t.Error("docs/masking.md is stale: put the output of `agentops-mask list -o markdown` between its markers")
	}
}
