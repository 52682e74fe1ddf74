package mask

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"agentops.dev/dataplane/canonical"
	"agentops.dev/dataplane/mask/packs"
)

const (
	maxRegex    = 512
	maxRules    = 256
	maxLiterals = 32
)

var (
	ruleName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	captures = []string{string(CaptureNone), string(CaptureMasked), string(CaptureFull)}
	actions  = []string{string(Redact), string(Hash), string(Partial), string(Drop)}
	checks   = []string{"", "None", "Luhn", "Iban", "Mod11", "Verhoeff"}
)

// problem names the field, its value and the mend, in that order.
func problem(field string, value any, mend string) error {
	return fmt.Errorf("%s: %q: %s", field, fmt.Sprint(value), mend)
}

// problems lists all that is wrong, so that one look at the report is enough to mend the file.
func (r *Rules) problems(data []byte) []error {
	var out []error
	if r.Version != Version {
		out = append(out, problem("version", r.Version, fmt.Sprintf("this engine reads version %d", Version)))
	}
	if !slices.Contains(captures, string(r.Capture)) {
		out = append(out, problem("capture", r.Capture, "use one of "+strings.Join(captures, ", ")))
	}
	out = append(out, r.packProblems()...)
	out = append(out, r.ruleProblems()...)
	for i, key := range r.BlockKeys {
		if key == "" {
			out = append(out, problem(fmt.Sprintf("blockKeys[%d]", i), key, "name an attribute key"))
		}
	}
	if r.HashKey != "" && r.HashKey != "current" {
		out = append(out, problem("hashKey", r.HashKey, `only "current" is used; leave it out or write "current"`))
	}
	if r.SHA != "" {
		if got, err := canonical.Digest(data); err != nil || got != r.SHA {
			out = append(out, problem("digest", r.SHA, "the content has digest "+got+"; write that one or leave it out"))
		}
	}
	return out
}

func (r *Rules) packProblems() []error {
	var out []error
	seen := map[string]bool{}
	for i, pack := range r.Packs {
		field := fmt.Sprintf("packs[%d]", i)
		if !slices.Contains(packs.Names(), pack.Name) {
			out = append(out, problem(field+".name", pack.Name, "use one of "+strings.Join(packs.Names(), ", ")))
		}
		if seen[pack.Name] {
			out = append(out, problem(field+".name", pack.Name, "name each pack once"))
		}
		seen[pack.Name] = true
		out = append(out, actionProblem(field, pack.Action)...)
	}
	return out
}

func (r *Rules) ruleProblems() []error {
	var out []error
	if len(r.Own) > maxRules {
		out = append(out, problem("rules", len(r.Own), fmt.Sprintf("write at most %d", maxRules)))
	}
	seen := map[string]bool{}
	for i, rule := range r.Own {
		field := fmt.Sprintf("rules[%d]", i)
		if !ruleName.MatchString(rule.Name) {
			out = append(out, problem(field+".name", rule.Name, "use lower case letters, digits, '-' and '.', at most 63"))
		}
		if seen[rule.Name] {
			out = append(out, problem(field+".name", rule.Name, "name each rule once"))
		}
		seen[rule.Name] = true
		out = append(out, rule.problems(fmt.Sprintf("rules[%s]", rule.Name))...)
	}
	return out
}

func (rule Rule) problems(field string) []error {
	out := actionProblem(field, rule.Action)
	if !slices.Contains(checks, rule.Check) {
		out = append(out, problem(field+".check", rule.Check, "use one of "+strings.Join(checks[1:], ", ")))
	}
	if len(rule.Literals) > maxLiterals {
		out = append(out, problem(field+".literals", len(rule.Literals), fmt.Sprintf("write at most %d", maxLiterals)))
	}
	for _, literal := range rule.Literals {
		if literal == "" {
			out = append(out, problem(field+".literals", literal, "an empty literal is in every text; leave it out"))
		}
	}
	if len(rule.Regex) > maxRegex {
		return append(out, problem(field+".regex", rule.Regex[:32]+"…", fmt.Sprintf("write at most %d bytes", maxRegex)))
	}
	re, err := regexp.Compile(rule.Regex)
	if err != nil {
		return append(out, problem(field+".regex", rule.Regex, "not RE2: "+err.Error()))
	}
	// A pattern that matches nothing at all would put a placeholder between every two characters.
	if re.MatchString("") {
		return append(out, problem(field+".regex", rule.Regex, "it matches the empty text; make it match one character at least"))
	}
	return out
}

func actionProblem(field string, action Action) []error {
	if slices.Contains(actions, string(action)) {
		return nil
	}
	return []error{problem(field+".action", action, "use one of "+strings.Join(actions, ", "))}
}
