package telemetry

import "time"

// RunEvent is what happened to a run: its history is made of these. It holds no content.
type RunEvent struct {
	Kind RunEventKind
	At   time.Time
	// Namespace, Agent and Run say whose run it is.
	Namespace, Agent, Run string
	// Traceparent of the client, where a call made it.
	Traceparent string
	// State of the run after it; From is the state before a transition, empty where the run began.
	State, From string
	// Reason of a transition or of a failure; By is who decided.
	Reason, By string
	// Step is the number of the call in its run; 0 where it belongs to none.
	Step int64
	// Hold is the number of the hold, Limit and Used what began it, Budget the budget whose rung it was.
	Hold, Limit, Used int64
	Budget            string
	// Retry counts the failures of a step before; Target failed, and NextTarget was asked then.
	Retry              int64
	Target, NextTarget string
	// Plan names the agent's part of the plan. Plan and Release are those that the call met, PlanBefore and ReleaseBefore those of the call before.
	Plan, PlanBefore       string
	Release, ReleaseBefore string
}

// RunEventKind is the stable word for it.
type RunEventKind string

const (
	// Transition: the run's state changed.
	Transition RunEventKind = "Transition"
	// StepRetried: a step that failed was asked again, by the agent or at another target.
	StepRetried RunEventKind = "StepRetried"
	// PlanChanged: between two calls of the run, what holds for its agent changed.
	PlanChanged RunEventKind = "PlanChanged"
)

// Reasons of transitions that no limit and no verb of a decision name.
const (
	// FirstCall began the run.
	FirstCall = "FirstCall"
	// CalledAgain: a finished run goes on.
	CalledAgain = "CalledAgain"
	// NobodyDecided: a hold expired.
	NobodyDecided = "NobodyDecided"
)

// History takes what happens to runs. It must not block.
type History interface{ Run(RunEvent) }

// Expired tells of a run that was held too long.
func Expired(namespace, agent, run string, at time.Time) RunEvent {
	return RunEvent{Kind: Transition, At: at, Namespace: namespace, Agent: agent, Run: run, State: "Cancelled", From: "Held", Reason: NobodyDecided}
}

// Run implements History.
func (s Sinks) Run(e RunEvent) {
	for _, sink := range s {
		if h, ok := sink.(History); ok {
			h.Run(e)
		}
	}
}
