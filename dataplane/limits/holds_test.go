package limits

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var heldAtOne = &AgentLimits{Run: RunLimits{Steps: Bound{Max: 1, Action: HoldRun}}}

// hold lets a run make its one step and ask for another.
func (s steps) hold(agent, run string) {
	s.t.Helper()
	s.commit(s.granted(newCall(agent, run, heldAtOne)), usage(1, 1, 5))
	s.denied(newCall(agent, run, heldAtOne), RunHeld)
}

// waiting are the runs of all pages, as agent/run:state.
func (s steps) waiting(size int) (found []string) {
	s.t.Helper()
	for cursor := ""; ; {
		page, err := s.c.Holds(s.t.Context(), cursor, size)
		if err != nil || len(page.Runs) > size {
			s.t.Fatalf("%d runs: %v", len(page.Runs), err)
		}
		for _, r := range page.Runs {
			found = append(found, fmt.Sprintf("%s/%s:%s", r.Agent, r.ID, r.State))
		}
		if cursor = page.Next; cursor == "" {
			slices.Sort(found)
			return found
		}
	}
}

// indexed are the agents in the index.
func (s steps) indexed() []string {
	s.t.Helper()
	found, err := s.c.store.connections.Load().ZRange(s.t.Context(), indexRoot+":a", 0, -1).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

func (s steps) expect(size int, want ...string) {
	s.t.Helper()
	slices.Sort(want)
	if got := s.waiting(size); !slices.Equal(got, want) {
		s.t.Fatalf("%v wait, want %v", got, want)
	}
}

// One list has what waits of all agents, whatever the size of its pages, and nothing of agents where nobody waits.
func TestHoldsOfAllAgentsInOneList(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	want := []string{}
	for agent := range 20 {
		for run := range 1 + agent%3 {
			c.hold(fmt.Sprint("shop/a", agent), fmt.Sprint("run", run))
			want = append(want, fmt.Sprintf("shop/a%d/run%d:Held", agent, run))
		}
		c.release(c.granted(newCall(fmt.Sprint("shop/quiet", agent), "run", heldAtOne)))
	}
	for _, size := range []int{1, 2, 7, 500} {
		c.expect(size, want...)
	}
	if got := c.indexed(); len(got) != 20 {
		t.Fatalf("the index has %v", got)
	}
}

// A run leaves the list when somebody decides, and its agent the index when the list is read next; a run that a person took
// over stays until the person gives it back. It comes back with the next hold.
func TestHoldsFollowDecisions(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	c.hold("shop/a", "one")
	c.hold("shop/a", "two")
	c.decide("shop/a", "one", Decision{ID: "1", Verb: Resume, More: Extension{Steps: 1}})
	c.decide("shop/a", "two", Decision{ID: "2", Verb: TakeOver, By: "ana"})
	c.expect(10, "shop/a/two:TakenOver")
	c.decide("shop/a", "two", Decision{ID: "3", Verb: Cancel})
	c.expect(10)
	if got := c.indexed(); len(got) != 0 {
		t.Fatalf("the index has %v", got)
	}
	c.commit(c.granted(newCall("shop/a", "one", heldAtOne)), usage(1, 1, 5))
	c.denied(newCall("shop/a", "one", heldAtOne), RunHeld)
	c.decide("shop/a", "one", Decision{ID: "4", Verb: Resume, More: Extension{Steps: 1}})
	c.decide("shop/a", "one", Decision{ID: "5", Verb: HoldNow})
	c.expect(10, "shop/a/one:Held")
}

// Holds of a budget's rung are in the list too.
func TestHoldOfABudgetIsListed(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	b := ofAgent("shop/a", tokens(1000, Rung{Action: Hold, Percent: 10}))
	c.commit(c.granted(newCall("shop/a", "run", nil, b)), usage(100, 50, 5))
	c.denied(newCall("shop/a", "run", nil, b), RunHeld)
	c.expect(10, "shop/a/run:Held")
}

// A gateway that dies after it wrote the index and before the hold leaves an entry too many, which a reader takes out.
func TestIndexIsWrittenBeforeTheHold(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	if _, err := c.c.enter(t.Context(), "shop/dead"); err != nil {
		t.Fatal(err)
	}
	if got := c.indexed(); len(got) != 1 {
		t.Fatalf("the index has %v", got)
	}
	c.expect(10)
	if got := c.indexed(); len(got) != 0 {
		t.Fatalf("the index has %v", got)
	}
}

// A reader that takes an agent out while a gateway is between index and hold does not lose the hold: the number that the
// gateway got counts no longer, and it asks for another one.
func TestReaderDoesNotLoseAHoldThatBegins(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	c.commit(c.granted(newCall("shop/a", "run", heldAtOne)), usage(1, 1, 5))
	number, err := c.c.enter(t.Context(), "shop/a")
	if err != nil {
		t.Fatal(err)
	}
	c.expect(10) // takes it out
	a, err := c.c.attempt(t.Context(), newCall("shop/a", "run", heldAtOne), number)
	if err != nil || !a.unlisted {
		t.Fatalf("a number that was taken out was taken for good: %+v %v", a, err)
	}
	c.expect(10)
	c.denied(newCall("shop/a", "run", heldAtOne), RunHeld)
	c.expect(10, "shop/a/run:Held")
}

// A reader that saw nobody wait takes out no entry that came meanwhile.
func TestReaderTakesOutOnlyWhatItLookedAt(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	old, err := c.c.enter(t.Context(), "shop/a")
	if err != nil {
		t.Fatal(err)
	}
	c.hold("shop/a", "run")
	if _, err := c.c.store.run(t.Context(), "index", []invocation{{indexScript, indexRoot, []any{"leave", "shop/a", old}}}); err != nil {
		t.Fatal(err)
	}
	c.expect(10, "shop/a/run:Held")
}

// A store that forgot its index gets it back with the next call of the held run.
func TestForgottenIndexComesBack(t *testing.T) {
	s := startServer(t)
	c := steps{t, s.client(t)}
	c.hold("shop/a", "run")
	if err := c.c.store.connections.Load().Del(t.Context(), indexRoot+":a", indexRoot+":n").Err(); err != nil {
		t.Fatal(err)
	}
	other := steps{t, s.client(t)}
	other.denied(newCall("shop/a", "run", heldAtOne), RunHeld)
	c.expect(10, "shop/a/run:Held")
}

// Who lists what waits is told once which runs nobody decided about in time.
func TestListTellsOnceWhatExpired(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	l := &AgentLimits{HoldExpiry: time.Millisecond, Run: heldAtOne.Run}
	c.commit(c.granted(newCall("shop/a", "run", l)), usage(1, 1, 0))
	c.denied(newCall("shop/a", "run", l), RunHeld)
	told := 0
	await(t, "the hold expires", func() bool {
		page, err := c.c.Holds(t.Context(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Expired {
			if r.Agent != "shop/a" || r.ID != "run" {
				t.Fatalf("%+v", r)
			}
			told++
		}
		return told > 0
	})
	c.expect(10)
	if r := c.run("shop/a", "run"); told != 1 || r.State != Cancelled || !r.Held.Expired {
		t.Fatalf("told %d times: %+v", told, r)
	}
}

// A run that a person has takes calls for the person only: past the limits of the run, and counted. Given back, it takes the
// agent's.
func TestCallsForThePersonWhoTookOver(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	forPerson := func() *Call { call := newCall("shop/a", "run", heldAtOne); call.ForPerson = true; return call }
	c.hold("shop/a", "run")
	c.denied(forPerson(), RunHeld)
	c.decide("shop/a", "run", Decision{ID: "1", Verb: TakeOver})
	c.denied(newCall("shop/a", "run", heldAtOne), RunTakenOver)
	for range 3 {
		c.commit(c.granted(forPerson()), usage(10, 5, 7))
	}
	if r := c.run("shop/a", "run"); r.State != TakenOver || r.Steps.Used != 4 || r.MicroUSD.Used != 26 {
		t.Fatalf("%+v", r)
	}
	c.decide("shop/a", "run", Decision{ID: "2", Verb: Resume, More: Extension{Steps: 10}})
	c.denied(forPerson(), RunResumed)
	c.commit(c.granted(newCall("shop/a", "run", heldAtOne)), usage(1, 1, 5))
}

// A verdict tells where the run came from, which step is asked again after a failure, and that the plan changed.
func TestVerdictTellsWhatHappenedToTheRun(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	call := func(fingerprint uint64, plan string) *Call {
		call := newCall("shop/a", "run", heldAtOne)
		call.Limits, call.Fingerprint, call.Plan = &AgentLimits{}, fingerprint, plan
		return call
	}
	fail := func(v *Verdict) { v.Reservation.Failed("provider_unavailable"); c.release(v.Reservation) }

	first := c.reserve(call(1, "p1"))
	if first.From != "" || first.Retry != nil || first.PlanBefore != "" {
		t.Fatalf("%+v", first)
	}
	fail(first)
	second := c.reserve(call(1, "p1"))
	if second.From != Running || second.Retry == nil || *second.Retry != (Retry{1, "provider_unavailable"}) || second.PlanBefore != "" {
		t.Fatalf("%+v %+v", second, second.Retry)
	}
	fail(second)
	third := c.reserve(call(1, "p2"))
	if third.Retry == nil || third.Retry.Number != 2 || third.PlanBefore != "p1" {
		t.Fatalf("%+v %+v", third, third.Retry)
	}
	c.commit(third.Reservation, usage(1, 1, 0))
	if v := c.reserve(call(1, "p2")); v.Retry != nil || v.PlanBefore != "" {
		t.Fatalf("a step that succeeded is no retry: %+v %+v", v, v.Retry)
	} else {
		fail(v)
	}
	if v := c.reserve(call(2, "p2")); v.Retry != nil {
		t.Fatalf("another step is no retry: %+v", v.Retry)
	}
	c.decide("shop/a", "run", Decision{ID: "1", Verb: Finish})
	if v := c.reserve(call(3, "p2")); v.From != Finished || v.Run.State != Running {
		t.Fatalf("%+v", v)
	}
}

// A decision that is repeated after later ones changes nothing.
func TestOlderDecisionIsNotAppliedAgain(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	c.hold("shop/a", "run")
	taken := c.decide("shop/a", "run", Decision{ID: "1", Verb: TakeOver, By: "ana"})
	if taken.From != Held || taken.Decision != "1" || taken.Verb != TakeOver || taken.Waits == 0 {
		t.Fatalf("%+v", taken)
	}
	c.decide("shop/a", "run", Decision{ID: "2", Verb: Resume, More: Extension{Steps: 1}})
	if again := c.decide("shop/a", "run", Decision{ID: "1", Verb: TakeOver}); again.State != Running || again.From != "" || again.Decision != "2" {
		t.Fatalf("%+v", again)
	}
}

// What a gateway probes its own limits with is in no list.
func TestProbesWaitForNobody(t *testing.T) {
	c := steps{t, startServer(t).client(t)}
	c.hold(ProbePrefix+"one/twin", "run")
	c.expect(10)
	if got := c.indexed(); len(got) != 0 {
		t.Fatalf("the index has %v", got)
	}
}
