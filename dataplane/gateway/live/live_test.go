package live

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/plan"
)

func example(t testing.TB) *plan.Plan {
	t.Helper()
	data, err := os.ReadFile("../testdata/plan.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{}
	if err := json.Unmarshal(data, p); err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t testing.TB, path string, p *plan.Plan) {
	t.Helper()
	data, _ := json.Marshal(p)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The kubelet changes a mounted ConfigMap by turning a link to another directory; the plan behind it is taken.
func TestThePlanFollowsTheKubeletsLink(t *testing.T) {
	dir := t.TempDir()
	p := example(t)
	for i, tokens := range []int64{100, 200} {
		folder := filepath.Join(dir, fmt.Sprintf("..%d", i))
		_ = os.Mkdir(folder, 0o700)
		a := p.Agents["shop/billing"]
		a.MaxOutputTokens = tokens
		p.Agents["shop/billing"] = a
		write(t, filepath.Join(folder, "plan.v1.json"), p)
	}
	turn := func(to string) {
		_ = os.Remove(filepath.Join(dir, "..data_tmp"))
		if err := os.Symlink(to, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	turn("..0")
	file := filepath.Join(dir, "plan.v1.json")
	if err := os.Symlink("..data/plan.v1.json", file); err != nil {
		t.Fatal(err)
	}
	l := New(time.Now)
	for i, want := range []int64{100, 200} {
		turn(fmt.Sprintf("..%d", i))
		if swapped, err := l.Load(file); !swapped || err != nil {
			t.Fatal(swapped, err)
		}
		if got := l.Snapshot().Agent("shop/billing").MaxOutputTokens; got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

// A plan that is gone or refused leaves the last good one and says why; before the first one there is no error.
func TestTheLastGoodPlanStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan")
	l := New(time.Now)
	if _, err := l.Load(file); err != nil || l.Snapshot() != nil || l.State().Source != "None" {
		t.Errorf("before the first plan: %v, %+v", err, l.State())
	}
	write(t, file, example(t))
	if swapped, err := l.Load(file); !swapped || err != nil {
		t.Fatal(err)
	}
	digest := l.State().Digest
	for name, breakIt := range map[string]func(){"refused": func() { _ = os.WriteFile(file, []byte("{"), 0o600) }, "gone": func() { _ = os.Remove(file) }} {
		breakIt()
		if _, err := l.Load(file); err == nil || l.State().Source != "LastGood" || l.State().Digest != digest || l.State().Error == "" || l.Snapshot() == nil {
			t.Errorf("%s: %v, %+v", name, err, l.State())
		}
	}
	write(t, file, example(t))
	if _, err := l.Load(file); err != nil || l.State().Source != "Config" || l.State().Error != "" {
		t.Errorf("mended: %v, %+v", err, l.State())
	}
}

// While something newer than the file is known, the file is not looked at; after that it counts again.
func TestAnOlderFileReplacesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan")
	older, newer := example(t), example(t)
	newer.PriceTable = "newer"
	write(t, file, older)
	data, _ := json.Marshal(newer)
	l := New(time.Now)
	if swapped, err := l.Take(data); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	if swapped, err := l.load(file, func() bool { return true }); swapped || err != nil || l.Snapshot().Plan.PriceTable != "newer" {
		t.Errorf("%v, %v: the older file was taken", swapped, err)
	}
	if swapped, err := l.Take(data); swapped || err != nil {
		t.Errorf("the same plan came into force again: %v", err)
	}
	if swapped, err := l.load(file, func() bool { return false }); !swapped || err != nil || l.Snapshot().Plan.PriceTable == "newer" {
		t.Errorf("%v, %v: the file does not count", swapped, err)
	}
}

func BenchmarkLoadOf1000Agents(b *testing.B) {
	p := example(b)
	a := p.Agents["shop/billing"]
	for i := range 1000 {
		p.Agents[fmt.Sprintf("shop/agent-%d", i)] = a
	}
	for i := range 200 {
		p.Routes[fmt.Sprintf("shop/chat/route-%d", i)] = p.Routes["shop/chat/chat"]
	}
	file := filepath.Join(b.TempDir(), "plan")
	write(b, file, p)
	for b.Loop() {
		if _, err := New(time.Now).Load(file); err != nil {
			b.Fatal(err)
		}
	}
}
