// Package sender carries who sends telemetry from a receiver to the processors.
package sender

import (
	"context"

	"go.opentelemetry.io/collector/client"

	"agentops.dev/dataplane/identity"
)

// authData carries the identity through the pipeline.
type authData struct{ identity.Identity }

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
func NewContext(ctx context.Context, id identity.Identity) context.Context {
	info := client.FromContext(ctx)
	info.Auth = authData{id}
	return client.NewContext(ctx, info)
}

// FromContext returns the identity of the sender; without one nothing may be accepted.
func FromContext(ctx context.Context) (identity.Identity, bool) {
	a, ok := client.FromContext(ctx).Auth.(authData)
	return a.Identity, ok
}
