package admin

import (
	"encoding/json"
	"net/http"

	"agentops.dev/dataplane/canonical"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/route"
)

// lentTarget is a target of a tenant's namespace, and which version of it this is.
type lentTarget struct {
	route.State
	Digest string `json:"digest"`
}

// lent tells what a gateway in a tenant's namespace has. It asks for no token: whoever caught the operator's there could read
// what all other namespaces do. It tells no secret, and nothing of a call.
func (g *Gateway) lent(w http.ResponseWriter, _ *http.Request) {
	inForce := g.Live.State() // first: what is said below is of this plan or of a newer one
	targets := map[string]lentTarget{}
	if s := g.Live.Snapshot(); s != nil {
		for name, t := range s.Plan.Targets {
			targets[name] = lentTarget{g.target(name, t), digestOf(t)}
		}
	}
	answer(w, map[string]any{"gateway": about{g.ID, g.Version, g.StartedAt, g.Draining()}, "plan": inForce, "targets": targets})
}

// digestOf names a target by its content, as the operator does.
func digestOf(t plan.Target) string {
	data, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	digest, _ := canonical.Digest(data)
	return digest
}
