package relay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"agentops.dev/dataplane/collector/report"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func everybody(Key) bool { return true }
func nobody(Key) bool    { return false }

var billing = Key{"shop", "billing"}

func sent(spans, masked int64) report.Report {
	return report.Report{
		Version: "1", StartedAt: time.Unix(5, 0), Rules: report.Rules{Digest: "d", Source: "Config"},
		Counts: report.Counts{Spans: spans, Masked: map[string]int64{"email": masked}},
	}
}

func TestOnlyWhatChangedIsListed(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	f := NewFleet("boot", everybody, c.Now)
	f.Report(billing, "p", "u", sent(1, 1))
	agents, cursor := f.Since("", &Agents{})
	if len(agents) != 1 || len(agents[0].Pods) != 1 {
		t.Fatalf("got %+v", agents)
	}
	steps := []struct {
		name   string
		do     func()
		listed int
	}{
		{"counters alone are no change", func() { f.Report(billing, "p", "u", sent(9, 9)) }, 0},
		{"other rules are one", func() { r := sent(9, 9); r.Rules.Digest = "e"; f.Report(billing, "p", "u", r) }, 1},
		{"a leak is one", func() {
			r := sent(9, 9)
			r.Rules.Digest, r.Canaries.Leaked = "e", []string{"x"}
			f.Report(billing, "p", "u", r)
		}, 1},
		{"the first span is one", func() { f.Received(billing, 1) }, 1},
		{"the next span is none", func() { f.Received(billing, 1) }, 0},
		{"a pod that fell silent is one", func() { c.now = c.now.Add(61 * time.Second) }, 1},
		{"nothing is none", func() {}, 0},
	}
	for _, s := range steps {
		s.do()
		agents, cursor = f.Since(cursor, &Agents{})
		if len(agents) != s.listed {
			t.Errorf("%s: %d listed", s.name, len(agents))
		}
	}
	if agents, _ := f.Since("anotherboot-99", &Agents{}); len(agents) != 1 {
		t.Error("a cursor from before a restart must list all")
	}
}

func TestTotalsOutlivePods(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	registry := prometheus.NewRegistry()
	f := NewFleet("boot", everybody, c.Now)
	Register(registry, f, NewBackends(c.Now), NewConfig(c.Now), func() int64 { return 0 }, func() string { return "" })
	f.Report(billing, "p", "u", sent(1, 5))
	f.Report(billing, "p", "u", sent(1, 7))
	f.Report(billing, "q", "v", sent(1, 10))
	restarted := sent(1, 2)
	restarted.StartedAt = time.Unix(6, 0)
	f.Report(billing, "p", "u", restarted)
	c.now = c.now.Add(2 * time.Minute)
	want := "# HELP agentops_masked_total Values masked, by rule.\n# TYPE agentops_masked_total counter\nagentops_masked_total{agent=\"billing\",namespace=\"shop\",rule=\"email\"} 19\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "agentops_masked_total", "agentops_sidecars"); err != nil {
		t.Error(err)
	}
}

func TestWhatClientsInventIsBounded(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	f := NewFleet("boot", nobody, c.Now)
	for i := range 1000 {
		r := sent(1, 1)
		r.Version = strings.Repeat("v", 1<<16)
		r.Rules.Source = "Invented"
		for j := range 500 {
			r.Counts.Masked[fmt.Sprint(j)] = 1
			r.Problems = append(r.Problems, strings.Repeat("p", 1000))
		}
		f.Report(Key{"shop", fmt.Sprint(i % 100)}, "p", fmt.Sprint(i), r)
	}
	if n := len(f.agents); n != maxUnknown {
		t.Errorf("%d agents, want %d", n, maxUnknown)
	}
	for _, a := range f.agents {
		if len(a.masked) > maxRules {
			t.Errorf("%d rules", len(a.masked))
		}
		for _, p := range a.pods {
			if len(p.Report.Version) > 32 || len(p.Report.Problems) > maxTexts || p.Report.Rules.Source != "" {
				t.Errorf("unbounded report %d %d %s", len(p.Report.Version), len(p.Report.Problems), p.Report.Rules.Source)
			}
		}
	}
	c.now = c.now.Add(time.Hour)
	f.Forget()
	f.Forget()
	if len(f.agents) != 0 || f.strays["shop"] != 0 || f.pods != 0 {
		t.Errorf("left: %d agents, %d strays, %d pods", len(f.agents), f.strays["shop"], f.pods)
	}
}

// An agent whose row changed is told of, though nothing else of it did: the operator waits for that.
func TestANewRowOfTheTableIsAChange(t *testing.T) {
	f := NewFleet("boot", func(Key) bool { return true }, time.Now)
	k := Key{"shop", "billing"}
	f.Stored(k, 1)
	rows := &Agents{}
	_, cursor := f.Since("", rows)
	rows.table.Store(&table{Agents: map[string]Agent{k.String(): {Digest: "sha256:1"}}})
	agents, cursor := f.Since(cursor, rows)
	if len(agents) != 1 || agents[0].Row != "sha256:1" {
		t.Fatalf("%+v", agents)
	}
	if agents, _ = f.Since(cursor, rows); len(agents) != 0 {
		t.Fatalf("told twice: %+v", agents)
	}
}
