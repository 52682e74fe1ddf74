package selectprocessor

import (
	"hash/fnv"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
)

// percent is the share of an agent's traces for this backend; ok is false for agents that are not bound to it. It reads
// the stamped resource and not the sender: behind a queue a batch holds data of many agents.
func (s selector) percent(r pcommon.Resource) (share float64, ok bool) {
	agent, known := s.agents.Get(relay.Key{
		Namespace: text(r.Attributes(), conventions.Namespace),
		Agent:     text(r.Attributes(), conventions.Agent),
	})
	if !known || !agent.Bound(s.backend) {
		return 0, false
	}
	return agent.Percent(), true
}

func text(attrs pcommon.Map, key string) string {
	v, ok := attrs.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// kept decides by the trace id alone, so that all relays keep the same traces whole. The id is hashed: SDKs that sample
// look at the id's own bits, and one sampler would else undo the other.
func kept(id pcommon.TraceID, percent float64) bool {
	switch {
	case percent >= 100 || id.IsEmpty(): // what belongs to no trace cannot be sampled by one
		return true
	case percent <= 0:
		return false
	}
	h := fnv.New64a()
	_, _ = h.Write(id[:])
	return float64(mix(h.Sum64())) < percent/100*float64(math.MaxUint64)
}

// mix spreads the hash over the upper bits, which the comparison looks at (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
