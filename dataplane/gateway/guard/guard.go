// Package guard looks at what goes to a provider and at what comes back, and masks, refuses or reports it.
package guard

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/mask"
)

// Set holds the compiled guardrails of a plan.
type Set struct {
	rails map[string]*rail

	mu       sync.Mutex
	canaries Canaries
}

type rail struct {
	name   string
	mode   plan.GuardMode
	engine *mask.Engine
}

// Compile makes the engines of a plan; guardrails that many agents share are made once.
func Compile(p *plan.Plan, keys mask.Keys) (*Set, error) {
	s := &Set{rails: make(map[string]*rail, len(p.Guardrails))}
	for name, g := range p.Guardrails {
		rules, err := rulesOf(g)
		if err != nil {
			return nil, fmt.Errorf("guardrails[%s]: %w", name, err)
		}
		engine, err := mask.NewEngine(rules, keys)
		if err != nil {
			return nil, fmt.Errorf("guardrails[%s]: %w", name, err)
		}
		s.rails[name] = &rail{name, g.Mode, engine}
	}
	return s, nil
}

func rulesOf(g plan.Guardrail) (*mask.Rules, error) {
	rules, err := g.Parsed()
	if err != nil {
		return nil, err
	}
	if rules == nil {
		rules = &mask.Rules{Version: mask.Version, Capture: mask.CaptureMasked}
	}
	for _, set := range g.BuiltIn {
		rules.Own = append(rules.Own, builtIn[set]...)
	}
	return rules, nil
}

// Chain is the guardrails of one agent and one direction, in order.
type Chain []*rail

// Chain finds guardrails by name.
func (s *Set) Chain(names []string) Chain {
	out := make(Chain, 0, len(names))
	for _, name := range names {
		if r := s.rails[name]; r != nil {
			out = append(out, r)
		}
	}
	return out
}

// Verdict is what guardrails found in a call.
type Verdict struct {
	Masked, Reported, Blocked []string
}

// String is the verdict for a header.
func (v *Verdict) String() string {
	switch {
	case len(v.Blocked) > 0:
		return "blocked; rules=" + strings.Join(v.Blocked, ",")
	case len(v.Masked) > 0:
		return "masked; rules=" + strings.Join(v.Masked, ",")
	case len(v.Reported) > 0:
		return "reported; rules=" + strings.Join(v.Reported, ",")
	}
	return "pass"
}

func (v *Verdict) note(mode plan.GuardMode, hits mask.Hits) {
	list := map[plan.GuardMode]*[]string{plan.Mask: &v.Masked, plan.Block: &v.Blocked, plan.Report: &v.Reported}[mode]
	for _, hit := range hits.Counts {
		if !slices.Contains(*list, hit.Detector) {
			*list = append(*list, hit.Detector)
		}
	}
}

// Text passes a text through the guardrails. It stops at the first that blocks.
func (c Chain) Text(s string, v *Verdict) string {
	for _, r := range c {
		masked, hits := r.engine.String(s)
		if !hits.Any() {
			continue
		}
		if v != nil {
			v.note(r.mode, hits)
		}
		switch r.mode {
		case plan.Mask:
			s = masked
		case plan.Block:
			return s
		}
	}
	return s
}

// Fields passes fields of a body through the guardrails; what stands in it stays JSON.
func (c Chain) Fields(o *body.Object, keys []string, v *Verdict) {
	if len(c) == 0 {
		return
	}
	for _, key := range keys {
		raw := o.Raw(key)
		if raw == "" {
			continue
		}
		if raw[0] == '"' {
			text := gjson.Parse(raw).Str
			if masked := c.Text(text, v); masked != text {
				o.SetText(key, masked)
			}
			continue
		}
		if masked := c.JSON(raw, v); masked != raw {
			o.Set(key, masked)
		}
	}
}
