package limits

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// A window can end between its computation and the script, and then the store's time is known to the millisecond.
const windowTries = 3

// reserveTries leaves room for an agent that has to be listed before its run can be held.
const reserveTries = windowTries + 2

var errWindow = errors.New("the store's clock and the windows computed from it do not agree")

// Reserve checks every limit of the call and, if all hold, reserves Call.Most in all of them. A denial is no error.
// Errors: *ErrInvalid, *ErrStateStore.
func (c *Client) Reserve(ctx context.Context, call *Call) (*Verdict, error) {
	if err := call.check(); err != nil {
		return nil, err
	}
	if v, err := refuseUnasked(call); v != nil || err != nil {
		return v, err
	}
	var events []Event
	listed := unlistedYet(call.Agent)
	for range reserveTries {
		a, err := c.attempt(ctx, call, listed)
		if err != nil {
			return nil, err
		}
		events = append(events, a.verdict.Events...)
		a.verdict.Events = events
		if a.outside || a.unlisted {
			if err := c.undo(ctx, "forget", a); err != nil {
				return nil, err
			}
			if a.unlisted {
				if listed, err = c.enter(ctx, call.Agent); err != nil {
					return nil, err
				}
			}
			continue
		}
		if a.hold >= 0 {
			return c.holdForBudget(ctx, a)
		}
		if a.verdict.Denial != nil {
			// A failure is queued: the verdict stands in any case.
			_ = c.undo(ctx, "rollback", a)
			c.confirm(ctx, a.verdict, call.Agent)
		}
		return a.verdict, nil
	}
	return nil, &ErrStateStore{Step: "reserve", Err: errWindow}
}

// refuseUnasked finds the denials that need no store.
func refuseUnasked(call *Call) (*Verdict, error) {
	if call.Limits != nil && call.Limits.RequireRun && call.Run == "" {
		return &Verdict{Binding: -1, Denial: &Denial{Reason: NoRunIdentity}}, nil
	}
	for i, c := range call.Charges {
		if c.Budget == nil {
			return nil, &ErrInvalid{"charge.budget", "nil", "give a budget"}
		}
		b := c.Budget
		if call.Most.PriceUnknown && b.Unit == MicroUSD && b.OnPriceUnknown != AllowUnpriced && b.Mode != Shadow {
			state := BudgetState{ID: b.ID, Scope: c.Scope, Unit: b.Unit, Mode: b.mode(), Limit: b.Limit}
			return &Verdict{Binding: i, Denial: &Denial{Reason: PriceUnknown, Limit: b.Limit, Budget: &state}}, nil
		}
	}
	return nil, nil
}

// attempt is one pass over all slots.
type attempt struct {
	reservation *Reservation
	verdict     *Verdict
	granted     []part // reserved in these
	outside     bool   // a window does not hold the store's time
	unlisted    bool   // the run would be held, and the agent is not in the index yet
	hold        int    // index of the charge whose rung Hold was reached; -1
	held        *RunHold
	waived      string // keys of the budgets whose rung Hold the run may pass, each with a space after it
}

func (c *Client) attempt(ctx context.Context, call *Call, listed int64) (*attempt, error) {
	parts, err := split(call, c.store.clock.now())
	if err != nil {
		return nil, err
	}
	r := &Reservation{call: *call, parts: parts}
	invocations := make([]invocation, len(parts))
	for i, p := range parts {
		args := make([]any, 0, 40+16*len(p.charges))
		args = append(args, call.ID, call.Timeout.Milliseconds(), c.runsKept, flag(p.agent))
		args = p.budgets(args, call.Most)
		if p.agent {
			args = call.agentArguments(args, listed)
		}
		invocations[i] = invocation{reserveScript, p.root, args}
	}
	replies, err := c.store.run(ctx, "reserve", invocations)
	if err != nil {
		// Done or not, nobody makes this call: it is given back when the store answers. What the store was not even asked for
		// must not take the place of charges that wait.
		var down *ErrStateStore
		if !errors.As(err, &down) || !down.unsent() {
			c.queue.add(settlement{op: "release", reservation: r})
		}
		return nil, err
	}
	r.deadline = c.store.clock.now() + call.Timeout.Milliseconds()
	return r.read(replies), nil
}

