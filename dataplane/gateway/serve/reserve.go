package serve

import (
	"net/http"
	"time"

	"agentops.dev/dataplane/gateway/account"
	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/limits"
)

// leastAnswer is the shortest answer worth a call: a limit that leaves less refuses.
const leastAnswer = 16

// margin is added to the estimate of the input, which is a guess; a reservation must not be smaller than the use.
func margin(input int64) int64 { return input + input/4 + 8 }

// reserve asks the state store whether the call may be made, and does what ladders of budgets say.
func (c *call) reserve() *refusal {
	defer func() { c.api.Clamp(c.body, c.most) }()
	ask := c.question()
	if ask == nil {
		return nil
	}
	if refused := c.unpriced(); refused != nil {
		return refused
	}
	v, refused := c.ask(ask)
	if refused == nil && taken(v) && c.agent.Execution.TakeOverRoute != "" {
		v, refused = c.askForPerson()
	}
	if refused != nil {
		return refused
	}
	if v != nil && v.Denial != nil {
		if !c.shrink(v.Denial) {
			return c.denied(c.usedUp(v.Denial))
		}
		if v, refused = c.ask(c.question()); refused != nil {
			return refused
		}
		if v != nil && v.Denial != nil {
			return c.denied(v.Denial)
		}
	}
	if v == nil {
		return nil
	}
	c.held, c.run = v.Reservation, v.Run
	if c.person {
		return nil
	}
	return c.climb(v)
}

func (c *call) question() *limits.Call {
	most := c.uses()
	who := account.Who{Agent: c.agent.Name, Run: c.report.Run, EndUser: c.report.EndUser}
	q := c.snapshot.Books.Call(who, newID(), most, account.Fingerprint(c.report.Alias, c.body), c.longest())
	if q != nil {
		q.ForPerson, q.Plan = c.person, c.plan()
	}
	return q
}

// uses is the most that the call can use.
func (c *call) uses() limits.Amounts {
	most := account.Most(c.snapshot.Plan, c.order, margin(c.input), c.most*c.answers)
	most.PriceUnknown = most.PriceUnknown || c.beside != ""
	return most
}

// longest is longer than any call of this route takes; after it a reservation counts as orphaned.
func (c *call) longest() time.Duration {
	total := time.Minute
	for _, name := range c.order {
		total += time.Duration(c.snapshot.Plan.Targets[name].TimeoutMilliseconds) * time.Millisecond * time.Duration(c.route.Retries+1)
	}
	if c.stream {
		stream := c.agent.Execution.StreamSeconds
		if stream == 0 {
			stream = 3600
		}
		total += time.Duration(stream) * time.Second
	}
	return total
}

// ask returns no verdict where the store is away and every limit allows that.
func (c *call) ask(q *limits.Call) (*limits.Verdict, *refusal) {
	store := c.server.Store
	if store == nil {
		if d := q.WithoutStore(&limits.ErrStateStore{Step: "reserve"}); d != nil {
			return nil, c.denied(d)
		}
		c.report.Unlimited = limited(q)
		return nil, nil
	}
	v, err := store.Reserve(c.r.Context(), q)
	if err == nil {
		c.rungs(v.Events)
		c.remember(v)
		return v, nil
	}
	away, ok := err.(*limits.ErrStateStore) //nolint:errorlint // the store returns it as it is
	if !ok {
		return nil, policy(http.StatusInternalServerError, "internal", "", "the call could not be counted")
	}
	if d := q.WithoutStore(away); d != nil {
		return nil, c.denied(d)
	}
	c.report.Unlimited = limited(q)
	c.held = store.Unreserved(q)
	return nil, nil
}

// limited says whether anything but a person's decision can stop the call.
func limited(q *limits.Call) bool { return q.Limits != nil || len(q.Charges) > 0 }

// shrink makes the answer as long as a limit of tokens or money still allows; it says whether that is worth a call.
func (c *call) shrink(d *limits.Denial) bool {
	most, input := int64(0), margin(c.input)
	unit := limits.TotalTokens
	switch {
	case d.Reason == limits.MaxCost:
		unit = limits.MicroUSD
	case (d.Reason == limits.BudgetExhausted || d.Reason == limits.BudgetTooSmall) && d.Budget != nil:
		unit = d.Budget.Unit
	case d.Reason != limits.MaxTokens:
		return false
	}
	switch unit {
	case limits.TotalTokens:
		most = d.Remaining() - input
	case limits.OutputTokens:
		most = d.Remaining()
	case limits.MicroUSD:
		most = c.affordable(d.Remaining(), input)
	default:
		return false
	}
	if c.answers == 0 || most/c.answers < leastAnswer || most/c.answers >= c.most {
		return false
	}
	c.most = most / c.answers
	return true
}

// usedUp corrects a denial of a call that alone is larger than the budget: in a fresh window it would have been made shorter,
// so it is not the call but what was used that stands in the way.
func (c *call) usedUp(d *limits.Denial) *limits.Denial {
	if d.Reason != limits.BudgetTooSmall || d.Used+d.Reserved == 0 {
		return d
	}
	fresh := *d
	fresh.Used, fresh.Reserved = 0, 0
	most := c.most
	short := c.shrink(&fresh)
	c.most = most
	if !short {
		return d
	}
	out := *d
	out.Reason = limits.BudgetExhausted
	if d.Budget != nil && d.Budget.WindowEnd > 0 {
		out.RetryAfter = max(time.Second, time.UnixMilli(d.Budget.WindowEnd).Sub(c.server.Now()))
	}
	return &out
}

// affordable is how many tokens of the dearest target an amount buys beside the input.
func (c *call) affordable(microUSD, input int64) int64 {
	without := account.Most(c.snapshot.Plan, c.order, input, 0).MicroUSD
	one := account.Most(c.snapshot.Plan, c.order, 0, 1_000_000).MicroUSD
	if one == 0 || microUSD <= without {
		return 0
	}
	return (microUSD - without - 1) * 1_000_000 / one
}

// charge closes the books of the call.
func (c *call) charge() {
	if c.settled {
		return
	}
	c.settled = true
	c.markFailure()
	if c.bill.Usage.Estimated {
		c.w.Header()["X-Agentops-Usage"] = []string{"estimated"}
	}
	if c.held == nil || c.server.Store == nil {
		return
	}
	ctx, cancel := c.detached()
	defer cancel()
	// An error means that the store is away: the charge waits in its queue.
	if receipt, _ := c.server.Store.Commit(ctx, c.held, c.bill.Charge()); receipt != nil {
		c.rungs(receipt.Events)
	}
}

// release gives a reservation back that nothing was charged for.
func (c *call) release() {
	if c.settled || c.held == nil || c.server.Store == nil {
		return
	}
	c.settled = true
	c.markFailure()
	ctx, cancel := c.detached()
	defer cancel()
	_ = c.server.Store.Release(ctx, c.held)
}

// spent puts what a target used on the bill.
func (c *call) spent(target string, u api.Usage, written int64) {
	c.bill.Add(c.snapshot.Plan.Targets[target].Price, account.Settle(u, c.input, written))
	c.bill.PriceUnknown = c.bill.PriceUnknown || c.beside != ""
}
