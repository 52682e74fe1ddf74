package limits

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/redistest"
)

// server is a real Redis that writes each command to disk before it answers.
type server struct {
	t       testing.TB
	dir     string
	port    int
	process *exec.Cmd
}

// startServer starts one for this test. Without redis-server the test is skipped, and fails in CI.
func startServer(t testing.TB) *server {
	t.Helper()
	redistest.Require(t)
	// Not t.TempDir: its long names do not fit into the address of a unix socket.
	dir, err := os.MkdirTemp("", "limits")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir}
	t.Cleanup(func() { s.kill(); os.RemoveAll(dir) })
	s.start()
	return s
}

func (s *server) socket() string { return filepath.Join(s.dir, "redis.sock") }
func (s *server) url() string    { return "unix://" + s.socket() }

func (s *server) start(more ...string) {
	s.t.Helper()
	s.process = exec.Command("redis-server", append([]string{"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--unixsocket", s.socket(),
		"--dir", s.dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"}, more...)...)
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	db := redis.NewClient(&redis.Options{Addr: s.socket(), MaxRetries: -1})
	defer db.Close()
	await(s.t, "redis answers", func() bool { return db.Ping(context.Background()).Err() == nil })
}

// kill is kill -9: nothing is written on the way out.
func (s *server) kill() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
		_ = os.Remove(s.socket())
	}
}

func (s *server) client(t testing.TB, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{URL: s.url(), Timeout: 5 * time.Second}
	for _, c := range change {
		c(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 60 s in vain: %s", what)
		}
	}
}

var serial atomic.Int64

// newCall is a call of 100 + 50 tokens and 1,000 micro-USD with an id of its own.
func newCall(agent, run string, limits *AgentLimits, charges ...Charge) *Call {
	return &Call{ID: fmt.Sprint("call-", serial.Add(1)), Agent: agent, Run: run, Timeout: time.Minute,
		Most: Amounts{InputTokens: 100, OutputTokens: 50, MicroUSD: 1000}, Limits: limits, Charges: charges}
}

func usage(input, output, microUSD int64) Usage {
	return Usage{Amounts: Amounts{InputTokens: input, OutputTokens: output, MicroUSD: microUSD}}
}

// steps are the three steps of a call, which must not fail by themselves.
type steps struct {
	t testing.TB
	c *Client
}

func (s steps) reserve(call *Call) *Verdict {
	s.t.Helper()
	v, err := s.c.Reserve(context.Background(), call)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (s steps) granted(call *Call) *Reservation {
	s.t.Helper()
	v := s.reserve(call)
	if v.Denial != nil {
		s.t.Fatalf("denied: %+v", *v.Denial)
	}
	return v.Reservation
}

func (s steps) denied(call *Call, reason Reason) *Verdict {
	s.t.Helper()
	v := s.reserve(call)
	if v.Denial == nil || v.Denial.Reason != reason {
		s.t.Fatalf("want %s, got %+v", reason, v.Denial)
	}
	if v.Reservation != nil {
		s.t.Fatal("denied, and has a reservation")
	}
	return v
}

func (s steps) commit(r *Reservation, u Usage) *Receipt {
	s.t.Helper()
	receipt, err := s.c.Commit(context.Background(), r, u)
	if err != nil {
		s.t.Fatal(err)
	}
	return receipt
}

func (s steps) release(r *Reservation) {
	s.t.Helper()
	if err := s.c.Release(context.Background(), r); err != nil {
		s.t.Fatal(err)
	}
}

// stands checks a budget's used, estimated and reserved.
func (s steps) stands(c Charge, used, estimated, reserved int64) *BudgetState {
	s.t.Helper()
	b, err := s.c.Usage(context.Background(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	if b.Used != used || b.Estimated != estimated || b.Reserved != reserved {
		s.t.Fatalf("used %d estimated %d reserved %d, want %d %d %d", b.Used, b.Estimated, b.Reserved, used, estimated, reserved)
	}
	return b
}

func (s steps) run(agent, run string) *Run {
	s.t.Helper()
	r, err := s.c.Run(context.Background(), agent, run)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s steps) decide(agent, run string, d Decision) *Run {
	s.t.Helper()
	r, err := s.c.Decide(context.Background(), agent, run, d)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func isDown(err error) bool {
	var down *ErrStateStore
	return errors.As(err, &down)
}

func ofAgent(agent string, b *Budget) Charge { return Charge{b, Scope{AgentScope, agent}} }
func ofTeam(team string, b *Budget) Charge   { return Charge{b, Scope{TeamScope, team}} }

func tokens(limit int64, ladder ...Rung) *Budget {
	return &Budget{ID: "shop/tokens", Unit: TotalTokens, Limit: limit, Window: Window{Kind: Month}, Ladder: ladder}
}
