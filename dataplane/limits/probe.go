package limits

import (
	"context"
	"strings"
)

// ProbePrefix begins the names of agents and budgets that a gateway probes its own limits with. Nothing in a cluster can be
// called so: names there have no colon.
const ProbePrefix = "probe:"

// IsProbe says whether an agent is a gateway's own: what it did is no use of anybody.
func IsProbe(agent string) bool { return strings.HasPrefix(agent, ProbePrefix) }

// Progress is by how much a probe is moved towards its limits.
type Progress struct {
	// Steps and Milliseconds of the call's run.
	Steps, Milliseconds int64
	// Calls and NewRuns of this minute; Runs at once, and Open calls, are set and not added.
	Calls, NewRuns, Runs, Open int64
	// Requests of each budget of the call that counts requests.
	Requests int64
}

// Advance moves a probe towards its limits as if it had made the calls. Errors: *ErrInvalid, *ErrStateStore.
func (c *Client) Advance(ctx context.Context, call *Call, by Progress) error {
	return c.posed(ctx, "advance", call, func(p part) invocation {
		agent := by
		if !p.agent {
			agent = Progress{}
		}
		run := call.Run
		if !p.agent {
			run = ""
		}
		args := []any{run, agent.Steps, agent.Milliseconds, agent.Calls, agent.NewRuns, agent.Runs, agent.Open, by.Requests}
		return invocation{poseScript, p.root, p.budgets(args, Amounts{})}
	})
}

// Forget drops all that the store holds of a probe. Errors: *ErrInvalid, *ErrStateStore.
func (c *Client) Forget(ctx context.Context, call *Call) error {
	return c.posed(ctx, "forget", call, func(p part) invocation {
		return invocation{forgetScript, p.root, p.budgets(nil, Amounts{})}
	})
}

// posed runs a script in each slot of a probe's call, and of nobody else's.
func (c *Client) posed(ctx context.Context, step string, call *Call, with func(part) invocation) error {
	if !IsProbe(call.Agent) {
		return &ErrInvalid{"call.agent", call.Agent, "give the name of a probe"}
	}
	for _, charge := range call.Charges {
		if !IsProbe(charge.Budget.ID) {
			return &ErrInvalid{"budget.id", charge.Budget.ID, "give the name of a probe"}
		}
	}
	parts, err := split(call, c.store.clock.now())
	if err != nil {
		return err
	}
	invocations := make([]invocation, len(parts))
	for i, p := range parts {
		invocations[i] = with(p)
	}
	_, err = c.store.run(ctx, step, invocations)
	return err
}
