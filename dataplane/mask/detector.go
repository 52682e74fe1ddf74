package mask

import (
	"fmt"
	"regexp"
	"slices"

	"agentops.dev/dataplane/mask/packs"
)

// detector is one compiled rule. Its index is its rank: where two match the same text, the lower index wins.
type detector struct {
	index  int
	name   string
	label  string
	action Action
	regex  *regexp.Regexp
	check  func(string) bool
	// whole is set for rules of users: their regex is searched in the whole text, since it may begin anywhere.
	whole bool

	match   matcher // hand-written; in place of the regex
	context []string
	follow  []string
	loose   bool
	back    int
	digits  int
	groups  uint64 // bit n: the first group may have n digits
	// checked says that arithmetic proves a match, so that what touches it by a hyphen does not matter.
	checked bool
}

// matcher tries to match at a place the prefilter found; the value is s[start:end].
type matcher func(s string, at int) (start, end int, ok bool)

var matchers = map[string]matcher{
	"Email":       matchEmail,
	"Card":        matchCard,
	"Iban":        matchIban,
	"IPv4":        matchIPv4,
	"IPv6":        matchIPv6,
	"UrlPassword": matchURLPassword,
}

func fromPack(pack packs.Pack, d packs.Detector, action Action) (*detector, error) {
	out := &detector{
		name: packs.Kebab(pack.Name) + "." + d.Name, label: d.LabelOrName(), action: action, context: d.Context, follow: d.Follow,
		loose: d.Loose, back: d.Back, digits: d.Digits, match: matchers[d.Scanner],
	}
	// Hand-written matchers judge themselves how a number may go on.
	out.checked = out.match != nil
	for _, n := range d.Groups {
		out.groups |= 1 << n
	}
	if d.Scanner != "" && out.match == nil {
		return nil, fmt.Errorf("%s: scanner %q is unknown", out.name, d.Scanner)
	}
	if d.Regex != "" {
		re, err := regexp.Compile(`\A(?:` + d.Regex + `)`)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", out.name, err)
		}
		out.regex = re
	}
	return out, out.setCheck(d.Check)
}

func fromRule(r Rule) (*detector, error) {
	re, err := regexp.Compile(r.Regex)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	out := &detector{name: r.Name, label: packs.Label(r.Name), action: r.Action, regex: re, whole: true}
	return out, out.setCheck(r.Check)
}

func (d *detector) setCheck(name string) error {
	if name == "" || name == "None" {
		return nil
	}
	check, ok := checkByName[name]
	if !ok {
		return fmt.Errorf("%s: check %q is unknown", d.name, name)
	}
	d.check = check
	// These judge the form only; a number that passes them may still be part of an identifier.
	d.checked = d.checked || !slices.Contains([]string{"UsSsn", "UkNino", "Phone", "E164"}, name)
	return nil
}
