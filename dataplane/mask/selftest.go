package mask

import (
	"strings"

	"agentops.dev/dataplane/mask/packs"
)

// Canary is a text that a detector must find.
type Canary struct {
	Detector string `json:"detector"`
	Key      string `json:"key,omitempty"`
	Text     string `json:"text"`
	// Secret is the part of the text that must not come out; empty means that the detector does not match its canary.
	Secret string `json:"-"`
}

// Canaries lists the canaries of every rule and pack detector that is on.
func (e *Engine) Canaries() []Canary {
	var out []Canary
	for _, rule := range e.rules.Own {
		if rule.Canary != "" {
			out = append(out, Canary{Detector: rule.Name, Text: rule.Canary, Secret: e.all.find(rule.Name, rule.Canary)})
		}
	}
	for _, pack := range packs.All() {
		for _, on := range e.rules.Packs {
			if on.Name == pack.Name {
				out = append(out, packCanaries(pack)...)
			}
		}
	}
	return out
}

func packCanaries(pack packs.Pack) []Canary {
	var out []Canary
	for _, d := range pack.Detectors {
		for _, canary := range d.Canaries {
			key := ""
			if d.Anchor == packs.Field {
				key = d.Literals[0]
			}
			out = append(out, Canary{Detector: packs.Kebab(pack.Name) + "." + d.Name, Key: key, Text: canary.Text, Secret: canary.Secret})
		}
	}
	return out
}

// find returns what a user's rule matches in its canary.
func (set *ruleset) find(rule, text string) string {
	for _, d := range set.detectors {
		if d.name != rule {
			continue
		}
		found := d.regex.FindString(text)
		if d.check != nil && !d.check(found) {
			return ""
		}
		return found
	}
	return ""
}

// SelfTest sends all canaries through this very engine. A detector leaked when its secret came out: it is in force, and
// does not protect.
func (e *Engine) SelfTest() (checked int, leaked []Canary) {
	for _, canary := range e.Canaries() {
		checked++
		masked, _ := e.Field(canary.Key, canary.Text)
		if canary.Secret == "" || strings.Contains(masked, canary.Secret) {
			leaked = append(leaked, canary)
		}
	}
	return checked, leaked
}
