package limits

import "time"

const (
	sweptKeep = 24 * time.Hour // how long a late commit can correct; DAY in lib.lua

	defaultIdle = 10 * time.Minute
	defaultKeep = 24 * time.Hour
	defaultWait = 24 * time.Hour
)

// charge is one budget of a call, in one window.
type charge struct {
	index    int // in Call.Charges
	budget   *Budget
	compiled *compiled
	span     *present
}

// part of a call: what lies in one slot.
type part struct {
	root    string
	agent   bool
	charges []charge
}

// Reservation is the handle of a call that was let through. It lives in the gateway's memory only: of a gateway that died
// the store sweeps it after Call.Timeout.
type Reservation struct {
	call       Call
	parts      []part
	deadline   int64 // of the store's clock; zero if nothing was reserved
	unreserved bool
	invalid    error
	failure    string
}

// ID of the call.
func (r *Reservation) ID() string { return r.call.ID }

// Unreserved says that the call was let through while the store was down (OnStateError: Allow).
func (r *Reservation) Unreserved() bool { return r.unreserved }

// split sorts the call's limits by slot, the agent's first, with the windows of this instant.
func split(call *Call, ms int64) ([]part, error) {
	parts := make([]part, 0, 4)
	parts = append(parts, part{root: agentRoot(call.Agent), agent: true})
	for i, c := range call.Charges {
		compiled, err := c.Budget.compile()
		if err != nil {
			return nil, err
		}
		root, err := c.Scope.root()
		if err != nil {
			return nil, err
		}
		if c.Scope.Kind == AgentScope && root != parts[0].root {
			return nil, &ErrInvalid{"scope.value", c.Scope.Value, "a call is charged to its own agent, " + call.Agent}
		}
		at := 0
		for at < len(parts) && parts[at].root != root {
			at++
		}
		if at == len(parts) {
			parts = append(parts, part{root: root})
		}
		parts[at].charges = append(parts[at].charges, charge{i, c.Budget, compiled, c.Budget.span(compiled, ms)})
	}
	// An agent without limits, run or budget of its own has nothing in its slot.
	if call.Limits == nil && call.Run == "" && len(parts[0].charges) == 0 && len(parts) > 1 {
		parts = parts[1:]
	}
	return parts, nil
}

// arguments of one budget, as budget() in lib.lua reads them.
func (c charge) arguments(args []any, a Amounts) []any {
	args = append(args, c.span.head...)
	args = append(args, c.budget.amount(a), flag(a.PriceUnknown && c.budget.Unit == MicroUSD))
	return append(args, c.compiled.tail...)
}

func (p part) budgets(args []any, a Amounts) []any {
	args = append(args, len(p.charges))
	for _, c := range p.charges {
		args = c.arguments(args, a)
	}
	return args
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// state reads one budget as report() in lib.lua wrote it, with how many rungs were reached before and now, and whether it
// refuses (1) for the first time (2).
func (c charge) state(r *reply, scope Scope) (s BudgetState, before, reached int, refuses int64) {
	s = BudgetState{
		ID: c.budget.ID, Scope: scope, Unit: c.budget.Unit, Mode: c.budget.mode(), Limit: c.budget.Limit,
		Used: r.int(), Estimated: r.int(), Reserved: r.int(), WouldDeny: r.int(), Unpriced: r.int(),
		WindowID: c.span.id, WindowStart: c.span.from, WindowEnd: c.span.till,
	}
	before, reached, refuses = int(r.int()), int(r.int()), r.int()
	for _, rung := range c.compiled.ladder[:reached] {
		s.Rung = stronger(s.Rung, rung.Action)
	}
	return s, before, reached, refuses
}

func (b *Budget) mode() Mode {
	if b.Mode == Shadow {
		return Shadow
	}
	return Enforce
}

func stronger(a, b Action) Action {
	if strength(b) > strength(a) {
		return b
	}
	return a
}
