// Package packs holds the built-in detectors as data: one YAML file per pack.
package packs

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

//go:embed *.yaml
var files embed.FS

// order is the order in which packs are tried when a rules file does not say otherwise; the earlier wins a text both match.
var order = []string{"Credentials", "Email", "PaymentCard", "Iban", "NationalId", "Phone", "IpAddress"}

// Anchor says where in a text a detector is tried.
type Anchor string

const (
	// Literals tries the regex where one of the detector's literals stands (any case).
	Literals Anchor = ""
	// Digits tries the regex where a group of digits begins.
	Digits Anchor = "Digits"
	// Field takes a whole value whose key ends with one of the detector's literals.
	Field Anchor = "Field"
)

// Pack is one file.
type Pack struct {
	Name        string     `yaml:"pack"`
	Description string     `yaml:"description"`
	Detectors   []Detector `yaml:"detectors"`
}

// Detector finds one kind of value.
type Detector struct {
	// Name is lower case with hyphens; reports show it behind the pack's name.
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	// Label stands in placeholders; empty means the name in upper snake case.
	Label  string `yaml:"label"`
	Anchor Anchor `yaml:"anchor"`
	// Literals: one of them begins every match (or follows it by Back bytes at most); all others are never tried.
	Literals []string `yaml:"literals"`
	// Back is how many bytes before its literal a match begins.
	Back int `yaml:"back"`
	// Regex matches from the anchor on. A group, if there is one, is the part that is masked.
	Regex string `yaml:"regex"`
	// Scanner names a hand-written matcher, used in place of the regex.
	Scanner string `yaml:"scanner"`
	// Digits is the least number of digits behind the anchor, before which the regex is not tried.
	Digits int `yaml:"digits"`
	// Groups lists the lengths the first group of digits may have; empty means any.
	Groups []int `yaml:"groups"`
	// Letters is the number of letters that stand directly before the first digit and belong to the value.
	Letters int `yaml:"letters"`
	// Context: one of these words must stand shortly before the value (any case).
	Context []string `yaml:"context"`
	// Follow: one of these texts must stand shortly behind the literal, before which the regex is not tried.
	Follow []string `yaml:"follow"`
	// Loose lets letters and digits touch the match: for tokens whose own prefix leaves no doubt.
	Loose bool `yaml:"loose"`
	// Check is an arithmetic test of the match.
	Check string `yaml:"check"`
	// Canaries must be found, Clean must be left alone.
	Canaries []Canary `yaml:"canaries"`
	Clean    []string `yaml:"clean"`
}

// Canary is a text a detector must find. In the file, « and » mark the part that is secret when it is not the whole.
type Canary struct{ Text, Secret string }

// UnmarshalYAML takes the marks out.
func (c *Canary) UnmarshalYAML(node *yaml.Node) error {
	before, rest, marked := strings.Cut(node.Value, "«")
	if !marked {
		c.Text, c.Secret = node.Value, node.Value
		return nil
	}
	secret, after, closed := strings.Cut(rest, "»")
	if !closed {
		return fmt.Errorf("line %d: » is missing", node.Line)
	}
	c.Text, c.Secret = before+secret+after, secret
	return nil
}

// LabelOrName is what stands in the detector's placeholders.
func (d Detector) LabelOrName() string {
	if d.Label != "" {
		return d.Label
	}
	return Label(d.Name)
}

// Label turns the name of a detector or rule into upper snake case: order-id into ORDER_ID.
func Label(name string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name))
}

// Names lists the packs in their order.
func Names() []string { return append([]string(nil), order...) }

// All returns the packs in their order.
var All = sync.OnceValue(func() []Pack {
	var all []Pack
	for _, name := range order {
		pack, err := read(fileName(name))
		if err != nil {
			panic(err) // built-in data; a test reads it
		}
		all = append(all, pack)
	}
	return all
})

func read(file string) (Pack, error) {
	data, err := files.ReadFile(file)
	if err != nil {
		return Pack{}, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	// A misspelt field would silently widen or empty a detector.
	dec.KnownFields(true)
	var pack Pack
	if err := dec.Decode(&pack); err != nil {
		return Pack{}, fmt.Errorf("%s: %w", file, err)
	}
	return pack, nil
}

// fileName of "PaymentCard" is "payment-card.yaml"; detectors carry the same prefix.
func fileName(name string) string { return Kebab(name) + ".yaml" }

// Kebab turns PaymentCard into payment-card.
func Kebab(name string) string {
	var out []byte
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				out = append(out, '-')
			}
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}
