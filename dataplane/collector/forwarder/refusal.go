package forwarder

import (
	"encoding/json"
	"net/http"
	"strings"
)

// refusal is an answer of the forwarder itself, in the shape that the SDKs of both APIs turn into their own error.
type refusal struct {
	code, message string
}

var (
	gatewayUnreachable = refusal{"gateway_unreachable",
		"the AgentOps gateway cannot be reached from this pod; the call was not made. Look at the pods of Deployment agentops-gateway."}
	tokenUnavailable = refusal{"token_unavailable",
		"the pod's AgentOps token is not there; the call was not made. Look at the events of this pod."}
	providerUnreachable = refusal{"provider_unreachable",
		"neither the AgentOps gateway nor the provider can be reached from this pod; the call was not made."}
)

func refuse(w http.ResponseWriter, r *http.Request, why refusal) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Agentops-Denied", why.code)
	header.Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(why.body(isAnthropic(r.URL.Path)))
}

func (why refusal) body(anthropic bool) map[string]any {
	about := map[string]any{"message": why.message, "type": "agentops_policy", "code": why.code, "param": nil}
	if anthropic {
		return map[string]any{"type": "error", "error": about}
	}
	return map[string]any{"error": about}
}

// isAnthropic tells whose API a path belongs to.
func isAnthropic(path string) bool {
	return strings.HasPrefix(path, "/anthropic/") || strings.HasPrefix(path, "/v1/messages")
}
