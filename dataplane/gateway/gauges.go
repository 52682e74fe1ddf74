package gateway

import (
	"time"

	"agentops.dev/dataplane/gateway/telemetry"
)

// gauges tell what is, beside what was counted.
func (p *process) gauges() {
	flag := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	values := map[string]func() float64{
		"open_calls":          func() float64 { return float64(p.server.Open()) },
		"plan_refused":        func() float64 { return flag(p.live.State().Error != "") },
		"plan_loaded_at":      func() float64 { return max(0, float64(p.live.State().LoadedAt.Unix())) },
		"plan_followed":       func() float64 { return flag(p.followed()) },
		"state_store_up":      func() float64 { return flag(p.watch.State().State == "Ready") },
		"state_store_forgets": func() float64 { return flag(p.watch.State().Forgets != "") },
		"state_store_queued":  func() float64 { return 0 },
		"state_store_lost":    func() float64 { return 0 },
		"state_store_errors":  func() float64 { return 0 },
	}
	if p.spans != nil {
		values["history_waiting"] = func() float64 { return float64(p.spans.Waiting()) }
	}
	if p.store != nil {
		values["state_store_queued"] = func() float64 { return float64(p.store.Stats().Queued) }
		values["state_store_lost"] = func() float64 { return float64(p.store.Stats().Lost) }
		values["state_store_errors"] = func() float64 { return float64(p.store.Stats().StoreErrors) }
	}
	telemetry.Gauges(p.registry, values, map[string]string{
		"open_calls":          "Calls in flight.",
		"plan_refused":        "1 while the newest plan is refused and an older one is in force.",
		"plan_loaded_at":      "Unix time at which the plan came into force.",
		"plan_followed":       "1 while the API server tells of new plans; 0 while they come with the kubelet.",
		"history_waiting":     "Events of runs' histories that the relay does not have yet.",
		"state_store_up":      "1 while the state store answers.",
		"state_store_forgets": "1 where the settings of the state store let it lose counts.",
		"state_store_queued":  "Charges that wait for the state store.",
		"state_store_lost":    "Charges that were dropped because too many waited.",
		"state_store_errors":  "Steps that the state store did not answer.",
	})
	telemetry.NewReader(p.registry, "plan_info", "The plan in force.", []string{"digest", "source"}, func(tell func(float64, ...string)) {
		s := p.live.State()
		tell(1, s.Digest, s.Source)
	})
	if p.holds != nil {
		telemetry.NewReader(p.registry, "held_runs", "Runs that wait for a person, in the state store: every replica says the same, so take the maximum and not the sum.",
			[]string{"k8s_namespace_name", "dev_agentops_agent"}, p.holds.tell)
	}
	telemetry.NewReader(p.registry, "target_cooling", "1 while a target rests after failures.", []string{"target"}, func(tell func(float64, ...string)) {
		if s := p.live.Snapshot(); s != nil {
			for name := range s.Plan.Targets {
				tell(flag(p.board.Target(name).Rests().After(time.Now())), name)
			}
		}
	})
}
