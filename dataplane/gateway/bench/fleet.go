package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	model "agentops.dev/dataplane/gateway/plan"
)

// agents have three limits and a budget each, and one of two hundred aliases with two targets.
const agents, aliases = 1000, 200

// fleet is the plan of the bed with many more agents; their limits are equal, or differ in each of them. Another number makes
// another plan.
func (b *bed) fleet(equal bool, number int64) (*model.Plan, error) {
	p, err := model.Parse([]byte(b.failoverPlan(plan)))
	if err != nil {
		return nil, err
	}
	p.SHA, p.PriceTable = "", strconv.FormatInt(number, 10)
	p.Targets["b"] = p.Targets["a"]
	for n := range aliases {
		r := p.Routes["chat"]
		r.Targets = []model.RouteTarget{{Target: "a"}, {Target: "b"}}
		p.Routes["chat/"+strconv.Itoa(n)] = r
	}
	for n := range agents {
		own := int64(0)
		if !equal {
			own = int64(n)
		}
		name := fmt.Sprintf("team-%d/agent-%d", n%20, n)
		p.Budgets[name] = model.Budget{Unit: model.MicroUSD, Limit: 100_000_000 + own, Window: model.Window{Kind: model.Month}, Scope: model.PerAgent, Mode: model.Enforce,
			Ladder: []model.Step{{AtPercent: 100, Action: model.BlockCalls}}, OnStateError: model.Deny}
		a := p.Agents["shop/billing"]
		a.Models, a.Budgets = map[string]string{"chat": "chat/" + strconv.Itoa(n%aliases)}, []string{name}
		a.Execution = model.Execution{ConcurrentRuns: 20, OnStateError: model.Deny, Run: model.RunLimits{Steps: &model.Limit{Max: 25 + own, Action: model.RefuseCall},
			MicroUSD: &model.Limit{Max: 2_000_000 + own, Action: model.RefuseCall}}}
		p.Agents[name] = a
	}
	return p, nil
}

// reloads brings one large plan after the other into force while clients call.
func (b *bed) reloads() error {
	ended := make(chan error, 1)
	stop := make(chan struct{})
	reloaded := 0
	go func() {
		for number := int64(1); ; number++ {
			select {
			case <-stop:
				ended <- nil
				return
			case <-time.After(time.Second): // the gateway looks at the file once a second
			}
			if err := b.replacePlan(number); err != nil {
				ended <- err
				return
			}
			reloaded++
		}
	}()
	s := b.saturate(b.call(true, false), 4*phase)
	close(stop)
	if err := <-ended; err != nil {
		return err
	}
	tell("reloads of a plan of 1,000 Agents", float64(reloaded), "")
	tell("calls a second while plans reload", float64(s.done)/s.took.Seconds(), "1/s")
	tell("failed calls while plans reload", float64(s.failed), "")
	tell("RSS after plans of 1,000 Agents reload", rss(b.process, "VmRSS"), "MiB")
	return nil
}

func (b *bed) replacePlan(number int64) error {
	p, err := b.fleet(false, number)
	if err != nil {
		return err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := b.write("plan.new", data); err != nil {
		return err
	}
	return os.Rename(filepath.Join(b.dir, "plan.new"), filepath.Join(b.dir, "plan"))
}
