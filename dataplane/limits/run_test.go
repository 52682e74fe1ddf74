package limits

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Each limit of a run refuses the call that would pass it, by its own reason.
func TestRunLimitsRefuseByTheirReason(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	for reason, limits := range map[Reason]RunLimits{
		MaxSteps:  {Steps: Bound{Max: 2}},
		MaxTokens: {Tokens: Bound{Max: 400}},
		MaxCost:   {MicroUSD: Bound{Max: 2500}},
	} {
		agent, l := "shop/"+string(reason), &AgentLimits{Run: limits}
		for range 2 {
			c.commit(c.granted(newCall(agent, "run", l)), usage(100, 50, 1000))
		}
		v := c.denied(newCall(agent, "run", l), reason)
		if v.Denial.Used == 0 || v.Denial.Limit == 0 || v.Denial.RetryAfter != 0 {
			t.Fatalf("%+v", v.Denial)
		}
		c.granted(newCall(agent, "other", l))
	}
}

// What only calls in flight keep from fitting may be tried again soon, and holds nobody.
func TestCallsInFlightHoldNoRun(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{Run: RunLimits{Tokens: Bound{Max: 200, Action: HoldRun}}}
	r := c.granted(newCall("shop/a", "run", l))
	if v := c.denied(newCall("shop/a", "run", l), MaxTokens); v.Denial.RetryAfter != time.Second || v.Denial.Reserved != 150 {
		t.Fatalf("%+v", v.Denial)
	}
	c.commit(r, usage(40, 10, 0))
	c.granted(newCall("shop/a", "run", l))
}

// The clock of a run begins with its first call and stands while the run is held.
func TestWallClockStandsWhileTheRunIsHeld(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	l := &AgentLimits{Run: RunLimits{WallClock: Bound{Max: time.Hour.Milliseconds()}}}
	c.release(c.granted(newCall("shop/a", "run", l)))
	c.decide("shop/a", "run", Decision{ID: "d1", Verb: HoldNow})
	held := c.run("shop/a", "run")
	twoHoursPass(t, s, "run", "t0", "pa")
	if r := c.run("shop/a", "run"); r.WallClock != held.WallClock {
		t.Fatalf("%d ms, was %d", r.WallClock, held.WallClock)
	}
	c.decide("shop/a", "run", Decision{ID: "d2", Verb: Resume, Hold: 1})
	c.release(c.granted(newCall("shop/a", "run", l)))
	twoHoursPass(t, s, "run", "t0")
	c.denied(newCall("shop/a", "run", l), MaxWallClock)
}

