package limits

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const twin = ProbePrefix + "one/twin"

func probeOf(c *Client, t *testing.T) func(*Call, Progress) {
	return func(call *Call, by Progress) {
		t.Helper()
		if err := c.Advance(t.Context(), call, by); err != nil {
			t.Fatal(err)
		}
	}
}

// A probe that is moved to its limit is refused there and not before, as if it had made all the calls.
func TestAProbeMeetsItsLimitsAfterTwoCalls(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	advance := probeOf(c.c, t)
	for name, one := range map[string]struct {
		limits AgentLimits
		by     Progress
		reason Reason
	}{
		"steps":         {AgentLimits{Run: RunLimits{Steps: Bound{Max: 1000}}}, Progress{Steps: 998}, MaxSteps},
		"calls":         {AgentLimits{RequestsPerMinute: 1000}, Progress{Calls: 998}, RequestsPerMinute},
		"calls at once": {AgentLimits{Concurrency: 3}, Progress{Open: 2}, ""},
	} {
		call := func(run string) *Call {
			return newCall(ProbePrefix+strings.ReplaceAll(name, " ", "-"), run, &one.limits)
		}
		c.commit(c.granted(call("run")), usage(1, 1, 1))
		advance(call("run"), one.by)
		c.commit(c.granted(call("run")), usage(1, 1, 1))
		if one.reason != "" {
			c.denied(call("run"), one.reason)
		}
	}
	l := &AgentLimits{Run: RunLimits{WallClock: Bound{Max: 3_600_000}}, RunsAtOnce: 100, Concurrency: 100, NewRunsPerMinute: 100}
	first := newCall(twin, "one", l)
	c.commit(c.granted(first), usage(1, 1, 1))
	advance(first, Progress{Milliseconds: 3_600_000})
	c.denied(newCall(twin, "one", l), MaxWallClock)
	advance(first, Progress{NewRuns: 99})
	c.denied(newCall(twin, "two", l), NewRunsPerMinute)
	advance(first, Progress{Runs: 99})
	c.denied(newCall(twin, "three", l), RunsAtOnce)
	advance(newCall(twin, "", l), Progress{Open: 100})
	c.denied(newCall(twin, "", l), Concurrency)
}

// Budgets of requests are moved in every kind of window, and the call after the last one is refused.
func TestAProbesBudgetMeetsItsEnd(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	for _, window := range []Window{{Kind: Day, TimeZone: "Europe/Berlin"}, {Kind: Rolling, Length: time.Hour}, {Kind: NoWindow}} {
		b := &Budget{ID: ProbePrefix + string(window.Kind), Unit: Requests, Limit: 5000, Window: window}
		call := func() *Call {
			return newCall(twin, "", nil, Charge{b, Scope{TeamScope, ProbePrefix + "team"}}, Charge{b, Scope{AgentScope, twin}})
		}
		c.commit(c.granted(call()), usage(1, 1, 1))
		probeOf(c.c, t)(call(), Progress{Requests: 4998})
		c.commit(c.granted(call()), usage(1, 1, 1))
		c.denied(call(), BudgetExhausted)
	}
}

// What is forgotten leaves nothing in the store but marks that expire by themselves, and only probes can be moved or forgotten.
func TestAProbeLeavesNothingBehind(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	b := &Budget{ID: ProbePrefix + "b", Unit: Requests, Limit: 5, Window: Window{Kind: Month}}
	l := &AgentLimits{Run: RunLimits{Steps: Bound{1, HoldRun}}, RequestsPerMinute: 9, NewRunsPerMinute: 9, TokensPerMinute: 9999, Concurrency: 9, RunsAtOnce: 9}
	call := func() *Call {
		return newCall(twin, "run", l, Charge{b, Scope{SharedScope, b.ID}}, Charge{b, Scope{AgentScope, twin}})
	}
	c.commit(c.granted(call()), usage(1, 1, 1))
	probeOf(c.c, t)(call(), Progress{Calls: 1, Runs: 1, Open: 1, NewRuns: 1, Requests: 1})
	c.denied(call(), RunHeld)
	if err := c.c.Forget(t.Context(), call()); err != nil {
		t.Fatal(err)
	}
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	for _, key := range db.Keys(t.Context(), "*").Val() {
		if !strings.Contains(key, ":s:") || db.PTTL(t.Context(), key).Val() <= 0 {
			t.Errorf("%s is left, for %v", key, db.PTTL(t.Context(), key).Val())
		}
	}
	var invalid *ErrInvalid
	own := newCall("shop/a", "run", l)
	if err := c.c.Advance(t.Context(), own, Progress{Steps: 1}); !errors.As(err, &invalid) {
		t.Errorf("an agent was moved: %v", err)
	}
	if err := c.c.Forget(t.Context(), newCall(twin, "", nil, ofTeam("shop", tokens(5)))); !errors.As(err, &invalid) {
		t.Errorf("a budget was forgotten: %v", err)
	}
}
