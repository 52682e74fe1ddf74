package limits

import (
	"testing"
	"time"
)

// What was used replaces what was reserved.
func TestCommitReplacesTheReservationByWhatWasUsed(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofAgent("shop/a", tokens(1000))
	r := c.granted(newCall("shop/a", "", nil, b))
	c.stands(b, 0, 0, 150)
	receipt := c.commit(r, usage(100, 20, 700))
	if receipt.Late || receipt.Duplicate || receipt.Budgets[0].Used != 120 {
		t.Fatalf("%+v", receipt)
	}
	c.stands(b, 120, 0, 0)
}

// A call that does not fit whole is refused, and the denial says how much still fits and when.
func TestBudgetRefusesWhatDoesNotFitWhole(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofAgent("shop/a", tokens(400))
	c.commit(c.granted(newCall("shop/a", "", nil, b)), usage(100, 50, 0))
	first := c.granted(newCall("shop/a", "", nil, b))

	v := c.denied(newCall("shop/a", "", nil, b), BudgetInFlight)
	if d := v.Denial; d.Limit != 400 || d.Used != 150 || d.Reserved != 150 || d.Remaining() != 100 || d.RetryAfter != time.Second || v.Binding != 0 {
		t.Fatalf("%+v", d)
	}
	c.commit(first, usage(100, 50, 0))
	v = c.denied(newCall("shop/a", "", nil, b), BudgetExhausted)
	if d := v.Denial; d.Budget.ID != "shop/tokens" || d.RetryAfter <= 0 || d.RetryAfter > 32*24*time.Hour {
		t.Fatalf("%+v", d)
	}
	if len(v.Events) != 1 || v.Events[0].Kind != BudgetRefused {
		t.Fatalf("first refusal is an event: %+v", v.Events)
	}
	if v = c.denied(newCall("shop/a", "", nil, b), BudgetExhausted); len(v.Events) != 0 {
		t.Fatalf("the second is none: %+v", v.Events)
	}
	c.denied(newCall("shop/a", "", nil, ofAgent("shop/a", &Budget{ID: "x", Unit: TotalTokens, Limit: 149, Window: Window{Kind: Day}})), BudgetTooSmall)
	c.stands(b, 300, 0, 0)
}

// A failed call gives back everything, in every scope.
func TestReleaseGivesBackEverything(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	own, team := ofAgent("shop/a", tokens(1000)), ofTeam("shop", tokens(1000))
	limits := &AgentLimits{RequestsPerMinute: 1, TokensPerMinute: 150, Concurrency: 1, NewRunsPerMinute: 1, Run: RunLimits{Steps: Bound{Max: 1}}}
	for range 3 {
		c.release(c.granted(newCall("shop/a", "run", limits, own, team)))
	}
	c.stands(own, 0, 0, 0)
	c.stands(team, 0, 0, 0)
	if r := c.run("shop/a", "run"); r.Steps != (Counter{}) || r.Tokens != (Counter{}) {
		t.Fatalf("%+v", r)
	}
}

// One refusal among several scopes leaves no trace in the others, not even the run that the call would have begun.
func TestRefusalInOneScopeIsRolledBackInAll(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	own, team, user := ofAgent("shop/a", tokens(1000)), ofTeam("shop", tokens(100)), Charge{tokens(1000), Scope{EndUserScope, "Ms. Ünal"}}
	limits := &AgentLimits{NewRunsPerMinute: 1, RunsAtOnce: 1, Concurrency: 1}
	for range 3 {
		v := c.denied(newCall("shop/a", "run", limits, own, team, user), BudgetTooSmall)
		if v.Binding != 1 {
			t.Fatalf("binding %d", v.Binding)
		}
	}
	for _, b := range []Charge{own, team, user} {
		c.stands(b, 0, 0, 0)
	}
	if _, err := c.c.Run(t.Context(), "shop/a", "run"); err == nil {
		t.Fatal("the run never began")
	}
	c.granted(newCall("shop/a", "other", limits, own, user))
}

// Each rung is reported once a window, also when the ladder changes, and the strongest one applies.
func TestRungsApplyFromTheirThresholdAndAreReportedOnce(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	ladder := []Rung{{Action: ReadOnlyTools, Percent: 80}, {Action: Alert, Percent: 50}, {Action: CheaperModel, Amount: 500}}
	b := ofTeam("shop", tokens(1000, ladder...))
	receipt := c.commit(c.granted(newCall("shop/a", "", nil, b)), usage(400, 99, 0))
	if len(receipt.Events) != 0 || receipt.Budgets[0].Rung != NoAction {
		t.Fatalf("%+v", receipt)
	}
	receipt = c.commit(c.granted(newCall("shop/a", "", nil, b)), usage(1, 0, 0))
	if len(receipt.Events) != 2 || receipt.Events[0].Action != Alert || receipt.Events[1].Action != CheaperModel {
		t.Fatalf("%+v", receipt.Events)
	}
	v := c.reserve(newCall("shop/a", "", nil, b))
	if v.Action != CheaperModel || v.Binding != 0 || len(v.Events) != 0 || v.Budgets[0].Used != 500 {
		t.Fatalf("%+v", v)
	}
	c.release(v.Reservation)

	raised := ofTeam("shop", tokens(2000, ladder...))
	if v = c.reserve(newCall("shop/a", "", nil, raised)); v.Action != CheaperModel || len(v.Events) != 0 {
		t.Fatalf("an amount that was reached is not reported again: %+v", v)
	}
	receipt = c.commit(v.Reservation, usage(500, 0, 0))
	if len(receipt.Events) != 1 || receipt.Events[0].Action != Alert {
		t.Fatalf("half of the new limit is news: %+v", receipt.Events)
	}
}

