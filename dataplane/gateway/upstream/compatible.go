package upstream

import (
	"github.com/maximhq/bifrost/core/providers/openai"
	"github.com/maximhq/bifrost/core/schemas"

	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
)

// compatible says that a server is asked for chat completions whatever the client speaks: that is what all of them have.
func compatible(p plan.Provider) bool {
	switch p {
	case plan.Databricks, plan.Snowflake, plan.Mistral, plan.Groq, plan.OpenRouter, plan.XAI, plan.OpenAICompatible:
		return true
	}
	return false
}

// asChat makes a chat completion of a question in responses. Its body is written here and not by the library, which raises
// a small maximum and would so pass what was reserved, and asks Mistral in words that it refuses.
func (q *question) asChat(bf *schemas.BifrostContext, call *Call) error {
	q.chat = q.responses.ToChatRequest()
	data, err := schemas.Marshal(openai.ToOpenAIChatRequest(bf, q.chat))
	if err != nil {
		return err
	}
	o, err := body.Parse(data)
	if err != nil {
		return err
	}
	if most := q.chat.Params.MaxCompletionTokens; most != nil {
		o.Delete("max_tokens")
		o.SetInt("max_completion_tokens", int64(*most))
	}
	if call.Stream {
		o.Set("stream", "true")
		o.Set("stream_options", withUsage(""))
	}
	if call.Target.Provider == plan.Mistral {
		forMistral(o)
	}
	q.chat.RawRequestBody = o.Bytes()
	bf.SetValue(schemas.BifrostContextKeyUseRawRequestBody, true)
	bf.SetValue(schemas.BifrostContextKeyIsResponsesToChatCompletionFallback, true)
	return nil
}
