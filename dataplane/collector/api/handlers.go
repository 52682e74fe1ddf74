package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/report"
	"agentops.dev/dataplane/collector/store"
	"agentops.dev/dataplane/identity"
)

const (
	maxReport    = 64 << 10
	defaultLines = 100
	maxLines     = 10_000
)

// report takes what a sidecar says about itself; whose sidecar it is, its token says.
func (a *api) report(w http.ResponseWriter, r *http.Request) {
	id, refusal := a.relay.Verifier.Agent(r.Context(), r.Header.Get("Authorization"))
	if refusal != nil {
		identity.Refuse(w, refusal)
		return
	}
	var body report.Report
	// Unknown fields are let through: sidecars are updated after the relay and before it.
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReport)).Decode(&body); err != nil {
		http.Error(w, "not a report", http.StatusBadRequest)
		return
	}
	key := relay.Key{Namespace: id.Namespace, Agent: id.Agent}
	a.relay.Fleet.Report(key, id.PodName, id.PodUID, body)
	if agent, _ := a.relay.Agents.Get(key); !agent.ProbeEgress || a.relay.Canary == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(report.Answer{Egress: &report.Canary{Port: a.relay.Canary}})
}

type observations struct {
	Relay  relayView         `json:"relay"`
	Cursor string            `json:"cursor"`
	Agents []relay.AgentView `json:"agents"`
}

type relayView struct {
	ID           string            `json:"id"`
	Version      string            `json:"version"`
	Config       relay.ConfigState `json:"config"`
	AgentsDigest string            `json:"agentsDigest"`
	AgentsError  string            `json:"agentsError"`
	Problems     []string          `json:"problems"`
	Backends     []relay.Backend   `json:"backends"`
}

// observations is for the operator only: it shows all namespaces.
func (a *api) observations(w http.ResponseWriter, r *http.Request) {
	id, refusal := a.relay.Verifier.Reader(r.Context(), r.Header.Get("Authorization"))
	if refusal != nil {
		identity.Refuse(w, refusal)
		return
	}
	if !a.isOperator(id) {
		http.Error(w, "for the operator only", http.StatusForbidden)
		return
	}
	agents, cursor := a.relay.Fleet.Since(r.URL.Query().Get("since"), a.relay.Agents)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(observations{
		Relay: relayView{
			ID: a.relay.ID, Version: a.relay.Version, Config: a.relay.Config.State(),
			AgentsDigest: a.relay.Agents.Digest(), AgentsError: a.relay.Agents.Error(),
			Problems: a.problems(),
			Backends: a.relay.Backends.List(relay.Exporters(a.relay.Registry)),
		},
		Cursor: cursor,
		Agents: agents,
	})
}

// problems are what keeps this relay from its work as a whole.
func (a *api) problems() []string {
	if full := a.relay.Volume.Full(); full != "" {
		return []string{full}
	}
	return []string{}
}

// isOperator: without the setting nobody is.
func (a *api) isOperator(id identity.Identity) bool {
	return a.relay.Operator != "" && id.Subject() == a.relay.Operator
}

// read hands out stored telemetry of the reader's own namespace.
func (a *api) read(w http.ResponseWriter, r *http.Request, signal store.Signal) {
	q, ok := a.asked(w, r, signal)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = a.relay.Store.Read(q, func(line []byte) error {
		_, err := w.Write(append(line[:len(line):len(line)], '\n'))
		return err
	})
}

// history hands out what happened to one run of an agent of the reader's own namespace.
func (a *api) history(w http.ResponseWriter, r *http.Request) {
	q, ok := a.asked(w, r, store.Traces)
	if !ok {
		return
	}
	if q.Agent == "" || q.Run == "" {
		http.Error(w, "name agent and run", http.StatusBadRequest)
		return
	}
	events, err := a.relay.Store.History(q)
	if err != nil {
		http.Error(w, "the trace store cannot be read", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"namespace": q.Namespace, "agent": q.Agent, "run": q.Run, "events": events})
}

// asked is what a reader wants to see and may see.
func (a *api) asked(w http.ResponseWriter, r *http.Request, signal store.Signal) (store.Query, bool) {
	id, refusal := a.relay.Verifier.Reader(r.Context(), r.Header.Get("Authorization"))
	if refusal != nil {
		identity.Refuse(w, refusal)
		return store.Query{}, false
	}
	q, problem := query(r, signal)
	if problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return store.Query{}, false
	}
	if q.Namespace == "" {
		q.Namespace = id.Namespace
	}
	if q.Namespace != id.Namespace && !a.isOperator(id) {
		http.Error(w, "not your namespace", http.StatusForbidden)
		return store.Query{}, false
	}
	return q, true
}

func query(r *http.Request, signal store.Signal) (q store.Query, problem string) {
	values := r.URL.Query()
	q = store.Query{Signal: signal, Namespace: values.Get("namespace"), Agent: values.Get("agent"), Run: values.Get("run"), Limit: defaultLines}
	if text := values.Get("since"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return q, "since: write a time as 2026-01-02T15:04:05Z"
		}
		q.Since = since
	}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLines {
			return q, "limit: write a number from 1 to " + strconv.Itoa(maxLines)
		}
		q.Limit = n
	}
	return q, ""
}
