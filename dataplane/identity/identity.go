// Package identity says who calls: it verifies the service-account token of a pod without asking anybody, by the issuer's
// public keys. What a client says about itself counts for nothing.
package identity

import (
	"slices"
	"strings"
)

// Identity is what a verified token says.
type Identity struct {
	Namespace      string
	ServiceAccount string
	PodName        string
	PodUID         string
	// Agent is the agent's name, from the audience; empty in the token of a reader.
	Agent string
	// Gateway: the gateway itself sends, and says on each resource whose spans they are.
	Gateway bool
}

// Subject is the service account as Kubernetes writes it.
func (i Identity) Subject() string {
	return "system:serviceaccount:" + i.Namespace + ":" + i.ServiceAccount
}

const (
	audiencePrefix = "agentops/"
	// ReaderAudience is the audience of tokens that read from the relay.
	ReaderAudience = "agentops-relay"
	// TenantAudience is the audience of the token that the shared gateway shows in namespaces of tenants. It is worth nothing
	// anywhere else, and there only beside a token of one of the namespace's own agents.
	TenantAudience = "agentops-tenant-gateway"
)

// agentOf returns namespace and agent of the one audience that names an agent.
func agentOf(audiences []string) (namespace, agent string, ok bool) {
	for _, a := range audiences {
		rest, is := strings.CutPrefix(a, audiencePrefix)
		if !is {
			continue
		}
		// Two agents in one token: nothing says which of them sends.
		if agent != "" {
			return "", "", false
		}
		namespace, agent, ok = strings.Cut(rest, "/")
		if !ok || namespace == "" || agent == "" || strings.Contains(agent, "/") {
			return "", "", false
		}
	}
	return namespace, agent, agent != ""
}

func isReader(audiences []string) bool { return slices.Contains(audiences, ReaderAudience) }
