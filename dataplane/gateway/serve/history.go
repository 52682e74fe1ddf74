package serve

import (
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/limits"
)

// rungs notes the steps of ladders that this call was the first to reach.
func (c *call) rungs(events []limits.Event) {
	for _, e := range events {
		if e.Kind == limits.RungReached && e.Budget != nil {
			c.report.Rungs = append(c.report.Rungs, telemetry.Rung{Budget: e.Budget.ID, Action: string(e.Action)})
		}
	}
}
