package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"agentops.dev/dataplane/freeport"
)

func TestSidecarForwardsModelCallsUnderThePodsIdentity(t *testing.T) {
	r := newRig(t)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, req.URL.Path+" "+req.Header.Get("Authorization"))
	}))
	t.Cleanup(gateway.Close)
	r.env["AGENTOPS_GATEWAY"], r.env["AGENTOPS_LISTEN_FORWARDER"] = gateway.URL, freeport.Address(t)
	sidecar := r.sidecar()
	want := "/v1/models Bearer " + r.issuer.token(t, "agentops/shop/billing", "shop", "billing")
	r.write("pod/token", strings.TrimPrefix(want, "/v1/models Bearer "))
	base := "http://" + r.env["AGENTOPS_LISTEN_FORWARDER"]
	r.eventually("the forwarder answers", func() bool { return get(base+"/v1/models", "sk-of-the-agent") == want })
	sidecar.stop(t)
	if strings.Contains(sidecar.logs.String(), "sk-of-the-agent") {
		t.Error("a credential is in the log")
	}
}

func TestCallsThatGoStraightToTheProviderAreKnownToTheOperator(t *testing.T) {
	r := newRig(t)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, req.Header.Get("Authorization"))
	}))
	t.Cleanup(provider.Close)
	gateway := freeport.Address(t)
	r.env["AGENTOPS_GATEWAY"], r.env["AGENTOPS_LISTEN_FORWARDER"] = "http://"+gateway, freeport.Address(t)
	r.env["AGENTOPS_ON_GATEWAY_DOWN"], r.env["AGENTOPS_DIRECT_OPENAI"] = "Direct", provider.URL
	relay, sidecar := r.relay(), r.sidecar()
	base := "http://" + r.env["AGENTOPS_LISTEN_FORWARDER"]
	r.eventually("the provider is asked with the agent's own key", func() bool {
		return get(base+"/v1/models", "sk-of-the-agent") == "Bearer sk-of-the-agent"
	})
	problem := func() string {
		seen := r.observe()
		if len(seen.Agents) != 1 || len(seen.Agents[0].Pods) != 1 {
			return "?"
		}
		return strings.Join(seen.Agents[0].Pods[0].Problems, " ")
	}
	r.eventually("the problem is reported", func() bool { return strings.HasPrefix(problem(), "GoesDirect: ") })
	r.eventually("the call is counted", func() bool {
		return strings.Contains(get("http://"+r.metrics+"/metrics", ""), `agentops_calls_direct_total{agent="billing",namespace="shop"} `)
	})
	back, err := net.Listen("tcp", gateway)
	must(t, err)
	defer back.Close()
	r.eventually("the problem is over", func() bool { return problem() == "" })
	sidecar.stop(t)
	relay.stop(t)
}

func TestForwardersPortThatIsTakenEndsNothing(t *testing.T) {
	r := newRig(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	r.env["AGENTOPS_GATEWAY"], r.env["AGENTOPS_LISTEN_FORWARDER"] = "http://127.0.0.1:1", taken.Addr().String()
	relay, sidecar := r.relay(), r.sidecar()
	r.eventually("the problem is reported", func() bool {
		seen := r.observe()
		return len(seen.Agents) == 1 && len(seen.Agents[0].Pods) == 1 &&
			strings.Join(seen.Agents[0].Pods[0].Problems, " ") == "PortInUse: "+taken.Addr().String()
	})
	sidecar.stop(t)
	relay.stop(t)
}
