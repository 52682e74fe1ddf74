package limits

import (
	"cmp"
	"context"
	"errors"
)

// Unreserved is the reservation of a call that is let through while the store is down (see Call.WithoutStore). What is
// wrong with the call, Reserve has said; Commit says it again.
func (c *Client) Unreserved(call *Call) *Reservation {
	r := &Reservation{call: *call, unreserved: true}
	if r.invalid = call.check(); r.invalid == nil {
		r.parts, r.invalid = split(call, c.store.clock.now())
	}
	return r
}

// Commit charges what the call has used instead of what was reserved. On *ErrStateStore the charge is queued: do not
// repeat it. A Commit of what was never reserved (Client.Unreserved) is marked estimated, and queued if the store is still
// down: then receipt and error are nil. The context's end does not stop a Commit.
func (c *Client) Commit(ctx context.Context, r *Reservation, u Usage) (*Receipt, error) {
	if err := cmp.Or(r.invalid, u.Amounts.check()); err != nil {
		return nil, err
	}
	s := settlement{op: "commit", reservation: r, usage: u, failure: r.failure}
	if r.unreserved {
		s.usage.Estimated = true
		c.queue.countUnreserved(u.MicroUSD)
	}
	receipt, err := c.settle(context.WithoutCancel(ctx), s, r.parts)
	if err != nil {
		c.queue.add(s)
		if r.unreserved {
			return nil, nil
		}
	}
	return receipt, err
}

// Release gives everything back: the call was not made, or failed without use. On *ErrStateStore it is queued. The context's
// end does not stop it.
func (c *Client) Release(ctx context.Context, r *Reservation) error {
	if r.unreserved {
		return nil
	}
	s := settlement{op: "release", reservation: r, failure: r.failure}
	_, err := c.settle(context.WithoutCancel(ctx), s, r.parts)
	if err != nil {
		c.queue.add(s)
	}
	return err
}

// Failed notes, before the call is settled, that it failed and by which word. If the run makes the same call next, that is a
// Retry.
func (r *Reservation) Failed(word string) { r.failure = word[:min(len(word), maxName)] }

// undo gives back what one attempt has reserved.
func (c *Client) undo(ctx context.Context, op string, a *attempt) error {
	if len(a.granted) == 0 {
		return nil
	}
	_, err := c.settle(context.WithoutCancel(ctx), settlement{op: op, reservation: a.reservation}, a.granted)
	if err != nil {
		c.queue.add(settlement{op: "release", reservation: a.reservation})
	}
	return err
}

// settleQueued tries a queued settlement again; false leaves it in the queue.
func (c *Client) settleQueued(s settlement) bool {
	_, err := c.settle(context.Background(), s, s.reservation.parts)
	var down *ErrStateStore
	return !errors.As(err, &down)
}

func (c *Client) settle(ctx context.Context, s settlement, parts []part) (*Receipt, error) {
	invocations := make([]invocation, len(parts))
	for i, p := range parts {
		invocations[i] = invocation{settleScript, p.root, s.arguments(p, c.remember)}
	}
	replies, err := c.store.run(ctx, s.op, invocations)
	if err != nil || s.op != "commit" {
		return nil, err
	}
	return s.receipt(parts, replies), nil
}

// arguments are read at the top of settle.lua.
func (s settlement) arguments(p part, remember int64) []any {
	call, u := &s.reservation.call, s.usage
	forgotten := int64(0)
	if s.reservation.deadline > 0 {
		forgotten = s.reservation.deadline + sweptKeep.Milliseconds()
	}
	args := make([]any, 0, 16+16*len(p.charges))
	args = append(args, s.op, call.ID, remember, forgotten, flag(p.agent), call.Run,
		call.Limits.idle(), call.Limits.keep(), flag(u.Estimated), flag(u.PriceUnknown), u.InputTokens+u.OutputTokens, u.MicroUSD, s.failure)
	return p.budgets(args, u.Amounts)
}

func (s settlement) receipt(parts []part, replies []reply) *Receipt {
	call := &s.reservation.call
	r := &Receipt{Duplicate: true, Budgets: make([]BudgetState, len(call.Charges))}
	for i := range replies {
		reply := &replies[i]
		word := reply.text()
		reply.int()
		r.Late = r.Late || word == "late"
		r.Duplicate = r.Duplicate && word == "again"
		for _, c := range parts[i].charges {
			state, before, reached, _ := c.state(reply, call.Charges[c.index].Scope)
			r.Budgets[c.index] = state
			r.Events = append(r.Events, c.reachedEvents(call, state, before, reached)...)
		}
	}
	return r
}

// WithoutStore is nil when every limit of the call says Allow, else the denial (StateStoreDown) with the first budget that
// says Deny; without a budget the agent's limits do.
func (c *Call) WithoutStore(e *ErrStateStore) *Denial {
	d := &Denial{Reason: StateStoreDown, RetryAfter: max(e.RetryAfter, firstOpen)}
	if c.Limits != nil && c.Limits.OnStateError != AllowWithoutStore {
		return d
	}
	for _, charge := range c.Charges {
		if b := charge.Budget; b.OnStateError != AllowWithoutStore && b.Mode != Shadow {
			d.Limit = b.Limit
			d.Budget = &BudgetState{ID: b.ID, Scope: charge.Scope, Unit: b.Unit, Mode: b.mode(), Limit: b.Limit}
			return d
		}
	}
	return nil
}
