// Package report holds what a sidecar tells the relay about itself. docs/contracts.md, section 6, is its description.
package report

import (
	"time"

	"agentops.dev/dataplane/mask"
)

// Report is the body of POST /v1/report. It holds counts and names, never content.
type Report struct {
	Version   string    `json:"version"`
	StartedAt time.Time `json:"startedAt"`
	Rules     Rules     `json:"rules"`
	Canaries  Canaries  `json:"canaries"`
	Counts    Counts    `json:"counts"`
	Problems  []string  `json:"problems"`
	// Egress is what a look at the canary found: Refused, Open or Unknown; empty while the relay asks for none.
	Egress string `json:"egress,omitempty"`
}

// Answer is what the relay says to a report.
type Answer struct {
	Egress *Canary `json:"egress,omitempty"`
}

// Canary asks the sidecar to try a port of the relay that its pod must not reach.
type Canary struct {
	Port int `json:"port"`
}

// Rules says which rules are in force.
type Rules struct {
	Digest   string      `json:"digest"`
	Source   mask.Source `json:"source"`
	LoadedAt time.Time   `json:"loadedAt"`
	Error    string      `json:"error"`
}

// Canaries says which detectors let their own sample through.
type Canaries struct {
	At      time.Time `json:"at"`
	Checked int       `json:"checked"`
	Leaked  []string  `json:"leaked"`
}

// Counts are totals since the sidecar started.
type Counts struct {
	Spans      int64            `json:"spans"`
	Logs       int64            `json:"logs"`
	Metrics    int64            `json:"metrics"`
	Masked     map[string]int64 `json:"masked"`
	Dropped    int64            `json:"dropped"`
	SendFailed int64            `json:"sendFailed"`
	// Direct and Unserved are model calls that found no gateway: those that went to the provider, and those that were refused.
	Direct   int64 `json:"direct"`
	Unserved int64 `json:"unserved"`
}
