package route

import (
	"context"
	"slices"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

func two() plan.Route {
	return plan.Route{
		Routing: plan.Priority, Targets: []plan.RouteTarget{{Target: "a"}, {Target: "b"}}, CooldownSeconds: 10, FailuresToCooldown: 1, Retries: 2,
		OnError: plan.OnError{RateLimited: plan.Next, ServerError: plan.Next, Timeout: plan.Next, Connection: plan.Retry, Unauthorized: plan.Next, InvalidResponse: plan.Next},
	}
}

// run asks with a failing first target and says who was asked.
func run(t *testing.T, router *Router, r plan.Route, class upstream.Class) (asked []string, failure *upstream.Failure) {
	t.Helper()
	_, _, failure = router.Run(context.Background(), r, router.Board.Order(r, router.Now()), func(_ context.Context, target string) (*upstream.Answer, *upstream.Failure) {
		asked = append(asked, target)
		if target == "a" {
			return nil, &upstream.Failure{Class: class}
		}
		return &upstream.Answer{}, nil
	})
	return asked, failure
}

func fresh(now *time.Time) *Router {
	return &Router{Board: NewBoard(), Now: func() time.Time { return *now }, Tried: func(Attempt) {}}
}

// Each class of failure leads where the route says; what the request is to blame for never leads to another provider.
func TestWhatFollowsFromAFailure(t *testing.T) {
	for class, want := range map[upstream.Class][]string{
		upstream.ServerError:     {"a", "b"},
		upstream.RateLimited:     {"a", "b"},
		upstream.Timeout:         {"a", "b"},
		upstream.Unauthorized:    {"a", "b"},
		upstream.InvalidResponse: {"a", "b"},
		upstream.Connection:      {"a", "a", "a", "b"},
		upstream.ClientError:     {"a"},
		upstream.Canceled:        {"a"},
	} {
		now := time.Now()
		asked, failure := run(t, fresh(&now), two(), class)
		if !slices.Equal(asked, want) || (failure == nil) != (want[len(want)-1] == "b") {
			t.Errorf("%s: asked %v, want %v; failure %v", class, asked, want, failure)
		}
	}
}

// A target that failed rests: others are asked first until its time is over.
func TestATargetRestsAfterAFailure(t *testing.T) {
	now := time.Now()
	router := fresh(&now)
	run(t, router, two(), upstream.ServerError)
	if asked, _ := run(t, router, two(), upstream.ServerError); !slices.Equal(asked, []string{"b"}) {
		t.Errorf("asked %v while a rests", asked)
	}
	now = now.Add(11 * time.Second)
	if asked, _ := run(t, router, two(), upstream.ServerError); !slices.Equal(asked, []string{"a", "b"}) {
		t.Errorf("asked %v after the rest", asked)
	}
}

// When all rest, the one that is ready first is asked: nobody is refused without a try.
func TestWhenAllRestTheFirstToReturnIsAsked(t *testing.T) {
	now := time.Now()
	router := fresh(&now)
	router.Board.Target("a").Failed(&upstream.Failure{Class: upstream.ServerError}, 1, time.Minute, now)
	router.Board.Target("b").Failed(&upstream.Failure{Class: upstream.ServerError}, 1, time.Second, now)
	if order := router.Board.Order(two(), now); !slices.Equal(order, []string{"b", "a"}) {
		t.Errorf("got %v", order)
	}
}

// Retry-After lengthens the rest, within bounds.
func TestRetryAfterIsHeard(t *testing.T) {
	now := time.Now()
	h := NewBoard().Target("a")
	h.Failed(&upstream.Failure{Class: upstream.RateLimited, RetryAfter: time.Minute}, 1, time.Second, now)
	if got := h.Rests().Sub(now); got != time.Minute {
		t.Errorf("rests %v", got)
	}
	h.Failed(&upstream.Failure{Class: upstream.RateLimited, RetryAfter: 24 * time.Hour}, 1, time.Second, now)
	if got := h.Rests().Sub(now); got != maxRest {
		t.Errorf("rests %v", got)
	}
}

// Weights decide who is first, and nobody is left out.
func TestWeightsDecideWhoIsFirst(t *testing.T) {
	now := time.Now()
	r := two()
	r.Routing, r.Targets[0].Weight, r.Targets[1].Weight = plan.Weighted, 9, 1
	board, first := NewBoard(), map[string]int{}
	for range 10000 {
		order := board.Order(r, now)
		if len(order) != 2 || order[0] == order[1] {
			t.Fatalf("got %v", order)
		}
		first[order[0]]++
	}
	if first["a"] < 8700 || first["a"] > 9300 {
		t.Errorf("got %v, want 9 to 1", first)
	}
}

// The fastest of late is first, now and then another, so that a slow one can show that it is fast again.
func TestTheFastestIsFirst(t *testing.T) {
	now := time.Now()
	r := two()
	r.Routing = plan.Latency
	board, first := NewBoard(), map[string]int{}
	board.Target("a").Succeeded(time.Second, now)
	board.Target("b").Succeeded(time.Millisecond, now)
	for range 2000 {
		first[board.Order(r, now)[0]]++
	}
	if first["b"] < 1700 || first["a"] == 0 {
		t.Errorf("got %v", first)
	}
}
