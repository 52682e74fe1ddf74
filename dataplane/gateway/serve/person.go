package serve

import (
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/limits"
)

// taken says that a person has the run.
func taken(v *limits.Verdict) bool {
	return v != nil && v.Denial != nil && v.Denial.Reason == limits.RunTakenOver
}

// askForPerson asks whether the call may go to the person who has the run, at the price of that route. If the run was given
// back meanwhile, the call is the model's again.
func (c *call) askForPerson() (*limits.Verdict, *refusal) {
	c.person = true
	c.take(c.agent.Execution.TakeOverRoute)
	v, refused := c.ask(c.question())
	if refused == nil && v != nil && v.Denial != nil && v.Denial.Reason == limits.RunResumed {
		c.person = false
		c.take(c.agent.Models[c.report.Alias])
		v, refused = c.ask(c.question())
	}
	return v, refused
}

// denied puts a denial of the state store into words, and with a held run what a person has to know.
func (c *call) denied(d *limits.Denial) *refusal {
	r := denied(d)
	if d.Reason == limits.RunHeld && d.Held != nil {
		r.Hold = c.hold(d.Held)
		r.final = true
	}
	return r
}

func (c *call) hold(h *limits.RunHold) *api.Hold {
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
	return &api.Hold{Run: c.report.Run, Number: h.Number, Reason: string(h.Reason), Limit: h.Limit, Used: h.Used, Budget: h.Budget,
		Since: at(h.Since), Expires: at(h.Expires),
		Decide: "a person decides: agentops run resume, takeover or cancel, or spec.decision of the RunHold in namespace " + c.identity.Namespace}
}
