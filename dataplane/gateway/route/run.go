package route

import (
	"context"
	"math/rand/v2"
	"time"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

// Attempt is one question to one target, for telemetry.
type Attempt struct {
	Target string
	// Provider of the target.
	Provider plan.Provider
	Took     time.Duration
	Failure  *upstream.Failure
	// Rests says that the target rests from now on.
	Rests bool
}

// Asker asks one target; it is told which try of how many targets before it is.
type Asker func(ctx context.Context, target string) (*upstream.Answer, *upstream.Failure)

// Router runs calls over targets.
type Router struct {
	Board *Board
	Now   func() time.Time
	// Tried is told of each attempt.
	Tried func(Attempt)
}

// Run asks the targets of a route until one answers. It returns the target that answered, or the failure to tell: that of
// the last target asked.
func (r *Router) Run(ctx context.Context, route plan.Route, order []string, ask Asker) (string, *upstream.Answer, *upstream.Failure) {
	var last *upstream.Failure
	target := ""
	for _, target = range order {
		for try := 0; ; try++ {
			answer, failure := r.once(ctx, route, target, ask)
			if failure == nil {
				return target, answer, nil
			}
			last = worse(last, failure)
			switch reaction(route.OnError, failure.Class) {
			case plan.Fail:
				return target, nil, failure
			case plan.Retry:
				if try < route.Retries && r.pause(ctx, try) {
					continue
				}
			}
			break
		}
		if ctx.Err() != nil {
			return target, nil, &upstream.Failure{Class: upstream.Canceled, Message: "the client is gone"}
		}
	}
	return target, nil, last
}

// worse keeps what helps a client most: that all were rate limited is told only when all were.
func worse(last, next *upstream.Failure) *upstream.Failure {
	if last != nil && next.Class == upstream.RateLimited && last.Class != upstream.RateLimited {
		return last
	}
	return next
}

func (r *Router) once(ctx context.Context, route plan.Route, target string, ask Asker) (*upstream.Answer, *upstream.Failure) {
	began := r.Now()
	answer, failure := ask(ctx, target)
	took := r.Now().Sub(began)
	attempt := Attempt{Target: target, Took: took, Failure: failure}
	health := r.Board.Target(target)
	switch {
	case failure == nil:
		health.Succeeded(took, r.Now())
	case blames(failure.Class):
		attempt.Rests = health.Failed(failure, route.FailuresToCooldown, time.Duration(route.CooldownSeconds)*time.Second, r.Now())
	}
	r.Tried(attempt)
	return answer, failure
}

// blames says whether a failure is the target's: what a client sent, or a client that left, says nothing about it.
func blames(c upstream.Class) bool {
	return c != upstream.ClientError && c != upstream.Canceled && c != upstream.Unsupported
}

func reaction(e plan.OnError, c upstream.Class) plan.Reaction {
	switch c {
	case upstream.RateLimited:
		return e.RateLimited
	case upstream.ServerError:
		return e.ServerError
	case upstream.Timeout:
		return e.Timeout
	case upstream.Connection:
		return e.Connection
	case upstream.Unauthorized:
		return e.Unauthorized
	case upstream.InvalidResponse:
		return e.InvalidResponse
	case upstream.Unsupported:
		return plan.Next
	}
	return plan.Fail
}

// pause waits a little before the same target is asked again, so that many clients do not come back at once.
func (r *Router) pause(ctx context.Context, try int) bool {
	base := min(25*time.Millisecond<<try, time.Second)
	timer := time.NewTimer(base/2 + rand.N(base))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
