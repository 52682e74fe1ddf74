package admin

import (
	"errors"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/limits"
)

// decided tells the history what a decision did.
func (g *Gateway) decided(r *limits.Run) {
	if r.From == "" {
		return // it was applied before
	}
	e := g.event(r)
	e.State, e.From, e.Reason, e.By = string(r.State), string(r.From), string(r.Verb), r.DecidedBy
	if h := r.Held; h != nil {
		e.Hold = h.Number
	}
	g.History.Run(e)
}

// notDecided tells the history that a decision came too late.
func (g *Gateway) notDecided(err error) {
	var late *limits.ErrTransition
	if errors.As(err, &late) && late.Expired != nil {
		g.expired(&limits.Page{Expired: []limits.Run{*late.Expired}})
	}
}

// expired tells the history which runs nobody decided about.
func (g *Gateway) expired(page *limits.Page) { TellExpired(g.History, page, g.Now()) }

// TellExpired tells which runs a look at the store found to have been held too long.
func TellExpired(h telemetry.History, page *limits.Page, now time.Time) {
	for _, r := range page.Expired {
		namespace, agent, _ := strings.Cut(r.Agent, "/")
		h.Run(telemetry.Expired(namespace, agent, r.ID, now))
	}
}

func (g *Gateway) event(r *limits.Run) telemetry.RunEvent {
	namespace, agent, _ := strings.Cut(r.Agent, "/")
	return telemetry.RunEvent{Kind: telemetry.Transition, At: g.Now(), Namespace: namespace, Agent: agent, Run: r.ID}
}
