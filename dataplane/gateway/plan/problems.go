package plan

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxNumber is a billion USD in micro-USD: a larger number is a mistake of the unit.
	maxNumber = int64(1e15)
	// maxPrice is ten thousand USD for a million tokens.
	maxPrice = int64(1e10)
	// maxSeconds is a year and a day.
	maxSeconds = int64(366 * 24 * 3600)
	// maxAnswer is more than any model answers.
	maxAnswer = int64(10e6)
)

var (
	entryName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._/-]{0,251}[a-z0-9])?$`)
	aliasName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,126}[A-Za-z0-9])?$`)
	agentName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	fileName  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,253}$`)
	// Line ends in a value that becomes a label or a header would let it say more than it is.
	plainText = regexp.MustCompile(`^[^\x00-\x1f\x7f]{0,256}$`)
)

// problems collects all that is wrong, so that one look at the report is enough to mend the plan.
type problems struct{ list []error }

// add names the field, its value and the mend, in that order.
func (p *problems) add(field string, value any, mend string) {
	p.list = append(p.list, fmt.Errorf("%s: %q: %s", field, short(fmt.Sprint(value)), mend))
}

func short(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func (p *problems) match(re *regexp.Regexp, field, value, mend string) {
	if !re.MatchString(value) {
		p.add(field, value, mend)
	}
}

// lines checks values that become labels or headers.
func (p *problems) lines(field string, values map[string]string) {
	for _, name := range sorted(values) {
		p.match(plainText, field+"."+name, values[name], "write one line of at most 256 characters")
	}
}

func (p *problems) between(field string, value, least, most int64) {
	if value < least || value > most {
		p.add(field, value, fmt.Sprintf("write a number from %d to %d", least, most))
	}
}

// word checks a value that has few forms.
func word[T ~string](p *problems, field string, value T, known ...T) {
	if slices.Contains(known, value) {
		return
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	p.add(field, string(value), "use one of "+strings.Join(words, ", "))
}

// known checks that a name has an entry.
func known[T any](p *problems, field, name string, table map[string]T, where string) {
	if _, ok := table[name]; !ok {
		p.add(field, name, "there is no such entry in "+where)
	}
}

// sorted makes the order of problems the same each time.
func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
