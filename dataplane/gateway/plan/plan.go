// Package plan is the GatewayPlan: what a gateway enforces, in words of no engine. The operator compiles it from
// ProviderFallback, Budget and Agent; a gateway reads it whole, refuses what it could not enforce, and keeps the last good.
package plan

import (
	"encoding/json"

	"agentops.dev/dataplane/mask"
)

// Version is the version of the file this engine reads.
const Version = 1

// Plan is one accepted plan file.
type Plan struct {
	Version int    `json:"version"`
	SHA     string `json:"digest,omitempty"`
	// PriceTable names the version of the price table that the prices of the targets come from.
	PriceTable string               `json:"priceTable,omitempty"`
	Targets    map[string]Target    `json:"targets"`
	Routes     map[string]Route     `json:"routes"`
	Guardrails map[string]Guardrail `json:"guardrails"`
	Budgets    map[string]Budget    `json:"budgets"`
	// Agents is keyed "<namespace>/<agent>".
	Agents map[string]Agent `json:"agents"`
}

// Target is one model at one provider.
type Target struct {
	Provider Provider `json:"provider"`
	// Endpoint is the base URL; empty: the provider's own.
	Endpoint string `json:"endpoint,omitempty"`
	// Model is the provider's name of the model: for Azure the deployment, for Bedrock the model or profile id.
	Model      string      `json:"model"`
	Credential *Credential `json:"credential,omitempty"`
	Region     string      `json:"region,omitempty"`
	Project    string      `json:"project,omitempty"`
	APIVersion string      `json:"apiVersion,omitempty"`
	// Via is the base URL of the gateway in a tenant's namespace that has the target's credential; empty: none is between.
	Via string `json:"via,omitempty"`
	// TimeoutMilliseconds ends a call that is not streamed, and the wait for the first byte of one that is.
	TimeoutMilliseconds int64 `json:"timeoutMilliseconds"`
	// StreamIdleMilliseconds is the longest silence inside a stream.
	StreamIdleMilliseconds int64 `json:"streamIdleMilliseconds"`
	// Price absent: the cost of calls is unknown, which is shown as unknown and never as 0.
	Price *Price `json:"price,omitempty"`
}

// Credential names files under the secrets directory: <secret>/<file>. The kubelet mounts them, nobody reads the Secret.
type Credential struct {
	Secret string `json:"secret"`
	// Keys is role -> key of the Secret.
	Keys map[Role]string `json:"keys"`
}

// Price is in micro-USD per million tokens. A class that is absent costs as much as its plain class.
type Price struct {
	Input       int64  `json:"input"`
	Output      int64  `json:"output"`
	CachedInput *int64 `json:"cachedInput,omitempty"`
	CacheWrite  *int64 `json:"cacheWrite,omitempty"`
	Reasoning   *int64 `json:"reasoning,omitempty"`
}

// Guardrail is rules for what goes to a provider or comes back.
type Guardrail struct {
	Mode GuardMode `json:"mode"`
	// BuiltIn switches on rule sets of the engine.
	BuiltIn []BuiltIn `json:"builtIn,omitempty"`
	// Rules has the format of rules.v1.json; capture must be Masked.
	Rules json.RawMessage `json:"rules,omitempty"`
}

// Parsed returns the rules; nil when there are none.
func (g Guardrail) Parsed() (*mask.Rules, error) {
	if len(g.Rules) == 0 {
		return nil, nil
	}
	return mask.Parse(g.Rules)
}
