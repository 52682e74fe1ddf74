package relay

import (
	"maps"
	"slices"
	"strings"

	"agentops.dev/dataplane/collector/report"
)

// add keeps totals that outlive pods: a counter that falls when a pod ends would read as a restart of everything.
func (a *agent) add(old *Pod, r report.Report) {
	before := report.Counts{}
	if old != nil && old.Report.StartedAt.Equal(r.StartedAt) {
		before = old.Report.Counts
	}
	a.dropped += grown(before.Dropped, r.Counts.Dropped)
	a.direct += grown(before.Direct, r.Counts.Direct)
	a.unserved += grown(before.Unserved, r.Counts.Unserved)
	for rule, n := range r.Counts.Masked {
		if _, known := a.masked[rule]; known || len(a.masked) < maxRules {
			a.masked[rule] += grown(before.Masked[rule], n)
		}
	}
}

func grown(before, now int64) int64 { return max(now-before, 0) }

// same says whether two reports differ in counters and times only.
func same(a, b report.Report) bool {
	return a.Version == b.Version && a.Rules.Digest == b.Rules.Digest && a.Rules.Source == b.Rules.Source &&
		a.Rules.Error == b.Rules.Error && slices.Equal(a.Canaries.Leaked, b.Canaries.Leaked) && slices.Equal(a.Problems, b.Problems) && a.Egress == b.Egress
}

func bound(r *report.Report) {
	r.Version = short(r.Version, 32)
	r.Rules.Digest = short(r.Rules.Digest, 80)
	r.Rules.Error = short(r.Rules.Error, maxText)
	r.Canaries.Leaked = shortAll(r.Canaries.Leaked)
	r.Problems = shortAll(r.Problems)
	maps.DeleteFunc(r.Counts.Masked, func(rule string, n int64) bool { return len(rule) > 64 || n < 0 })
	r.Egress = short(r.Egress, 16)
	switch r.Rules.Source {
	case "Config", "LastGood", "Default":
	default:
		r.Rules.Source = "" // it becomes a metric's label: a client must not invent series
	}
}

func shortAll(texts []string) []string {
	texts = texts[:min(len(texts), maxTexts)]
	for i, t := range texts {
		texts[i] = short(t, maxText)
	}
	return texts
}

func short(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "")
}
