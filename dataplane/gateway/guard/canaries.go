package guard

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/mask"
)

// retest is how often the canaries run again: what is in force now is told, not what was when the plan came.
const retest = time.Minute

// Canaries says which detectors let their own sample pass the guardrails in force.
type Canaries struct {
	At      time.Time `json:"at"`
	Checked int       `json:"checked"`
	// Leaked is guardrail -> detectors.
	Leaked map[string][]string `json:"leaked"`
}

// Canaries sends each detector's own sample through the guardrails that the calls pass, once a minute at most.
func (s *Set) Canaries(now time.Time) Canaries {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.canaries.At.IsZero() || now.Sub(s.canaries.At) >= retest {
		s.canaries = s.test(now)
	}
	return s.canaries
}

func (s *Set) test(now time.Time) Canaries {
	c := Canaries{At: now, Leaked: map[string][]string{}}
	for name, r := range s.rails {
		for _, sample := range r.samples() {
			c.Checked++
			if !r.catches(sample) && !slices.Contains(c.Leaked[name], sample.Detector) {
				c.Leaked[name] = append(c.Leaked[name], sample.Detector)
			}
		}
	}
	return c
}

// Sample is a text in which a detector must find something, as it would stand in a call.
type Sample struct {
	Detector, Text string
	// Secret is the part of the text that is found; empty when the detector misses its own canary.
	Secret string
}

// Samples of each detector of a guardrail.
func (s *Set) Samples(name string) []Sample {
	if r := s.rails[name]; r != nil {
		return r.samples()
	}
	return nil
}

func (r *rail) samples() (found []Sample) {
	for _, canary := range r.engine.Canaries() {
		found = append(found, Sample{canary.Detector, textOf(canary), canary.Secret})
	}
	return found
}

// catches says whether the guardrail does with a sample what its mode promises.
func (r *rail) catches(sample Sample) bool {
	v := &Verdict{}
	out := Chain{r}.Text(sample.Text, v)
	switch r.mode {
	case plan.Mask:
		return sample.Secret != "" && len(v.Masked) > 0 && !strings.Contains(out, sample.Secret)
	case plan.Block:
		return len(v.Blocked) > 0
	}
	return len(v.Reported) > 0
}

// textOf is a canary as it would stand in a call: one that needs its key stands under it.
func textOf(canary mask.Canary) string {
	if canary.Key == "" {
		return canary.Text
	}
	text, _ := json.Marshal(map[string]string{canary.Key: canary.Text}) // two strings always are JSON
	return string(text)
}