// agentArguments are read by check_agent in reserve.lua.
func (call *Call) agentArguments(args []any, listed int64) []any {
	l := call.Limits
	if l == nil {
		l = &AgentLimits{}
	}
	fingerprint := ""
	if call.Fingerprint != 0 && call.Run != "" {
		fingerprint = string(binary.BigEndian.AppendUint64(nil, call.Fingerprint))
	}
	r := &l.Run
	args = append(args, call.Run, fingerprint, call.Most.InputTokens+call.Most.OutputTokens, call.Most.MicroUSD)
	for _, b := range []Bound{r.Steps, r.Tokens, r.MicroUSD, r.WallClock, r.Identical} {
		args = append(args, b.Max, string(b.Action))
	}
	return append(args, r.NoProgress.Window, r.NoProgress.Distinct, string(r.NoProgress.Action),
		l.RunsAtOnce, l.NewRunsPerMinute, l.RequestsPerMinute, l.TokensPerMinute, l.Concurrency,
		l.idle(), l.keep(), l.wait(), flag(call.ForPerson), call.Plan, listed)
}

func (l *AgentLimits) idle() int64 {
	return orDefault(l, func(l *AgentLimits) time.Duration { return l.RunIdle }, defaultIdle)
}
func (l *AgentLimits) keep() int64 {
	return orDefault(l, func(l *AgentLimits) time.Duration { return l.RunKeep }, defaultKeep)
}
func (l *AgentLimits) wait() int64 {
	return orDefault(l, func(l *AgentLimits) time.Duration { return l.HoldExpiry }, defaultWait)
}

func orDefault(l *AgentLimits, field func(*AgentLimits) time.Duration, otherwise time.Duration) int64 {
	if l != nil && field(l) > 0 {
		return field(l).Milliseconds()
	}
	return otherwise.Milliseconds()
}

// holdForBudget holds the run because a budget asks for a person, and gives the reservation back. The hold comes first: a
// run that this call began would be gone otherwise.
func (c *Client) holdForBudget(ctx context.Context, a *attempt) (*Verdict, error) {
	call, v := &a.reservation.call, a.verdict
	v.Reservation, v.Binding = nil, a.hold
	state := v.Budgets[a.hold]
	v.Denial = &Denial{Reason: BudgetHold, Limit: state.Limit, Used: state.Used, Reserved: state.Reserved, Budget: &state,
		RetryAfter: state.wait(c.store.clock.now())}
	if call.Run != "" {
		part, charge := a.reservation.find(a.hold)
		run, began, err := c.decide(ctx, call.Agent, call.Run, Decision{Verb: HoldNow, Limits: call.Limits},
			holdCause{BudgetHold, state.Limit, state.Used, state.ID, part.root + ":b:" + charge.span.key})
		if err != nil {
			c.queue.add(settlement{op: "release", reservation: a.reservation})
			return nil, err
		}
		v.Denial.Reason, v.Denial.Held, v.Denial.RetryAfter = RunHeld, run.Held, 0
		v.Run = &run.RunUsage
		if began {
			v.Events = append(v.Events, Event{Kind: HoldBegan, Agent: call.Agent, Run: call.Run, Held: run.Held, Budget: &state})
		}
	}
	_ = c.undo(ctx, "rollback", a)
	return v, nil
}

func (r *Reservation) find(index int) (part, charge) {
	for _, p := range r.parts {
		for _, c := range p.charges {
			if c.index == index {
				return p, c
			}
		}
	}
	return part{}, charge{}
}

// wait until the window ends; zero for windows that no time ends.
func (s BudgetState) wait(now int64) time.Duration {
	if s.WindowEnd == 0 {
		return 0
	}
	return time.Duration(max(1, s.WindowEnd-now)) * time.Millisecond
}

// waives says that a person let the run pass this budget's rung Hold in this window.
func (a *attempt) waives(key string) bool {
	return strings.Contains(" "+a.waived, " "+key+" ")
}
