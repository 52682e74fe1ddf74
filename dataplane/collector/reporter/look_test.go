package reporter

import (
	"context"
	"net"
	"testing"

	"agentops.dev/dataplane/collector/canary"
	"agentops.dev/dataplane/collector/report"
)

func TestWhenItIsLooked(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	open, err := canary.Serve(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	refused := &report.Canary{Port: closed.Addr().(*net.TCPAddr).Port}
	l := &look{}
	steps := []struct {
		name    string
		asked   *report.Canary
		want    string
		changed bool
	}{
		{"nobody asks", nil, "", false},
		{"the first look is news", &report.Canary{Port: open}, canary.Open, true},
		{"the same again is none", &report.Canary{Port: open}, canary.Open, false},
		{"a refusal is news", refused, canary.Refused, true},
		{"after a refusal there is a pause", &report.Canary{Port: open}, canary.Refused, false},
		{"nobody asks any more", nil, "", true},
		{"asked anew it looks at once", &report.Canary{Port: open}, canary.Open, true},
	}
	for _, s := range steps {
		if changed := l.taken(ctx, s.asked, "http://127.0.0.1:4320"); changed != s.changed || l.result != s.want {
			t.Errorf("%s: %q, changed %v", s.name, l.result, changed)
		}
	}
}

func TestOnlyThePortDiffersFromTheRelays(t *testing.T) {
	for relay, want := range map[string]string{
		"http://agentops-relay.agentops-system.svc:4320": "agentops-relay.agentops-system.svc:4321",
		"http://[fd00::1]:4320":                          "[fd00::1]:4321",
	} {
		if got := beside(relay, 4321); got != want {
			t.Errorf("%s: %s, want %s", relay, got, want)
		}
	}
}
