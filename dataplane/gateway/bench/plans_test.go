package main

import (
	"testing"

	model "agentops.dev/dataplane/gateway/plan"
)

// A plan that the gateway refuses is a benchmark that waits in vain.
func TestPlansOfTheBenchmarksAreTaken(t *testing.T) {
	f := &fleet{provider: "http://127.0.0.1:1"}
	for _, name := range append(names(crowd), append([]string{"hot/single"}, pool(names(crowd))...)...) {
		f.agents = append(f.agents, &agent{name: name})
	}
	b := &bed{provider: "http://127.0.0.1:1", tenant: "127.0.0.1:2"}
	for name, plan := range map[string]string{"scaling": string(f.plan()), "gateway": b.failoverPlan(plan)} {
		if _, err := model.Parse([]byte(plan)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
