// Package identity says who sends telemetry: it verifies the service-account token of a pod without asking anybody, by
// the issuer's public keys. What a client says about itself counts for nothing.
package identity

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/client"
)

// Identity is what a verified token says.
type Identity struct {
	Namespace      string
	ServiceAccount string
	PodName        string
	PodUID         string
	// Agent is the agent's name, from the audience; empty in the token of a reader.
	Agent string
}

// Subject is the service account as Kubernetes writes it.
func (i Identity) Subject() string {
	return "system:serviceaccount:" + i.Namespace + ":" + i.ServiceAccount
}

// authData carries the identity through the pipeline.
type authData struct{ Identity }

func (a authData) GetAttribute(name string) any {
	switch name {
	case "namespace":
		return a.Namespace
	case "serviceAccount":
		return a.ServiceAccount
	case "podName":
		return a.PodName
	case "podUID":
		return a.PodUID
	case "agent":
		return a.Agent
	}
	return nil
}

func (authData) GetAttributeNames() []string {
	return []string{"namespace", "serviceAccount", "podName", "podUID", "agent"}
}

// NewContext puts the identity where processors find it.
func NewContext(ctx context.Context, id Identity) context.Context {
	info := client.FromContext(ctx)
	info.Auth = authData{id}
	return client.NewContext(ctx, info)
}

// FromContext returns the identity of the sender; without one nothing may be accepted.
func FromContext(ctx context.Context) (Identity, bool) {
	a, ok := client.FromContext(ctx).Auth.(authData)
	return a.Identity, ok
}

const (
	audiencePrefix = "agentops/"
	// ReaderAudience is the audience of tokens that read from the relay.
	ReaderAudience = "agentops-relay"
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