// A rung Block below the limit refuses there.
func TestBlockBelowTheLimitRefuses(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofAgent("shop/a", tokens(1000, Rung{Action: Block, Percent: 20}))
	c.commit(c.granted(newCall("shop/a", "", nil, b)), usage(150, 0, 0))
	if v := c.denied(newCall("shop/a", "", nil, b), BudgetExhausted); v.Denial.Limit != 200 {
		t.Fatalf("%+v", v.Denial)
	}
}

// A budget that is used up refuses calls that cost nothing too.
func TestExhaustedBudgetRefusesFreeCalls(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofAgent("shop/a", &Budget{ID: "usd", Unit: MicroUSD, Limit: 1000, Window: Window{Kind: Month}})
	c.commit(c.granted(newCall("shop/a", "", nil, b)), usage(1, 1, 1000))
	free := newCall("shop/a", "", nil, b)
	free.Most.MicroUSD = 0
	c.denied(free, BudgetExhausted)
}

// A budget in mode Shadow counts and refuses nothing.
func TestShadowCountsWhatItWouldHaveRefused(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	shadow := tokens(200)
	shadow.Mode = Shadow
	b := ofTeam("shop", shadow)
	for i := range 3 {
		v := c.reserve(newCall("shop/a", "", nil, b))
		if v.WouldDeny != (i > 0) || v.Denial != nil || v.Action != NoAction || v.Binding != -1 {
			t.Fatalf("call %d: %+v", i, v)
		}
		if first := len(v.Events) > 0 && v.Events[0].Kind == BudgetWouldRefuse; first != (i == 1) {
			t.Fatalf("call %d: %+v", i, v.Events)
		}
		c.commit(v.Reservation, usage(100, 50, 0))
	}
	if s := c.stands(b, 450, 0, 0); s.WouldDeny != 2 {
		t.Fatalf("would deny %d", s.WouldDeny)
	}
}

// Of two budgets the one with less left binds; one that refuses binds in any case.
func TestTheTighterBudgetBinds(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	wide, tight := ofTeam("shop", tokens(1_000_000)), ofAgent("shop/a", tokens(200))
	v := c.reserve(newCall("shop/a", "", nil, wide, tight))
	if v.Binding != 1 || v.Budgets[1].Remaining() != 50 {
		t.Fatalf("%+v", v)
	}
	if v = c.denied(newCall("shop/a", "", nil, wide, tight), BudgetInFlight); v.Binding != 1 {
		t.Fatalf("%+v", v)
	}
	c.stands(wide, 0, 0, 150)
}

// An unknown price is refused or counted as unpriced, and never taken for zero.
func TestUnknownPriceIsRefusedOrCountedAsUnpriced(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	strict := &Budget{ID: "usd", Unit: MicroUSD, Limit: 1000, Window: Window{Kind: Month}}
	lax := &Budget{ID: "usd", Unit: MicroUSD, Limit: 1000, Window: Window{Kind: Month}, OnPriceUnknown: AllowUnpriced}
	call := func(b *Budget) *Call {
		call := newCall("shop/a", "", nil, ofAgent("shop/a", b))
		call.Most.MicroUSD, call.Most.PriceUnknown = 0, true
		return call
	}
	c.denied(call(strict), PriceUnknown)
	r := c.granted(call(lax))
	c.commit(r, Usage{Amounts: Amounts{InputTokens: 5, PriceUnknown: true}})
	if s := c.stands(ofAgent("shop/a", lax), 0, 0, 0); s.Unpriced != 1 {
		t.Fatalf("%+v", s)
	}
}

// Every unit counts its own part of the call.
func TestEachUnitCountsItsPart(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	want := map[Unit]int64{InputTokens: 30, OutputTokens: 7, TotalTokens: 37, MicroUSD: 900, Requests: 1}
	var charges []Charge
	for unit := range want {
		charges = append(charges, ofTeam("shop", &Budget{ID: "b/" + string(unit), Unit: unit, Limit: 1_000_000, Window: Window{Kind: Hour}}))
	}
	c.commit(c.granted(newCall("shop/a", "", nil, charges...)), usage(30, 7, 900))
	for _, charge := range charges {
		c.stands(charge, want[charge.Budget.Unit], 0, 0)
	}
}

// The most that can be counted is counted to the last micro-dollar.
func TestHugeAmountsStayExact(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofTeam("shop", &Budget{ID: "usd", Unit: MicroUSD, Limit: maxAmount, Window: Window{Kind: NoWindow}})
	call := newCall("shop/a", "run", nil, b)
	call.Most.MicroUSD = maxAmount - 1
	c.commit(c.granted(call), usage(0, 0, maxAmount-1))
	c.stands(b, maxAmount-1, 0, 0)
	if r := c.run("shop/a", "run"); r.MicroUSD.Used != maxAmount-1 {
		t.Fatalf("%+v", r)
	}
}

// Two first calls of a run, both under way when both are refused in another scope, leave no run behind.
func TestRunWhoseFirstCallsWereAllRefusedNeverBegan(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	team := ofTeam("shop", tokens(100))
	var attempts []*attempt
	for range 2 {
		a, err := c.c.attempt(t.Context(), newCall("shop/a", "run", nil, team), 0)
		if err != nil || a.verdict.Denial == nil {
			t.Fatalf("%+v %v", a, err)
		}
		attempts = append(attempts, a)
	}
	for _, a := range attempts {
		c.run("shop/a", "run")
		if err := c.c.undo(t.Context(), "rollback", a); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.c.Run(t.Context(), "shop/a", "run"); err == nil {
		t.Fatal("the run never began")
	}
}
