package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The command says whether a plan would be accepted, and names what is wrong with one that would not.
func TestValidate(t *testing.T) {
	if err := run([]string{"validate", "../../gateway/testdata/plan.v1.json"}); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "plan")
	_ = os.WriteFile(file, []byte(`{"version":1,"targets":{"a":{"provider":"acme"}}}`), 0o600)
	if err := run([]string{"validate", file}); err == nil || !strings.Contains(err.Error(), "targets[a].provider") {
		t.Errorf("got %v", err)
	}
	if err := run([]string{"walk"}); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("got %v", err)
	}
}
