package main

import (
	"strings"
	"testing"

	"agentops.dev/dataplane/freeport"
)

// egress is what the relay tells of the one pod's egress.
func (r *rig) egress() string {
	for _, agent := range r.observe().Agents {
		for _, pod := range agent.Pods {
			return pod.Egress
		}
	}
	return "not heard of"
}

func TestLookAtTheCanaryIsTold(t *testing.T) {
	for want, host := range map[string]string{"Open": "127.0.0.1", "Refused": "127.0.0.2"} {
		t.Run(want, func(t *testing.T) {
			r := newRig(t)
			// On another address than the relay's own the port is closed to who tries the relay's, as by a network policy.
			r.env["AGENTOPS_LISTEN_CANARY"] = strings.Replace(freeport.Address(t), "127.0.0.1", host, 1)
			r.write("etc/agents.json", `{"version":1,"digest":"sha256:b","agents":{"shop/billing":{"probeEgress":true}}}`)
			r.relay()
			r.sidecar()
			r.eventually("the relay hears of it", func() bool { return r.egress() == want })
		})
	}
}

func TestNobodyLooksWhoIsNotAsked(t *testing.T) {
	r := newRig(t)
	r.env["AGENTOPS_LISTEN_CANARY"] = freeport.Address(t)
	r.relay()
	r.sidecar()
	r.eventually("the relay hears of the pod, and of no look", func() bool { return r.egress() == "" })
}
