// Package probe observes that the limits of the plan in force do what they say. It makes calls under copies of the plan's own
// rows through the real handler, the real scripts and the real store, with a model inside the process in place of providers:
// nothing is billed, and no agent's counter moves.
package probe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/limits"
)

// Store is what probes need of the state store.
type Store interface {
	serve.Store
	Advance(ctx context.Context, call *limits.Call, by limits.Progress) error
	Forget(ctx context.Context, call *limits.Call) error
}

// check is one limit as a plan has it. Rows that say the same share one: their twins would be the same twin.
type check struct {
	// id changes with all that the check depends on, and with nothing else.
	id string
	// field of the plan.
	field string
	act   func(*twin)
	plan  func(name string) *plan.Plan
	// guards are those of the plan in force.
	guards *guard.Set
	// storeless checks need no state store.
	storeless bool
}

func newCheck(field string, row any, act func(*twin), made func(string) *plan.Plan) *check {
	text, _ := json.Marshal(row)
	sum := sha256.Sum256(append([]byte(field+"\x00"), text...))
	return &check{id: hex.EncodeToString(sum[:8]), field: field, act: act, plan: made, guards: &guard.Set{}}
}

// run makes the check in a scope that belongs to this process alone.
func (c *check) run(ctx context.Context, o serve.Options, store Store, process string) Outcome {
	if store == nil && !c.storeless {
		return Outcome{Waiting, "there is no state store"}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	sum := sha256.Sum256([]byte(process + "\x00" + c.id))
	name := limits.ProbePrefix + hex.EncodeToString(sum[:12])
	t := newTwin(ctx, o, store, name, c)
	t.forget(ctx)
	c.act(t)
	t.forget(context.WithoutCancel(ctx))
	switch {
	case ctx.Err() != nil:
		return Outcome{Waiting, "the check took too long"}
	case t.found == nil:
		return Outcome{Waiting, "nothing was seen"}
	}
	return *t.found
}
