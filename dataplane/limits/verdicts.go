package limits

import "time"

// read turns the replies of all slots into one verdict.
func (r *Reservation) read(replies []reply) *attempt {
	a := &attempt{reservation: r, hold: -1, verdict: &Verdict{Binding: -1, Duplicate: true}}
	a.verdict.Budgets = make([]BudgetState, len(r.call.Charges))
	whole := true
	var budgetDenials []refusal
	for i := range replies {
		reply, p := &replies[i], r.parts[i]
		word, now := reply.text(), reply.int()
		a.verdict.Duplicate = a.verdict.Duplicate && word == "again"
		switch word {
		case "window":
			a.outside, whole = true, false
			continue
		case "index":
			a.unlisted, whole = true, false
			continue
		case "settled":
			a.deny(&Denial{Reason: DuplicateCall})
			whole = false
			continue
		case "ok", "again":
			a.granted = append(a.granted, p)
		}
		head := readHead(reply)
		if p.agent && r.call.Run != "" {
			a.readRun(reply, now, head)
		}
		if word == "denied" {
			d := head.denial()
			if a.verdict.Run != nil && a.verdict.Run.State != Running {
				d.Held = a.held
			}
			a.deny(d)
			whole = false
			continue
		}
		for k, c := range p.charges {
			refused := a.readBudget(reply, c, now, head)
			if refused != nil && int64(k)+1 == head.limit {
				budgetDenials = append(budgetDenials, *refused)
			}
		}
	}
	a.conclude(budgetDenials, whole)
	return a
}

// head is the fixed beginning of a reply of reserve.lua. For a budget's refusal, limit is its place in the slot.
type head struct {
	reason                       Reason
	limit, used, reserved, retry int64
	began                        bool
}

func readHead(r *reply) head {
	return head{Reason(r.text()), r.int(), r.int(), r.int(), r.int(), r.int() == 1}
}

func (h head) denial() *Denial {
	return &Denial{Reason: h.reason, Limit: h.limit, Used: h.used, Reserved: h.reserved,
		RetryAfter: time.Duration(h.retry) * time.Millisecond}
}

type refusal struct {
	index  int
	denial *Denial
}

// deny keeps the first denial: the agent's own limits come before budgets.
func (a *attempt) deny(d *Denial) {
	if a.verdict.Denial == nil {
		a.verdict.Denial = d
	}
}

// readRun reads what tell() in reserve.lua wrote.
func (a *attempt) readRun(r *reply, now int64, h head) {
	started, paused := r.int(), r.int()
	u := &RunUsage{Steps: readCounter(r), Tokens: readCounter(r), MicroUSD: readCounter(r), WallClock: max(0, now-started-paused)}
	u.State = RunState(r.text())
	a.verdict.Run, a.waived = u, r.text()
	held := &RunHold{Number: r.int(), Reason: Reason(r.text()), Limit: r.int(), Used: r.int(), Budget: r.text(), Since: r.int(),
		Expires: r.int(), Expired: r.int() == 1}
	a.verdict.From = RunState(r.text())
	if n, failure := r.int(), r.text(); n > 0 {
		a.verdict.Retry = &Retry{n, failure}
	}
	a.verdict.PlanBefore = r.text()
	if held.Number == 0 {
		return
	}
	a.held = held
	if h.began {
		call := &a.reservation.call
		a.verdict.Events = append(a.verdict.Events, Event{Kind: HoldBegan, Agent: call.Agent, Run: call.Run, Held: held})
	}
}

func readCounter(r *reply) Counter {
	return Counter{Used: r.int(), Estimated: r.int(), Reserved: r.int()}
}

// readBudget notes the budget's state, events and rung, and returns its refusal if it refuses.
func (a *attempt) readBudget(r *reply, c charge, now int64, h head) *refusal {
	call, v := &a.reservation.call, a.verdict
	s, before, reached, refuses := c.state(r, call.Charges[c.index].Scope)
	v.Budgets[c.index] = s
	v.Events = append(v.Events, c.reachedEvents(call, s, before, reached)...)
	if s.Mode == Shadow {
		v.WouldDeny = v.WouldDeny || refuses > 0
		if refuses == 2 {
			v.Events = append(v.Events, Event{Kind: BudgetWouldRefuse, Budget: &s, Agent: call.Agent, Run: call.Run})
		}
		return nil
	}
	if refuses == 2 {
		v.Events = append(v.Events, Event{Kind: BudgetRefused, Budget: &s, Agent: call.Agent, Run: call.Run})
	}
	if refuses == 0 {
		return nil
	}
	return &refusal{c.index, c.denial(s, call.Most, now, h.retry)}
}

// reachedEvents are the rungs that use has passed since they were last looked at.
func (c charge) reachedEvents(call *Call, s BudgetState, before, reached int) (events []Event) {
	for _, rung := range c.compiled.ladder[before:reached] {
		events = append(events, Event{Kind: RungReached, Action: rung.Action, Budget: &s, Agent: call.Agent, Run: call.Run})
	}
	return events
}

func (c charge) denial(s BudgetState, most Amounts, now, retry int64) *Denial {
	amount, hard := c.budget.amount(most), c.compiled.hard
	d := &Denial{Reason: BudgetInFlight, Limit: hard, Used: s.Used, Reserved: s.Reserved, Budget: &s, RetryAfter: time.Second}
	switch {
	case amount > hard:
		d.Reason, d.RetryAfter = BudgetTooSmall, 0
	case s.Used >= hard || s.Used+amount > hard:
		d.Reason, d.RetryAfter = BudgetExhausted, s.wait(now)
		if c.compiled.width > 0 {
			d.RetryAfter = time.Duration(max(retry, 1)) * time.Millisecond
		}
	}
	return d
}

// conclude finds what binds. Of several budgets that refuse, the first of Call.Charges does.
func (a *attempt) conclude(refusals []refusal, whole bool) {
	v := a.verdict
	for i, r := range refusals {
		if i == 0 || r.index < v.Binding {
			v.Binding = r.index
		}
	}
	for _, r := range refusals {
		if r.index == v.Binding {
			a.deny(r.denial)
		}
	}
	if !whole {
		v.Budgets = nil
		v.Duplicate = false
		return
	}
	a.chooseAction()
	if v.Denial == nil {
		v.Reservation = a.reservation
	}
}

// chooseAction takes the strongest rung of the enforced budgets, and with equal rungs the budget with the least left.
func (a *attempt) chooseAction() {
	v, refused := a.verdict, a.verdict.Denial != nil
	least := 2.0
	for _, p := range a.reservation.parts {
		for _, c := range p.charges {
			s := &v.Budgets[c.index]
			if s.Mode == Shadow {
				continue
			}
			rung := s.Rung
			if rung == Hold && a.waives(p.root+":b:"+c.span.key) {
				rung = NoAction
				for _, r := range c.compiled.ladder {
					if r.Action != Hold && r.Amount <= s.Used {
						rung = stronger(rung, r.Action)
					}
				}
			}
			left := float64(s.Remaining()) / float64(s.Limit)
			if strength(rung) > strength(v.Action) || (rung == v.Action && left < least) {
				v.Action, least = rung, left
				if !refused {
					v.Binding = c.index
				}
			}
		}
	}
	// A person has the run already: there is nobody to hold it for.
	if !refused && v.Action == Hold && !v.Duplicate && !a.reservation.call.ForPerson {
		a.hold = v.Binding
	}
}
