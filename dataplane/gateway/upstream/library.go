package upstream

import (
	"fmt"
	"strings"
	"sync"

	"github.com/maximhq/bifrost/core/providers/anthropic"
	"github.com/maximhq/bifrost/core/providers/azure"
	"github.com/maximhq/bifrost/core/providers/bedrock"
	"github.com/maximhq/bifrost/core/providers/cohere"
	"github.com/maximhq/bifrost/core/providers/gemini"
	"github.com/maximhq/bifrost/core/providers/openai"
	"github.com/maximhq/bifrost/core/providers/vertex"
	"github.com/maximhq/bifrost/core/schemas"
	"golang.org/x/net/http/httpproxy"

	"agentops.dev/dataplane/gateway/plan"
)

// library makes the library's providers, one for each way of reaching one.
type library struct {
	mu        sync.Mutex
	providers map[way]schemas.Provider
}

// way is all of a target that a provider is made of; models and credentials belong to each call.
type way struct {
	provider plan.Provider
	endpoint string
	seconds  int64
	idle     int64
}

func wayOf(t plan.Target) way {
	return way{t.Provider, t.Endpoint, (t.TimeoutMilliseconds + 999) / 1000, (t.StreamIdleMilliseconds + 999) / 1000}
}

func (l *library) provider(t plan.Target) (schemas.Provider, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := wayOf(t)
	if p := l.providers[w]; p != nil {
		return p, nil
	}
	p, err := build(t, config(w))
	if err == nil {
		l.providers[w] = p
	}
	return p, err
}

func config(w way) *schemas.ProviderConfig {
	return &schemas.ProviderConfig{
		Logger: silent{},
		NetworkConfig: schemas.NetworkConfig{
			BaseURL:                        base(w),
			DefaultRequestTimeoutInSeconds: int(w.seconds),
			StreamIdleTimeoutInSeconds:     int(w.idle),
			// Providers inside the cluster have private addresses.
			AllowPrivateNetwork: true,
		},
		ProxyConfig: proxy(),
	}
}

// proxy lets all of the library go through the proxy that the environment names, as everything else here does. Without one
// its own way of connecting stays, which refuses link-local addresses.
func proxy() *schemas.ProxyConfig {
	if env := httpproxy.FromEnvironment(); env.HTTPSProxy == "" && env.HTTPProxy == "" {
		return nil
	}
	return &schemas.ProxyConfig{Type: schemas.EnvProxy}
}

// base is the library's base URL: it wants the version in Gemini's.
func base(w way) string {
	url := strings.TrimRight(w.endpoint, "/")
	if w.provider == plan.Gemini && url != "" {
		url += "/v1beta"
	}
	return url
}

func build(t plan.Target, c *schemas.ProviderConfig) (schemas.Provider, error) {
	switch t.Provider {
	case plan.OpenAI:
		return openai.NewOpenAIProvider(c, silent{}), nil
	case plan.Azure:
		return azure.NewAzureProvider(c, silent{})
	case plan.Anthropic:
		return anthropic.NewAnthropicProvider(c, silent{}), nil
	case plan.Bedrock:
		return bedrock.NewBedrockProvider(c, silent{})
	case plan.Vertex:
		return vertex.NewVertexProvider(c, silent{})
	case plan.Gemini:
		return gemini.NewGeminiProvider(c, silent{}), nil
	case plan.Cohere:
		return cohere.NewCohereProvider(c, silent{})
	}
	if compatible(t.Provider) {
		return server(t, c), nil
	}
	return nil, fmt.Errorf("provider %q is not known here", t.Provider)
}

// server is one that speaks OpenAI's chat completions.
func server(t plan.Target, c *schemas.ProviderConfig) schemas.Provider {
	base, path := t.Endpoint, "/v1/chat/completions"
	switch t.Provider {
	case plan.Databricks:
		path = "/serving-endpoints/chat/completions"
	case plan.Snowflake:
		path = "/api/v2/cortex/v1/chat/completions"
	}
	if base == "" {
		base = hosts[t.Provider]
	}
	c.NetworkConfig.BaseURL = strings.TrimRight(base, "/")
	c.CustomProviderConfig = &schemas.CustomProviderConfig{
		CustomProviderKey: string(t.Provider),
		BaseProviderType:  schemas.OpenAI,
		AllowedRequests:   &schemas.AllowedRequests{ChatCompletion: true, ChatCompletionStream: true, Embedding: true},
		RequestPathOverrides: map[schemas.RequestType]string{
			schemas.ChatCompletionRequest: path, schemas.ChatCompletionStreamRequest: path,
		},
	}
	return openai.NewOpenAIProvider(c, silent{})
}

// key gathers a target's credential in the library's form.
func key(s *Secrets, t plan.Target) (schemas.Key, error) {
	values := map[plan.Role]string{}
	if t.Credential != nil {
		for role := range t.Credential.Keys {
			value, err := s.Get(t.Credential, role)
			if err != nil {
				return schemas.Key{}, err
			}
			values[role] = value
		}
	}
	k := schemas.Key{ID: "target", Name: "target", Value: plain(values[plan.APIKey]), Models: schemas.WhiteList{"*"}, Weight: 1}
	switch t.Provider {
	case plan.Azure:
		k.AzureKeyConfig = &schemas.AzureKeyConfig{Endpoint: plain(t.Endpoint)}
	case plan.Bedrock:
		k.BedrockKeyConfig = &schemas.BedrockKeyConfig{AccessKey: plain(values[plan.AccessKeyID]), SecretKey: plain(values[plan.SecretAccessKey]),
			SessionToken: optional(values[plan.SessionToken]), Region: optional(t.Region)}
	case plan.Vertex:
		k.VertexKeyConfig = &schemas.VertexKeyConfig{ProjectID: plain(t.Project), Region: plain(t.Region), AuthCredentials: plain(values[plan.ServiceAccountJSON])}
	}
	return k, nil
}

// plain never goes through the library's constructor, which would read an environment variable for "env.…".
func plain(value string) schemas.SecretVar {
	return schemas.SecretVar{Val: value, SecretType: schemas.SecretTypePlainText}
}

func optional(value string) *schemas.SecretVar {
	if value == "" {
		return nil
	}
	v := plain(value)
	return &v
}

// silent drops the library's log: it writes bodies into it.
type silent struct{}

func (silent) Debug(string, ...any)                   {}
func (silent) Info(string, ...any)                    {}
func (silent) Warn(string, ...any)                    {}
func (silent) Error(string, ...any)                   {}
func (silent) Fatal(string, ...any)                   {}
func (silent) SetLevel(schemas.LogLevel)              {}
func (silent) SetOutputType(schemas.LoggerOutputType) {}
func (silent) LogHTTPRequest(schemas.LogLevel, string) schemas.LogEventBuilder {
	return schemas.NoopLogEvent
}
