package relay

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AgentView is one agent in GET /v1/observations.
type AgentView struct {
	Namespace   string     `json:"namespace"`
	Agent       string     `json:"agent"`
	LastSpanAt  *time.Time `json:"lastSpanAt,omitempty"`
	StoredSpans int64      `json:"storedSpans"`
	// LastCallAt and StoredCalls are of spans that the gateway wrote of the agent's calls.
	LastCallAt  *time.Time `json:"lastCallAt,omitempty"`
	StoredCalls int64      `json:"storedCalls"`
	Row         string     `json:"row"`
	Pods        []PodView  `json:"pods"`
}

// PodView is one sidecar in GET /v1/observations.
type PodView struct {
	Name         string    `json:"name"`
	UID          string    `json:"uid"`
	Version      string    `json:"version"`
	RulesDigest  string    `json:"rulesDigest"`
	RulesSource  string    `json:"rulesSource"`
	RulesError   string    `json:"rulesError"`
	Leaked       []string  `json:"leaked"`
	CanariesAt   time.Time `json:"canariesAt"`
	SeenAt       time.Time `json:"seenAt"`
	Problems     []string  `json:"problems"`
	Dropped      int64     `json:"dropped"`
	SendFailures int64     `json:"sendFailed"`
	Egress       string    `json:"egress,omitempty"`
}

// Since lists the agents that changed after the cursor, and the cursor to ask with next time. An unknown cursor, as one
// from before a restart, lists all. A row that changed in the identity table is a change of its agent.
func (f *Fleet) Since(cursor string, rows *Agents) ([]AgentView, string) {
	f.Forget()
	f.mu.Lock()
	defer f.mu.Unlock()
	after := f.position(cursor)
	views := []AgentView{}
	for k, a := range f.agents {
		if known, _ := rows.Get(k); known.Digest != a.row {
			a.row = known.Digest
			f.seq++
			a.changed = f.seq
		}
		if a.changed > after {
			views = append(views, a.view(k))
		}
	}
	slices.SortFunc(views, func(a, b AgentView) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Agent, b.Agent))
	})
	return views, f.boot + "-" + strconv.FormatUint(f.seq, 10)
}

func (f *Fleet) position(cursor string) uint64 {
	boot, seq, ok := strings.Cut(cursor, "-")
	n, err := strconv.ParseUint(seq, 10, 64)
	if !ok || err != nil || boot != f.boot {
		return 0
	}
	return n
}

func (a *agent) view(k Key) AgentView {
	v := AgentView{Namespace: k.Namespace, Agent: k.Agent, StoredSpans: a.stored, StoredCalls: a.storedCalls, Row: a.row, Pods: []PodView{}}
	if !a.lastSpanAt.IsZero() {
		at := a.lastSpanAt
		v.LastSpanAt = &at
	}
	if !a.lastCallAt.IsZero() {
		at := a.lastCallAt
		v.LastCallAt = &at
	}
	for _, p := range a.pods {
		v.Pods = append(v.Pods, p.view())
	}
	slices.SortFunc(v.Pods, func(a, b PodView) int { return cmp.Compare(a.Name, b.Name) })
	return v
}

func (p *Pod) view() PodView {
	r := p.Report
	return PodView{
		Name: p.Name, UID: p.UID, Version: r.Version,
		RulesDigest: r.Rules.Digest, RulesSource: string(r.Rules.Source), RulesError: r.Rules.Error,
		Leaked: list(r.Canaries.Leaked), CanariesAt: r.Canaries.At, SeenAt: p.SeenAt, Problems: list(r.Problems),
		Dropped: r.Counts.Dropped, SendFailures: r.Counts.SendFailed, Egress: r.Egress,
	}
}

// list makes an empty list of nil: readers in other languages take null for something else.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
