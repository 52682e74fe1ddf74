package limits

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"
)

// Without a store each step says so by one type, at once when the circuit is open, and works again by itself.
func TestStoreThatIsDownIsOneTypedErrorAndHealsByItself(t *testing.T) {
	s := startServer(t)
	c := s.client(t)
	s.kill()
	b := ofTeam("shop", tokens(1000))
	await(t, "the circuit is open", func() bool {
		if _, err := c.Reserve(t.Context(), newCall("shop/a", "", nil, b)); !isDown(err) {
			t.Fatalf("%v", err)
		}
		return c.Stats().Open
	})
	_, err := c.Usage(t.Context(), b)
	var down *ErrStateStore
	if !errors.As(err, &down) {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), "shop/a", "run"); !isDown(err) {
		t.Fatal(err)
	}
	s.start()
	await(t, "calls pass again", func() bool { _, err := c.Reserve(t.Context(), newCall("shop/a", "", nil, b)); return err == nil })
	await(t, "nothing waits", func() bool { s := c.Stats(); return s.Queued == 0 && !s.Open })
	(steps{t, c}).stands(b, 0, 0, 150)
}

// A store that hangs is left after the time-out, and a reservation that it makes after that is given back.
func TestReservationThatCameTooLateIsGivenBack(t *testing.T) {
	s := startServer(t)
	// Short, as each of the calls waits for it: nothing that must succeed is asked by this client alone.
	c := s.client(t, func(o *Options) { o.Timeout = 500 * time.Millisecond })
	b := ofTeam("shop", tokens(1000))
	await(t, "connected", func() bool { return c.Ready(t.Context()) == nil })
	_ = s.process.Process.Signal(syscall.SIGSTOP)
	for range 5 {
		if _, err := c.Reserve(t.Context(), newCall("shop/a", "run", nil, b)); !isDown(err) {
			t.Fatalf("%v", err)
		}
	}
	_ = s.process.Process.Signal(syscall.SIGCONT)
	await(t, "what waits is settled", func() bool { return c.Stats().Queued == 0 })
	(steps{t, s.client(t)}).stands(b, 0, 0, 0)
}

// A charge that the store could not take is charged exactly once when it is back, also if it had been taken.
func TestCommitDuringAnOutageIsChargedOnce(t *testing.T) {
	s := startServer(t)
	client := s.client(t)
	c := steps{t, client}
	b := ofTeam("shop", tokens(10_000))
	var open []*Reservation
	for range 20 {
		open = append(open, c.granted(newCall("shop/a", "run", nil, b)))
	}
	s.kill()
	for _, r := range open {
		if _, err := client.Commit(t.Context(), r, usage(7, 0, 3)); !isDown(err) {
			t.Fatalf("%v", err)
		}
	}
	s.start()
	await(t, "what waits is settled", func() bool { return client.Stats().Queued == 0 })
	c.stands(b, 140, 0, 0)
	if st := client.Stats(); st.Reconciled != 20 || st.Lost != 0 {
		t.Fatalf("%+v", st)
	}
}

// What was let through while the store was down is counted here and charged as estimated when it is back.
func TestCallsLetThroughWithoutTheStoreAreChargedAsEstimated(t *testing.T) {
	s := startServer(t)
	client := s.client(t)
	s.kill()
	allow, deny := tokens(10_000), tokens(10_000)
	allow.OnStateError = AllowWithoutStore
	b := ofTeam("shop", allow)
	call := newCall("shop/a", "run", nil, b)
	_, err := client.Reserve(t.Context(), call)
	var down *ErrStateStore
	if !errors.As(err, &down) {
		t.Fatal(err)
	}
	if d := call.WithoutStore(down); d != nil {
		t.Fatalf("%+v", d)
	}
	if d := newCall("shop/a", "run", nil, b, ofTeam("shop", deny)).WithoutStore(down); d == nil || d.Reason != StateStoreDown || d.RetryAfter <= 0 {
		t.Fatalf("%+v", d)
	}
	if d := newCall("shop/a", "run", &AgentLimits{}, b).WithoutStore(down); d == nil {
		t.Fatal("limits without a word deny")
	}
	for range 3 {
		r := client.Unreserved(newCall("shop/a", "run", nil, b))
		if _, err := client.Commit(t.Context(), r, usage(40, 2, 9)); err != nil {
			t.Fatal(err)
		}
	}
	if st := client.Stats(); st.UnreservedCalls != 3 || st.UnreservedMicroUSD != 27 {
		t.Fatalf("%+v", st)
	}
	s.start()
	await(t, "what waits is settled", func() bool { return client.Stats().Queued == 0 })
	c := steps{t, client}
	c.stands(b, 126, 126, 0)
	if r := c.run("shop/a", "run"); r.Steps.Used != 3 || r.MicroUSD != (Counter{27, 27, 0}) {
		t.Fatalf("%+v", r)
	}
}

// What waits is bounded, and what did not fit is counted.
func TestQueueIsBounded(t *testing.T) {
	s := startServer(t)
	client := s.client(t, func(o *Options) { o.QueueSize = 3 })
	s.kill()
	for range 5 {
		if _, err := client.Commit(t.Context(), client.Unreserved(newCall("shop/a", "", nil)), usage(1, 1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if st := client.Stats(); st.Queued != 3 || st.Lost != 2 {
		t.Fatalf("%+v", st)
	}
}

// While the circuit is open the store is asked for nothing, so there is nothing to give back: a crowd that is refused for
// minutes leaves the queue to the charges that wait.
func TestCallsThatTheOpenCircuitRefusesDoNotWait(t *testing.T) {
	s := startServer(t)
	client := s.client(t)
	s.kill()
	asked := 0
	for ; !client.Stats().Open; asked++ {
		if _, err := client.Reserve(t.Context(), newCall("shop/a", "", nil)); !isDown(err) {
			t.Fatal(err)
		}
	}
	for range 1000 {
		if _, err := client.Reserve(t.Context(), newCall("shop/a", "", nil)); !isDown(err) {
			t.Fatal(err)
		}
	}
	// Each time that the circuit has rested one call tries whether the store is back.
	if st := client.Stats(); st.Queued >= int64(asked+500) {
		t.Fatalf("%d of %d asked: %+v", asked, asked+1000, st)
	}
}

// A caller that goes away opens no circuit, and what it reserved is given back.
func TestCallerThatGoesAwayIsNoOutage(t *testing.T) {
	s := startServer(t)
	client := s.client(t)
	b := ofTeam("shop", tokens(1000))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := client.Reserve(gone, newCall("shop/a", "", nil, b)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if client.Stats().Open {
		t.Fatal("open")
	}
	await(t, "what waits is settled", func() bool { return client.Stats().Queued == 0 })
	(steps{t, client}).stands(b, 0, 0, 0)
}
