package sender

import (
	"context"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"

	"agentops.dev/dataplane/collector/wire"
	"agentops.dev/dataplane/identity"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_identity")

// Config is empty: where the keys are is a setting of the process.
type Config struct{}

// NewFactory makes the extension. Name it under "middlewares" of a receiver's HTTP server, not under "auth": what "auth"
// refuses is always 401, which makes a sidecar drop its data, and keys that cannot be read just now are no such reason.
//
// The gateway is the service account of that subject; it may speak for any agent.
//
// What holding returns is asked for each request: why nothing can be taken just now, empty when it can. Then the sender
// keeps its data and tries again. It is called for each configuration that starts.
func NewFactory(v *identity.Verifier, gateway string, holding func() func() string) extension.Factory {
	return extension.NewFactory(Type, func() component.Config { return &Config{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return &guard{verifier: v, gateway: gateway, hold: holding()}, nil
		}, component.StabilityLevelBeta)
}

type guard struct {
	component.StartFunc
	component.ShutdownFunc
	verifier *identity.Verifier
	gateway  string
	hold     func() string
}

var _ extensionmiddleware.HTTPServer = (*guard)(nil)

// GetHTTPHandler wraps a receiver's handler.
func (g *guard) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, refusal := g.verifier.Sender(r.Context(), r.Header.Get("Authorization"), g.gateway)
			if refusal != nil {
				identity.Refuse(w, refusal)
				return
			}
			if reason := g.hold(); reason != "" {
				tryAgain(w, reason)
				return
			}
			if status := wire.Check(r); status != 0 {
				http.Error(w, http.StatusText(status), status)
				return
			}
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), id)))
		}), nil
	}, nil
}

func tryAgain(w http.ResponseWriter, reason string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, reason, http.StatusServiceUnavailable)
}
