// Package telemetry tells what calls did: spans by the OpenTelemetry conventions for generative AI, and metrics.
package telemetry

import (
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/route"
)

// Report is one call, after it ended. It holds no content.
type Report struct {
	Began, Ended time.Time
	// FirstByte is how long the first part of a stream took; 0 when there was none.
	FirstByte time.Duration
	// Traceparent of the client, as it came.
	Traceparent string

	Operation, API                       string
	Namespace, Agent                     string
	Team, UseCase, Release               string
	Run, EndUser                         string
	PodName, PodUID                      string
	Alias, Target, Provider, Model       string
	ResponseID, ResponseModel, Finish    string
	Stream                               bool
	MaxOutput                            int64
	Usage                                api.Usage
	MicroUSD                             int64
	PriceUnknown                         bool
	Status                               int
	ErrorCode, ErrorType                 string
	Verdict                              string
	Masked, Reported, Blocked            []string
	Cache                                string
	Fallback, Escalated, Gone, Unlimited bool
	// Saved is how many bytes compression took out of the prompt.
	Saved    int
	Attempts []route.Attempt
	// Step is the number of the call in its run, RunState the run's state after it.
	Step     int64
	RunState string
	// Events of the run's history that this call made.
	Events []RunEvent
	// Rungs of budgets that this call was the first to reach in their window.
	Rungs []Rung
}

// Rung of a budget's ladder.
type Rung struct{ Budget, Action string }

// Sink takes reports. It must not block.
type Sink interface{ Call(*Report) }
