package admin

import (
	"net/http"

	"agentops.dev/dataplane/gateway/account"
	"agentops.dev/dataplane/limits"
)

// runsListed is how many runs of an agent an answer holds, newest first.
const runsListed = 100

// usage tells what the state store holds of an agent.
func (g *Gateway) usage(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("agent")
	s := g.Live.Snapshot()
	switch {
	case s == nil || s.Agent(name) == nil:
		http.Error(w, "the plan has no such agent", http.StatusNotFound)
		return
	case g.Usage == nil:
		http.Error(w, "this gateway has no state store", http.StatusServiceUnavailable)
		return
	}
	budgets := []*limits.BudgetState{}
	call := s.Books.Call(account.Who{Agent: name}, "usage", limits.Amounts{}, 0, 0)
	if call != nil {
		for _, charge := range call.Charges {
			state, err := g.Usage.Usage(r.Context(), charge)
			if err != nil {
				http.Error(w, "the state store is away", http.StatusServiceUnavailable)
				return
			}
			budgets = append(budgets, state)
		}
	}
	page, err := g.Usage.Runs(r.Context(), name, r.URL.Query().Get("cursor"), runsListed)
	if err != nil {
		http.Error(w, "the state store is away", http.StatusServiceUnavailable)
		return
	}
	answer(w, map[string]any{"agent": name, "budgets": budgets, "runs": page.Runs, "cursor": page.Next})
}
