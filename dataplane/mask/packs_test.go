package mask

import (
	"strings"
	"testing"

	"agentops.dev/dataplane/mask/packs"
)

func allPacks(action Action) []Pack {
	var out []Pack
	for _, name := range packs.Names() {
		out = append(out, Pack{Name: name, Action: action})
	}
	return out
}

func engineWith(t testing.TB, r *Rules) *Engine {
	t.Helper()
	if r.Capture == "" {
		r.Capture = CaptureMasked
	}
	e, err := NewEngine(r, Keys{current: []byte("0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Every detector finds its own canaries, when its pack is on alone.
func TestEachDetectorFindsItsCanaries(t *testing.T) {
	for _, pack := range packs.All() {
		e := engineWith(t, &Rules{Packs: []Pack{{Name: pack.Name, Action: Redact}}})
		for _, d := range pack.Detectors {
			for _, canary := range d.Canaries {
				key := ""
				if d.Anchor == packs.Field {
					key = d.Literals[0]
				}
				got, _ := e.Field(key, canary.Text)
				if want := strings.Replace(canary.Text, canary.Secret, "["+d.LabelOrName()+"]", 1); got != want {
					t.Errorf("%s.%s: %q:\n got %q\nwant %q", pack.Name, d.Name, canary.Text, got, want)
				}
			}
		}
	}
}

// No detector of any pack takes a text for a value that only looks like one.
func TestNearMissesAreLeftAlone(t *testing.T) {
	for _, pack := range packs.All() {
		e := engineWith(t, &Rules{Packs: []Pack{{Name: pack.Name, Action: Redact}}})
		for _, d := range pack.Detectors {
			for _, text := range d.Clean {
				key := ""
				if d.Anchor == packs.Field {
					key = d.Literals[0]
				}
				if got, hits := e.Field(key, text); hits.Any() {
					t.Errorf("%s.%s: %q became %q by %v", pack.Name, d.Name, text, got, hits.Counts)
				}
			}
		}
	}
}

// The self-test of an engine with all packs finds no leak.
func TestSelfTestPassesForAllPacks(t *testing.T) {
	for _, action := range []Action{Redact, Hash, Partial, Drop} {
		checked, leaked := engineWith(t, &Rules{Packs: allPacks(action)}).SelfTest()
		if checked < 100 || len(leaked) > 0 {
			t.Errorf("%s: %d checked, leaked %v", action, checked, leaked)
		}
	}
}
