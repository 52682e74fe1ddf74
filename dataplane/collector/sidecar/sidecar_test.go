package sidecar

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const good = `{"version":1,"capture":"Masked","packs":[{"name":"Email","action":"Redact"}],"rules":[],"blockKeys":[],"hashKey":"current"}`

func TestRulesComeAndAreNeverLost(t *testing.T) {
	dir := t.TempDir()
	s := New("1", dir, time.Now)
	state := func() string { r := s.Report().Rules; return string(r.Source) }
	// The kubelet mounts a directory and swaps the link "..data" inside it.
	mount := func(version, text string) {
		must(t, os.MkdirAll(filepath.Join(dir, "rules", version), 0o755))
		if text != "" {
			must(t, os.WriteFile(filepath.Join(dir, "rules", version, RulesFile), []byte(text), 0o600))
		}
		link := filepath.Join(dir, "rules", "..data")
		must(t, os.Symlink(version, link+"_tmp"))
		must(t, os.Rename(link+"_tmp", link))
		_ = os.Symlink(filepath.Join("..data", RulesFile), filepath.Join(dir, "rules", RulesFile))
		s.Refresh()
	}
	s.Refresh()
	if state() != "Default" {
		t.Errorf("without a directory: %s", state())
	}
	mount("..1", good)
	if state() != "Config" || s.Report().Canaries.Checked == 0 {
		t.Errorf("with rules: %s, %d canaries", state(), s.Report().Canaries.Checked)
	}
	digest := s.Report().Rules.Digest
	mount("..2", `{"version":1,"unknown":true}`)
	if r := s.Report().Rules; state() != "LastGood" || r.Digest != digest || r.Error == "" {
		t.Errorf("with refused rules: %+v", r)
	}
	mount("..3", "")
	if r := s.Report().Rules; r.Digest != digest {
		t.Errorf("without the file: %+v", r)
	}
	mount("..4", good)
	if r := s.Report().Rules; state() != "Config" || r.Error != "" {
		t.Errorf("with good rules again: %+v", r)
	}
	select {
	case <-s.Swapped():
	default:
		t.Error("nobody was told")
	}
}

func TestProblemsAreListedUntilSolved(t *testing.T) {
	s := New("1", t.TempDir(), time.Now)
	s.Problem("PortInUse: b")
	s.Problem("PortInUse: a")
	if p := s.Report().Problems; len(p) != 2 || p[0] != "PortInUse: a" {
		t.Errorf("got %v", p)
	}
	s.Solved("PortInUse: a")
	if p := s.Report().Problems; len(p) != 1 {
		t.Errorf("got %v", p)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
