package upstream

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
)

// hosts are the addresses of providers whose targets name none.
var hosts = map[plan.Provider]string{
	plan.OpenAI:     "https://api.openai.com",
	plan.Anthropic:  "https://api.anthropic.com",
	plan.Mistral:    "https://api.mistral.ai",
	plan.Groq:       "https://api.groq.com/openai",
	plan.OpenRouter: "https://openrouter.ai/api",
	plan.XAI:        "https://api.x.ai",
}

var paths = map[api.Kind]string{
	api.ChatKind:       "/chat/completions",
	api.ResponsesKind:  "/responses",
	api.EmbeddingsKind: "/embeddings",
	api.MessagesKind:   "/messages",
}

// azureVersion is used where a target names no apiVersion.
const azureVersion = "2024-10-21"

// address is where a call goes.
func address(call *Call) string {
	t, path := call.Target, paths[call.API.Kind()]
	base := strings.TrimRight(t.Endpoint, "/")
	if base == "" {
		base = hosts[t.Provider]
	}
	switch t.Provider {
	case plan.Azure:
		if call.API.Kind() == api.ResponsesKind {
			return base + "/openai/v1/responses" + version(t.APIVersion, "preview")
		}
		return base + "/openai/deployments/" + url.PathEscape(t.Model) + path + version(t.APIVersion, azureVersion)
	case plan.Databricks:
		return base + "/serving-endpoints" + path
	case plan.Snowflake:
		return base + "/api/v2/cortex/v1" + path
	}
	return base + "/v1" + path
}

func version(named, otherwise string) string {
	if named == "" {
		named = otherwise
	}
	return "?api-version=" + url.QueryEscape(named)
}

// authorize writes the credential into a request.
func (d *direct) authorize(ctx context.Context, limit *clock, h http.Header, call *Call) *Failure {
	key, err := d.secrets.Get(call.Target.Credential, plan.APIKey)
	if err != nil {
		return &Failure{Class: Unauthorized, Message: err.Error(), Code: CredentialMissing}
	}
	if call.Target.Provider == plan.Azure && key == "" {
		return d.directory.authorize(ctx, limit, h, d.secrets, call.Target)
	}
	switch {
	case call.Target.Provider == plan.Anthropic:
		h["Anthropic-Version"] = []string{"2023-06-01"}
		if call.Beta != "" {
			h["Anthropic-Beta"] = []string{call.Beta}
		}
		if key != "" {
			h["X-Api-Key"] = []string{key}
		}
	case key == "":
	case call.Target.Provider == plan.Azure:
		h["Api-Key"] = []string{key}
	default:
		h["Authorization"] = []string{"Bearer " + key}
	}
	return nil
}
