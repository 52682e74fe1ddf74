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
		for _, canary := range r.engine.Canaries() {
			c.Checked++
			if !r.catches(canary) && !slices.Contains(c.Leaked[name], canary.Detector) {
				c.Leaked[name] = append(c.Leaked[name], canary.Detector)
			}
		}
	}
	return c
}

// catches says whether the guardrail does with a canary what its mode promises.
func (r *rail) catches(canary mask.Canary) bool {
	v := &Verdict{}
	out := Chain{r}.Text(textOf(canary), v)
	switch r.mode {
	case plan.Mask:
		return canary.Secret != "" && len(v.Masked) > 0 && !strings.Contains(out, canary.Secret)
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
