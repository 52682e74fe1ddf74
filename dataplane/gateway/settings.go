// Package gateway is the LLM gateway's process: it puts the parts together and ends them in order.
package gateway

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/store"
	"agentops.dev/dataplane/identity"
)

// Settings of the process; each comes from one variable.
type Settings struct {
	Plan, Secrets string
	// PlanConfigMap is "<namespace>/<name>" of the ConfigMap that the plan is mounted from; empty: only the file is looked at.
	PlanConfigMap string
	// API is the API server that shows it.
	API                          identity.Source
	Listen, AdminListen, Metrics string
	Store                        store.Settings
	Issuer                       identity.Source
	Operator                     string
	TenantToken                  string
	Tenant                       Tenant
	OTLPEndpoint, OTLPToken      string
	MaxBody                      int64
	Drain                        time.Duration
	ID, Version                  string
	CacheMiB                     int
}

// Tenant is set in the gateway of a tenant's namespace.
type Tenant struct {
	// Namespace that is served; empty: this is the shared gateway.
	Namespace string
	// Gateway is the account of the shared gateway.
	Gateway string
}

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

// FromEnvironment reads the settings.
func FromEnvironment(version string) (Settings, error) {
	host, _ := os.Hostname()
	s := Settings{
		Plan:          env("PLAN", "/etc/agentops/plan.v1.json"),
		PlanConfigMap: env("PLAN_CONFIG_MAP", ""),
		Secrets:       env("SECRETS", "/var/run/agentops-secrets"),
		Listen:        env("LISTEN", ":4000"),
		AdminListen:   env("ADMIN_LISTEN", ":4001"),
		Metrics:       env("METRICS_LISTEN", ":8889"),
		Store:         storeSettings(),
		Operator:      env("OPERATOR_SUBJECT", ""),
		TenantToken:   env("TENANT_TOKEN", "/var/run/agentops-identity/tenant-token"),
		OTLPEndpoint:  env("OTLP_ENDPOINT", ""),
		OTLPToken:     env("OTLP_TOKEN", ""),
		ID:            env("POD_NAME", host),
		Version:       version,
		CacheMiB:      16,
	}
	s.API = identity.Source{Server: "https://kubernetes.default.svc", CAFile: account + "ca.crt", TokenFile: account + "token"}
	if env("ISSUER_SERVER", "") != "" {
		s.API = identity.Source{Server: env("ISSUER_SERVER", ""), CAFile: env("ISSUER_CA", ""), TokenFile: env("ISSUER_TOKEN", "")}
	}
	s.Issuer = s.API
	if env("ISSUER_JWKS", "") != "" {
		s.Issuer = identity.Source{KeysFile: env("ISSUER_JWKS", ""), Issuer: env("ISSUER_NAME", "")}
	}
	if s.Issuer.KeysFile != "" && s.Issuer.Issuer == "" {
		return s, fmt.Errorf("AGENTOPS_ISSUER_NAME: \"\": name the issuer of the keys in AGENTOPS_ISSUER_JWKS")
	}
	var err error
	if s.MaxBody, err = number("MAX_BODY_BYTES", 32<<20); err != nil {
		return s, err
	}
	drain, err := number("DRAIN_SECONDS", 25)
	s.Drain = time.Duration(drain) * time.Second
	return s, err
}

// TenantFromEnvironment reads the settings of a gateway in a tenant's namespace.
func TenantFromEnvironment(version string) (Settings, error) {
	s, err := FromEnvironment(version)
	s.Tenant = Tenant{Namespace: env("TENANT_NAMESPACE", ""), Gateway: env("GATEWAY_SUBJECT", "")}
	switch {
	case err != nil:
		return s, err
	case s.Tenant.Namespace == "":
		return s, fmt.Errorf("AGENTOPS_TENANT_NAMESPACE: \"\": name the namespace that is served")
	case s.Tenant.Gateway == "":
		return s, fmt.Errorf("AGENTOPS_GATEWAY_SUBJECT: \"\": name the account of the shared gateway")
	case s.Store.URL != "":
		return s, fmt.Errorf("AGENTOPS_REDIS_URL: limits are kept by the shared gateway; leave it out here")
	}
	return s, nil
}

func storeSettings() store.Settings {
	return store.Settings{
		URL: env("REDIS_URL", ""), Topology: env("REDIS_TOPOLOGY", store.Single), Addresses: list("REDIS_ADDRESSES"),
		Master: env("REDIS_MASTER", ""), ServerName: env("REDIS_SERVER_NAME", ""), Secret: env("REDIS_SECRET", ""),
	}
}

func list(name string) []string {
	return strings.FieldsFunc(env(name, ""), func(r rune) bool { return r == ',' || r == ' ' })
}

func env(name, otherwise string) string { return cmp.Or(os.Getenv("AGENTOPS_"+name), otherwise) }

func number(name string, otherwise int64) (int64, error) {
	text := env(name, "")
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return 0, fmt.Errorf("AGENTOPS_%s: %q: write a whole number above 0", name, text)
	}
	return n, nil
}
