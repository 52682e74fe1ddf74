package mask

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Rules swap when the file is good and stay when it is not; a key that rotates takes effect at once.
func TestLiveKeepsTheLastGoodRules(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rules.v1.json")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := NewLive(func() time.Time { return time.Unix(1, 0) })
	step := func(name string, wantSwap bool, wantSource Source, wantError, in, want string) {
		t.Helper()
		swapped, _ := l.Load(path, dir)
		state := l.State()
		if swapped != wantSwap || state.Source != wantSource || !strings.Contains(state.Error, wantError) || (wantError == "") != (state.Error == "") {
			t.Errorf("%s: swapped %v, %+v", name, swapped, state)
		}
		if got, _ := l.Engine().String(in); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	step("no file is the default", false, SourceDefault, "", "jane@example.com", "jane@")
	write("rules.v1.json", "{")
	step("a refused first file keeps the default", false, SourceDefault, "rules file", "jane@example.com", "jane@")
	write("rules.v1.json", goodRules)
	step("a good file is taken", true, SourceConfig, "", "jane@example.com", "[EMAIL]")
	step("the same file swaps nothing", false, SourceConfig, "", "jane@example.com", "[EMAIL]")
	if !strings.Contains(l.State().KeyError, "there is none") {
		t.Errorf("a key that the rules name and nobody gave is not reported: %q", l.State().KeyError)
	}
	write("current", "0123456789abcdef")
	step("a key that appears is used", true, SourceConfig, "", "jane@example.com", "[EMAIL:a7a54661c75b]")
	if l.State().KeyError != "" {
		t.Errorf("with a key: %q", l.State().KeyError)
	}
	write("rules.v1.json", `{"version": 3}`)
	step("a refused file keeps the last good rules", false, SourceLastGood, "version", "jane@example.com", "[EMAIL:a7")
	write("current", "fedcba9876543210")
	step("a key rotates while rules are refused", false, SourceLastGood, "version", "jane@example.com", "[EMAIL:")
	if got, _ := l.Engine().String("jane@example.com"); got == "[EMAIL:a7a54661c75b]" {
		t.Error("the old key is still in use")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	step("a file that went keeps the last good rules", false, SourceLastGood, "it is gone", "jane@example.com", "[EMAIL:")
	write("rules.v1.json", goodRules)
	step("the file is back", false, SourceConfig, "", "jane@example.com", "[EMAIL:")
	write("current", "short")
	step("a short key is reported and Hash redacts", true, SourceConfig, "", "jane@example.com", "[EMAIL]")
	if !strings.Contains(l.State().KeyError, "16") {
		t.Error(l.State().KeyError)
	}
}
