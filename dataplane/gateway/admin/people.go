package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"agentops.dev/dataplane/limits"
)

// People is what persons see and decide, in the state store; nil where there is none.
type People interface {
	Run(ctx context.Context, agent, run string) (*limits.Run, error)
	Runs(ctx context.Context, agent, cursor string, size int) (*limits.Page, error)
	Holds(ctx context.Context, cursor string, size int) (*limits.Page, error)
	Decide(ctx context.Context, agent, run string, d limits.Decision) (*limits.Run, error)
}

const (
	// pageSize is how many runs an answer has where nobody says.
	pageSize = 100
	// maxDecision is more than the longest decision takes.
	maxDecision = 16 << 10
)

// holds lists the runs of all agents that wait for a person or are taken over.
func (g *Gateway) holds(w http.ResponseWriter, r *http.Request) {
	size, ok := g.page(w, r)
	if !ok {
		return
	}
	page, err := g.People.Holds(r.Context(), r.URL.Query().Get("cursor"), size)
	if err != nil {
		failed(w, err)
		return
	}
	g.expired(page)
	list := make([]holdView, len(page.Runs))
	for i := range page.Runs {
		list[i] = viewHold(&page.Runs[i])
	}
	answer(w, map[string]any{"holds": list, "next": page.Next})
}

// runs lists an agent's runs, or shows one.
func (g *Gateway) runs(w http.ResponseWriter, r *http.Request) {
	size, ok := g.page(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	if q.Has("run") {
		run, err := g.People.Run(r.Context(), q.Get("agent"), q.Get("run"))
		if err != nil {
			failed(w, err)
			return
		}
		answer(w, map[string]any{"runs": []runView{viewRun(run)}, "next": ""})
		return
	}
	page, err := g.People.Runs(r.Context(), q.Get("agent"), q.Get("cursor"), size)
	if err != nil {
		failed(w, err)
		return
	}
	g.expired(page)
	list := make([]runView, len(page.Runs))
	for i := range page.Runs {
		list[i] = viewRun(&page.Runs[i])
	}
	answer(w, map[string]any{"runs": list, "next": page.Next})
}

// page reads the size of an answer; without a store there is none.
func (g *Gateway) page(w http.ResponseWriter, r *http.Request) (size int, ok bool) {
	if g.People == nil {
		refuse(w, http.StatusServiceUnavailable, problem{Error: "this gateway has no state store"})
		return 0, false
	}
	text := r.URL.Query().Get("size")
	if text == "" {
		return pageSize, true
	}
	size, err := strconv.Atoi(text)
	if err != nil {
		refuse(w, http.StatusBadRequest, problem{Error: "size: write a whole number", Field: "size"})
	}
	return size, err == nil
}

// decision is what a person decides.
type decision struct {
	ID    string      `json:"id"`
	Agent string      `json:"agent"`
	Run   string      `json:"run"`
	Hold  int64       `json:"hold"`
	Verb  limits.Verb `json:"verb"`
	More  amounts     `json:"more"`
	By    string      `json:"by"`
	Note  string      `json:"note"`
}

// decide applies a decision and answers with the run after it.
func (g *Gateway) decide(w http.ResponseWriter, r *http.Request) {
	if g.People == nil {
		refuse(w, http.StatusServiceUnavailable, problem{Error: "this gateway has no state store"})
		return
	}
	var d decision
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDecision))
	in.DisallowUnknownFields()
	if err := in.Decode(&d); err != nil {
		refuse(w, http.StatusBadRequest, problem{Error: "the decision cannot be read: " + err.Error()})
		return
	}
	run, err := g.People.Decide(r.Context(), d.Agent, d.Run, limits.Decision{ID: d.ID, Verb: d.Verb, Hold: d.Hold, By: d.By, Note: d.Note,
		More: limits.Extension{Steps: d.More.Steps, Tokens: d.More.Tokens, MicroUSD: d.More.MicroUSD, WallClock: d.More.WallClock}, Limits: g.limits(d.Agent)})
	if err != nil {
		g.notDecided(err)
		failed(w, err)
		return
	}
	g.decided(run)
	answer(w, viewRun(run))
}

// limits of an agent that the plan knows.
func (g *Gateway) limits(agent string) *limits.AgentLimits {
	if s := g.Live.Snapshot(); s != nil {
		return s.Books.Limits(agent)
	}
	return nil
}

// problem is the body of an answer that is an error.
type problem struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"`
	// State and Hold are of a run that a decision does not fit.
	State limits.RunState `json:"state,omitempty"`
	Hold  int64           `json:"hold,omitempty"`
}

func failed(w http.ResponseWriter, err error) {
	var invalid *limits.ErrInvalid
	var none *limits.ErrNoRun
	var late *limits.ErrTransition
	switch {
	case errors.As(err, &invalid):
		refuse(w, http.StatusBadRequest, problem{Error: err.Error(), Field: invalid.Field})
	case errors.As(err, &none):
		refuse(w, http.StatusNotFound, problem{Error: err.Error()})
	case errors.As(err, &late):
		refuse(w, http.StatusConflict, problem{Error: err.Error(), State: late.State, Hold: late.Hold})
	default:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, problem{Error: "the state store is away"})
	}
}

func refuse(w http.ResponseWriter, status int, p problem) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p)
}