// twoHoursPass makes times of a run of shop/a older: its first call, and when it was held, if it is.
func twoHoursPass(t *testing.T, s *server, run string, times ...string) {
	t.Helper()
	db := redis.NewClient(&redis.Options{Addr: s.socket()})
	defer db.Close()
	for _, field := range times {
		if err := db.HIncrBy(t.Context(), agentRoot("shop/a")+":r:"+run, field, -2*time.Hour.Milliseconds()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// A held run refuses with why, since when and until when; only the first refusal begins the hold.
func TestHeldRunRefusesUntilSomebodyDecides(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{HoldExpiry: time.Hour, Run: RunLimits{Steps: Bound{Max: 1, Action: HoldRun}}}
	c.commit(c.granted(newCall("shop/a", "run", l)), usage(1, 1, 5))
	v := c.denied(newCall("shop/a", "run", l), RunHeld)
	if h := v.Denial.Held; h == nil || h.Reason != MaxSteps || h.Limit != 1 || h.Used != 1 || h.Number != 1 || h.Expires-h.Since != time.Hour.Milliseconds() {
		t.Fatalf("%+v", v.Denial.Held)
	}
	if len(v.Events) != 1 || v.Events[0].Kind != HoldBegan || v.Events[0].Held.Reason != MaxSteps {
		t.Fatalf("%+v", v.Events)
	}
	if v = c.denied(newCall("shop/a", "run", l), RunHeld); len(v.Events) != 0 || v.Denial.Held.Reason != MaxSteps || v.Denial.Used != 1 {
		t.Fatalf("%+v", v)
	}
	holds, err := c.c.Holds(t.Context(), "", 10)
	if err != nil || len(holds.Runs) != 1 || holds.Runs[0].MicroUSD.Used != 5 || holds.Runs[0].State != Held {
		t.Fatalf("%+v %v", holds, err)
	}

	r := c.decide("shop/a", "run", Decision{ID: "d1", Verb: Resume, Hold: 1, More: Extension{Steps: 2}, By: "ana", Note: "go on"})
	again := c.decide("shop/a", "run", Decision{ID: "d1", Verb: Resume, Hold: 1, More: Extension{Steps: 2}})
	if r.State != Running || r.Extra.Steps != 2 || again.Extra.Steps != 2 || r.DecidedBy != "ana" || r.Note != "go on" {
		t.Fatalf("%+v %+v", r, again)
	}
	for range 2 {
		c.commit(c.granted(newCall("shop/a", "run", l)), usage(1, 1, 0))
	}
	if v = c.denied(newCall("shop/a", "run", l), RunHeld); v.Denial.Held.Number != 2 || v.Denial.Held.Limit != 3 {
		t.Fatalf("%+v", v.Denial.Held)
	}
	var late *ErrTransition
	if _, err := c.c.Decide(t.Context(), "shop/a", "run", Decision{ID: "d2", Verb: Resume, Hold: 1}); !errors.As(err, &late) || late.Hold != 2 {
		t.Fatalf("a decision about an older hold: %v", err)
	}
}

// After a takeover or a cancellation the agent's calls are refused; only the takeover can be given back.
func TestTakeOverAndCancel(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	c.release(c.granted(newCall("shop/a", "run", nil)))
	c.decide("shop/a", "run", Decision{ID: "1", Verb: TakeOver, By: "ana"})
	c.denied(newCall("shop/a", "run", nil), RunTakenOver)
	c.decide("shop/a", "run", Decision{ID: "2", Verb: Resume})
	c.release(c.granted(newCall("shop/a", "run", nil)))
	c.decide("shop/a", "run", Decision{ID: "3", Verb: Cancel})
	c.denied(newCall("shop/a", "run", nil), RunCancelled)
	var final *ErrTransition
	if _, err := c.c.Decide(t.Context(), "shop/a", "run", Decision{ID: "4", Verb: Resume}); !errors.As(err, &final) || final.State != Cancelled {
		t.Fatal(err)
	}
	var none *ErrNoRun
	if _, err := c.c.Decide(t.Context(), "shop/a", "nobody", Decision{ID: "5", Verb: Cancel}); !errors.As(err, &none) {
		t.Fatal(err)
	}
}

// Nobody decided: the run is cancelled, and says so.
func TestHoldThatExpiresCancelsTheRun(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{HoldExpiry: 50 * time.Millisecond, Run: RunLimits{Steps: Bound{Max: 1, Action: HoldRun}}}
	c.commit(c.granted(newCall("shop/a", "run", l)), usage(1, 1, 0))
	c.denied(newCall("shop/a", "run", l), RunHeld)
	await(t, "the hold expires", func() bool { return c.run("shop/a", "run").State == Cancelled })
	if v := c.denied(newCall("shop/a", "run", l), RunCancelled); !v.Denial.Held.Expired {
		t.Fatalf("%+v", v.Denial.Held)
	}
	if holds, err := c.c.Holds(t.Context(), "", 10); err != nil || len(holds.Runs) != 0 {
		t.Fatalf("%+v %v", holds, err)
	}
}

// A budget's rung Hold holds the run; once resumed, the run passes that rung for the rest of the window.
func TestBudgetHoldsTheRunOnceAWindow(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofTeam("shop", tokens(1000, Rung{Action: Hold, Percent: 10}, Rung{Action: Alert, Percent: 5}))
	c.commit(c.granted(newCall("shop/a", "run", nil, b)), usage(100, 0, 0))
	v := c.denied(newCall("shop/a", "new", nil, b), RunHeld)
	if h := v.Denial.Held; h.Reason != BudgetHold || h.Budget != "shop/tokens" || h.Used != 100 || v.Binding != 0 {
		t.Fatalf("%+v", h)
	}
	if len(v.Events) != 1 || v.Events[0].Kind != HoldBegan || v.Events[0].Run != "new" {
		t.Fatalf("%+v", v.Events)
	}
	c.denied(newCall("shop/a", "", nil, b), BudgetHold)
	c.stands(b, 100, 0, 0)
	c.decide("shop/a", "new", Decision{ID: "d", Verb: Resume})
	if v = c.reserve(newCall("shop/a", "new", nil, b)); v.Denial != nil || v.Action != Alert {
		t.Fatalf("%+v", v)
	}
	c.denied(newCall("shop/a", "run", nil, b), RunHeld)
}

// The third identical call in a row is not made; a failed call is no step towards a loop, and a resume begins anew.
func TestIdenticalCallsInARow(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{Run: RunLimits{Identical: Bound{Max: 3, Action: HoldRun}}}
	call := func(fingerprint uint64) *Call {
		call := newCall("shop/a", "run", l)
		call.Fingerprint = fingerprint
		return call
	}
	for range 5 {
		c.release(c.granted(call(7)))
	}
	for _, f := range []uint64{7, 7, 8, 7, 7} {
		c.commit(c.granted(call(f)), usage(1, 1, 0))
	}
	if v := c.denied(call(7), RunHeld); v.Denial.Held.Reason != IdenticalCalls || v.Denial.Held.Limit != 3 {
		t.Fatalf("%+v", v.Denial)
	}
	c.decide("shop/a", "run", Decision{ID: "d", Verb: Resume})
	c.commit(c.granted(call(7)), usage(1, 1, 0))
}

// A run that goes round between few different calls makes no progress.
func TestCallsInCircles(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{Run: RunLimits{NoProgress: NoProgress{Window: 6, Distinct: 2}}}
	call := func(fingerprint uint64) *Call {
		call := newCall("shop/a", "run", l)
		call.Fingerprint = fingerprint
		return call
	}
	for _, f := range []uint64{1, 2, 1, 2, 1} {
		c.commit(c.granted(call(f)), usage(1, 1, 0))
	}
	c.denied(call(2), NoProgressMade)
	c.commit(c.granted(call(3)), usage(1, 1, 0))
}

// Rates, runs at once and concurrency each refuse by their own reason and say when to come back.
func TestAgentLimitsRefuseByTheirReason(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	for reason, l := range map[Reason]*AgentLimits{
		RunsAtOnce:        {RunsAtOnce: 2},
		NewRunsPerMinute:  {NewRunsPerMinute: 2},
		RequestsPerMinute: {RequestsPerMinute: 2},
		TokensPerMinute:   {TokensPerMinute: 301},
		Concurrency:       {Concurrency: 2},
	} {
		agent := "shop/" + string(reason)
		for i := range 2 {
			c.granted(newCall(agent, fmt.Sprint("run-", i), l))
		}
		v := c.denied(newCall(agent, "run-2", l), reason)
		if v.Denial.RetryAfter <= 0 || v.Denial.RetryAfter > 11*time.Minute || v.Denial.Limit == 0 {
			t.Fatalf("%s: %+v", reason, v.Denial)
		}
	}
	c.denied(newCall("shop/x", "", &AgentLimits{RequireRun: true}), NoRunIdentity)
}

// A rate leaves the minute: what was used 60 seconds ago no longer counts.
func TestRatesLookAtTheLastMinute(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	l := &AgentLimits{RequestsPerMinute: 1}
	c.commit(c.granted(newCall("shop/a", "", l)), usage(1, 1, 0))
	v := c.denied(newCall("shop/a", "", l), RequestsPerMinute)
	if v.Denial.RetryAfter < 40*time.Second || v.Denial.RetryAfter > 60*time.Second {
		t.Fatalf("%v", v.Denial.RetryAfter)
	}
	age(t, s, agentRoot("shop/a")+":q", 60)
	c.granted(newCall("shop/a", "", l))
}

// A run that ended or is held makes room for another; one that comes back needs room again.
func TestRunsAtOnceCountsActiveRuns(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{RunsAtOnce: 1}
	c.release(c.granted(newCall("shop/a", "one", l)))
	c.denied(newCall("shop/a", "two", l), RunsAtOnce)
	c.decide("shop/a", "one", Decision{ID: "1", Verb: Finish})
	c.release(c.granted(newCall("shop/a", "two", l)))
	c.denied(newCall("shop/a", "one", l), RunsAtOnce)
	c.decide("shop/a", "two", Decision{ID: "2", Verb: HoldNow})
	c.granted(newCall("shop/a", "one", l))
}

// Runs are listed newest first, in pages without gaps, also where many began in one millisecond.
func TestRunsAreListedInPages(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	for i := range 25 {
		c.release(c.granted(newCall("shop/a", fmt.Sprintf("run-%02d", i), nil)))
	}
	seen, cursor := []Run{}, ""
	for {
		page, err := c.c.Runs(t.Context(), "shop/a", cursor, 4)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page.Runs...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	ids := map[string]bool{}
	for i, r := range seen {
		ids[r.ID] = true
		if i > 0 && r.Started > seen[i-1].Started {
			t.Fatal("not newest first")
		}
	}
	if len(seen) != 25 || len(ids) != 25 {
		t.Fatalf("%d runs, %d different", len(seen), len(ids))
	}
}

// What an agent makes us remember is bounded: the oldest runs go, those that wait for a person stay.
func TestRunsOfAnAgentAreBounded(t *testing.T) {
	c := steps{t, startServer(t).client(t, func(o *Options) { o.RunsKept = 5 })}
	l := &AgentLimits{RunIdle: time.Millisecond}
	call := func(i int) *Call {
		call := newCall("shop/a", fmt.Sprint("run-", i), l)
		call.Timeout = time.Millisecond
		return call
	}
	c.commit(c.granted(call(0)), usage(1, 1, 0))
	c.decide("shop/a", "run-0", Decision{ID: "d", Verb: HoldNow})
	for i := 1; i < 40; i++ {
		await(t, "a run may begin", func() bool {
			v := c.reserve(call(i))
			if v.Denial != nil && v.Denial.Reason != TooManyRuns {
				t.Fatalf("%+v", v.Denial)
			}
			return v.Denial == nil
		})
	}
	page, err := c.c.Runs(t.Context(), "shop/a", "", 100)
	if err != nil || len(page.Runs) > 5 || page.Runs[len(page.Runs)-1].ID != "run-0" {
		t.Fatalf("%d runs, %v", len(page.Runs), err)
	}
}
