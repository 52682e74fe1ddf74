package serve

import (
	"slices"
	"strings"

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

// plan names what holds for the agent, and its release.
func (c *call) plan() string { return c.agent.Part() + "|" + c.agent.Release }

// remember notes what the verdict says about the run, for its history.
func (c *call) remember(v *limits.Verdict) {
	if v.Run == nil {
		return
	}
	c.report.Step, c.report.RunState = v.Run.Steps.Used+v.Run.Steps.Reserved, string(v.Run.State)
	granted := v.Denial == nil
	began := slices.IndexFunc(v.Events, func(e limits.Event) bool { return e.Kind == limits.HoldBegan && e.Held != nil })
	switch {
	case began >= 0:
		h := v.Events[began].Held
		c.tell(telemetry.RunEvent{Kind: telemetry.Transition, From: string(v.From), Reason: string(h.Reason), Hold: h.Number, Limit: h.Limit, Used: h.Used, Budget: h.Budget})
	case v.From == limits.Held && v.Run.State == limits.Cancelled:
		c.tell(telemetry.RunEvent{Kind: telemetry.Transition, From: string(v.From), Reason: telemetry.NobodyDecided})
	case granted && v.From == "":
		c.tell(telemetry.RunEvent{Kind: telemetry.Transition, Reason: telemetry.FirstCall})
	case granted && v.From == limits.Finished:
		c.tell(telemetry.RunEvent{Kind: telemetry.Transition, From: string(v.From), Reason: telemetry.CalledAgain})
	}
	if granted && v.PlanBefore != "" {
		before, release, _ := strings.Cut(v.PlanBefore, "|")
		c.tell(telemetry.RunEvent{Kind: telemetry.PlanChanged, Plan: c.agent.Part(), PlanBefore: before, Release: c.agent.Release, ReleaseBefore: release})
	}
	if granted && v.Retry != nil {
		c.tell(telemetry.RunEvent{Kind: telemetry.StepRetried, Reason: v.Retry.Failure, Retry: v.Retry.Number})
	}
}

// hops notes where a target failed and another question followed.
func (c *call) hops() {
	for i, a := range c.report.Attempts {
		if a.Failure != nil && i+1 < len(c.report.Attempts) {
			c.tell(telemetry.RunEvent{Kind: telemetry.StepRetried, Reason: string(a.Failure.Class), Target: a.Target, NextTarget: c.report.Attempts[i+1].Target})
		}
	}
}

// tell completes an event and keeps it with the report; a call without a run has no history.
func (c *call) tell(e telemetry.RunEvent) {
	if c.report.Run == "" {
		return
	}
	e.At, e.Namespace, e.Agent, e.Run, e.Traceparent = c.server.Now(), c.report.Namespace, c.report.Agent, c.report.Run, c.report.Traceparent
	e.State, e.Step = c.report.RunState, c.report.Step
	c.report.Events = append(c.report.Events, e)
}

// markFailure lets the store know that the step failed: if the run asks the same next, that is a retry.
func (c *call) markFailure() {
	if c.held != nil && c.report.ErrorType == providerType && !c.report.Gone {
		c.held.Failed(c.report.ErrorCode)
	}
}
