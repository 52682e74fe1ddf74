package gateway

import (
	"context"
	"time"
)

const (
	// planEvery is how often the mounted file is looked at.
	planEvery = time.Second
	// silence is how long the API server may say nothing before the mounted file counts again. The kubelet brings what stands in
	// the cluster within a minute or two: a file that is looked at earlier could be older than what is in force.
	silence = 3 * time.Minute
	// firstRead bounds the wait for the API server at start: a container that starts anew may find an old file.
	firstRead = 3 * time.Second
)

// followPlan brings the newest plan into force: what the API server says, and the mounted file while it says nothing.
func (p *process) followPlan(ctx context.Context) {
	first, cancel := context.WithTimeout(ctx, firstRead)
	defer cancel()
	if p.follower != nil {
		if err := p.follower.Read(first, p.takePlan); err != nil {
			p.log.Warn("the plan's ConfigMap is not read; the mounted file counts", "error", err.Error())
		}
	}
	if !p.followed() {
		if _, err := p.live.Load(p.Plan); err != nil {
			p.log.Error("plan refused", "error", err.Error())
		}
	}
	go p.live.Watch(ctx, p.Plan, planEvery, p.followed, p.planChanged)
	if p.follower != nil {
		go p.follower.Run(ctx, p.takePlan, func(err error) { p.log.Warn("the plan's ConfigMap is not followed", "error", err.Error()) })
	}
}

// followed says whether the API server tells of each new plan.
func (p *process) followed() bool { return p.follower != nil && p.follower.Silence() < silence }

func (p *process) takePlan(data []byte) {
	if swapped, err := p.live.Take(data); swapped || err != nil {
		p.planChanged(swapped, err)
	}
}

func (p *process) planChanged(swapped bool, err error) {
	if err != nil {
		p.log.Error("plan refused; the last good plan stays", "error", err.Error())
	}
	if swapped {
		p.log.Info("plan in force", "digest", p.live.State().Digest)
	}
}
