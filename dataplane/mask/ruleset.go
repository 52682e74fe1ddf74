package mask

import (
	"strings"

	"agentops.dev/dataplane/mask/packs"
)

// maxLetters is the longest run of letters that may belong to a number (codice fiscale: six).
const maxLetters = 6

// ruleset is what one pass applies: all rules, or the Credentials pack alone for content that is captured in full.
type ruleset struct {
	detectors []*detector
	literals  *automaton
	// byLetters holds the detectors that begin at a digit, by the number of letters before it.
	byLetters [maxLetters + 1][]*detector
	fields    []fieldRule
	// always holds users' rules for which no literal is known: they cost a search of every text.
	always []*detector
	labels map[string]bool
}

// fieldRule takes a whole value by the end of its key: "apikey" for x-api-key, api_key, apiKey.
type fieldRule struct {
	ending   string
	detector *detector
}

func newRuleset(own []Rule, enabled []Pack) (*ruleset, error) {
	set := &ruleset{labels: map[string]bool{blockedKey.label: true}}
	known := lexicon{}
	for _, rule := range own {
		d, err := fromRule(rule)
		if err != nil {
			return nil, err
		}
		set.add(d)
		literals := rule.Literals
		if len(literals) == 0 {
			literals = requiredLiterals(rule.Regex)
		}
		if len(literals) == 0 {
			set.always = append(set.always, d)
		}
		known.add(literals, d)
	}
	for _, pack := range packs.All() {
		for _, on := range enabled {
			if on.Name != pack.Name {
				continue
			}
			if err := set.addPack(known, pack, on.Action); err != nil {
				return nil, err
			}
		}
	}
	set.literals = newAutomaton(known)
	set.protectLabels()
	return set, nil
}

func (set *ruleset) add(d *detector) {
	d.index = len(set.detectors)
	set.detectors = append(set.detectors, d)
	set.labels[d.label] = true
}

func (set *ruleset) addPack(known lexicon, pack packs.Pack, action Action) error {
	for _, data := range pack.Detectors {
		d, err := fromPack(pack, data, action)
		if err != nil {
			return err
		}
		set.add(d)
		known.addGates(d.context, d)
		switch data.Anchor {
		case packs.Digits:
			set.byLetters[data.Letters] = append(set.byLetters[data.Letters], d)
		case packs.Field:
			for _, ending := range data.Literals {
				set.fields = append(set.fields, fieldRule{ending: ending, detector: d})
			}
		default:
			known.add(data.Literals, d)
		}
	}
	return nil
}

func (l lexicon) add(literals []string, d *detector) {
	for _, text := range literals {
		entry := l.entry(text)
		// Two long literals with one beginning would try the detector twice.
		if n := len(entry.detectors); n == 0 || entry.detectors[n-1] != d {
			entry.detectors = append(entry.detectors, d)
		}
	}
}

func (l lexicon) addGates(context []string, d *detector) {
	for _, words := range context {
		first, _, _ := strings.Cut(words, " ")
		entry := l.entry(first)
		entry.gates = append(entry.gates, d)
	}
}

// protectLabels makes placeholders of all packs known, also of those that are off here: a text that another part of the
// product masked already must pass unchanged.
func (set *ruleset) protectLabels() {
	for _, pack := range packs.All() {
		for _, d := range pack.Detectors {
			set.labels[d.LabelOrName()] = true
		}
	}
}

// field returns the detector that takes the whole value under a key, or nil.
func (set *ruleset) field(key string) *detector {
	if key == "" {
		return nil
	}
	for i := range set.fields {
		if endsWith(key, set.fields[i].ending) {
			return set.fields[i].detector
		}
	}
	return nil
}

// endsWith compares letters and digits only, from the end, in any case.
func endsWith(key, ending string) bool {
	i := len(key) - 1
	for j := len(ending) - 1; j >= 0; j-- {
		for i >= 0 && !isAlnum(key[i]) {
			i--
		}
		if i < 0 || lower(key[i]) != ending[j] {
			return false
		}
		i--
	}
	return true
}
