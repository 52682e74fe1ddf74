package mask

import "agentops.dev/dataplane/mask/packs"

// Canary is a text that a detector must find.
type Canary struct {
	Detector string `json:"detector"`
	Key      string `json:"key,omitempty"`
	Text     string `json:"text"`
}

// Canaries lists the canaries of every rule and pack detector that is on.
func (e *Engine) Canaries() []Canary {
	var out []Canary
	for _, rule := range e.rules.Own {
		if rule.Canary != "" {
			out = append(out, Canary{Detector: rule.Name, Text: rule.Canary})
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
		for _, text := range d.Canaries {
			key := ""
			if d.Anchor == packs.Field {
				key = d.Literals[0]
			}
			out = append(out, Canary{Detector: packs.Kebab(pack.Name) + "." + d.Name, Key: key, Text: text})
		}
	}
	return out
}

// SelfTest sends all canaries through this very engine. A detector leaked when it did not match its own canary and no
// other rule hid the whole of it: then it is in force, and does not protect.
func (e *Engine) SelfTest() (checked int, leaked []Canary) {
	for _, canary := range e.Canaries() {
		checked++
		masked, hits := e.Field(canary.Key, canary.Text)
		if !hits.has(canary.Detector) && e.all.placeholder(masked) != len(masked) {
			leaked = append(leaked, canary)
		}
	}
	return checked, leaked
}

func (h Hits) has(detector string) bool {
	for _, c := range h.Counts {
		if c.Detector == detector {
			return true
		}
	}
	return false
}
