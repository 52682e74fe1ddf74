package conventions

// Renames maps the names of older and foreign conventions to today's: OpenLLMetry, OpenInference, early gen_ai.
// Values stay what they are; names that need more than a new name are handled by the normalising processor.
var Renames = map[string]string{
	// early gen_ai
	"gen_ai.system":                            ProviderName,
	"gen_ai.usage.prompt_tokens":               InputTokens,
	"gen_ai.usage.completion_tokens":           OutputTokens,
	"gen_ai.usage.cache_read_input_tokens":     "gen_ai.usage.cache_read.input_tokens",
	"gen_ai.usage.cache_creation_input_tokens": "gen_ai.usage.cache_creation.input_tokens",
	"gen_ai.usage.reasoning_tokens":            "gen_ai.usage.reasoning.output_tokens",
	// The name that the conventions are moving to; metrics and price tables read the released one.
	"gen_ai.usage.cache_write.input_tokens": "gen_ai.usage.cache_creation.input_tokens",
	"gen_ai.request.max_output_tokens":      "gen_ai.request.max_tokens",
	"gen_ai.tool.call.input":                "gen_ai.tool.call.arguments",
	"gen_ai.tool.call.output":               "gen_ai.tool.call.result",
	"gen_ai.cost.total_cost":                CostUSD,
	"gen_ai.usage.cost":                     CostUSD,
	"operation.cost":                        CostUSD,
	// OpenLLMetry
	"llm.vendor":                            ProviderName,
	"llm.usage.prompt_tokens":               InputTokens,
	"llm.usage.completion_tokens":           OutputTokens,
	"llm.usage.cache_read_input_tokens":     "gen_ai.usage.cache_read.input_tokens",
	"llm.usage.cache_creation_input_tokens": "gen_ai.usage.cache_creation.input_tokens",
	"llm.usage.reasoning_tokens":            "gen_ai.usage.reasoning.output_tokens",
	"llm.request.model":                     RequestModel,
	"llm.response.model":                    ResponseModel,
	"llm.request.max_tokens":                "gen_ai.request.max_tokens",
	"llm.request.temperature":               "gen_ai.request.temperature",
	"llm.request.top_p":                     "gen_ai.request.top_p",
	"llm.temperature":                       "gen_ai.request.temperature",
	"llm.top_p":                             "gen_ai.request.top_p",
	"llm.top_k":                             "gen_ai.request.top_k",
	"llm.frequency_penalty":                 "gen_ai.request.frequency_penalty",
	"llm.presence_penalty":                  "gen_ai.request.presence_penalty",
	"llm.response.id":                       "gen_ai.response.id",
	"llm.response.finish_reason":            FinishReasons,
	// OpenInference
	"llm.model_name":                                   RequestModel,
	"llm.provider":                                     ProviderName,
	"llm.system":                                       ProviderName,
	"embedding.model_name":                             RequestModel,
	"llm.token_count.prompt":                           InputTokens,
	"llm.token_count.completion":                       OutputTokens,
	"llm.token_count.prompt_details.cache_read":        "gen_ai.usage.cache_read.input_tokens",
	"llm.token_count.prompt_details.cache_write":       "gen_ai.usage.cache_creation.input_tokens",
	"llm.token_count.completion_details.reasoning":     "gen_ai.usage.reasoning.output_tokens",
	"llm.cost.total":                                   CostUSD,
	"tool.name":                                        ToolName,
	"tool.description":                                 "gen_ai.tool.description",
	"tool_call.id":                                     "gen_ai.tool.call.id",
	"session.id":                                       "gen_ai.conversation.id",
	"agent.name":                                       AgentName,
	"llm.token_count.completion_details.audio":         "gen_ai.usage.audio.output_tokens",
	"llm.token_count.prompt_details.audio":             "gen_ai.usage.audio.input_tokens",
	"traceloop.association.properties.session_id":      "gen_ai.conversation.id",
	"traceloop.association.properties.conversation_id": "gen_ai.conversation.id",
	// Vercel AI SDK
	"ai.model.id":               RequestModel,
	"ai.model.provider":         ProviderName,
	"ai.usage.promptTokens":     InputTokens,
	"ai.usage.completionTokens": OutputTokens,
	"ai.usage.inputTokens":      InputTokens,
	"ai.usage.outputTokens":     OutputTokens,
	"ai.toolCall.name":          ToolName,
	"ai.toolCall.id":            "gen_ai.tool.call.id",
	"ai.toolCall.args":          "gen_ai.tool.call.arguments",
	"ai.toolCall.result":        "gen_ai.tool.call.result",
}

// Redundant names repeat what another one says; kept, they would show totals next to parts that already add up.
var Redundant = set("llm.usage.total_tokens", "gen_ai.usage.total_tokens", "llm.token_count.total")

// Providers maps what instrumentations wrote into gen_ai.system to today's provider names.
var Providers = map[string]string{
	"OpenAI": "openai", "Anthropic": "anthropic", "Azure": "azure.ai.openai", "AzureOpenAI": "azure.ai.openai",
	"az.ai.openai": "azure.ai.openai", "azure_openai": "azure.ai.openai", "azure": "azure.ai.openai",
	"az.ai.inference": "azure.ai.inference", "Cohere": "cohere", "MistralAI": "mistral_ai", "mistralai": "mistral_ai",
	"Google": "gcp.gen_ai", "google": "gcp.gen_ai", "gemini": "gcp.gemini", "Gemini": "gcp.gemini",
	"vertex_ai": "gcp.vertex_ai", "VertexAI": "gcp.vertex_ai", "vertexai": "gcp.vertex_ai",
	"AWS": "aws.bedrock", "Bedrock": "aws.bedrock", "bedrock": "aws.bedrock", "aws": "aws.bedrock",
	"Groq": "groq", "xai": "x_ai", "WatsonX": "ibm.watsonx.ai", "Watsonx": "ibm.watsonx.ai",
	"Ollama": "ollama", "DeepSeek": "deepseek", "Perplexity": "perplexity", "Langchain": "langchain",
	"HuggingFace": "hugging_face", "TogetherAI": "together_ai",
}

// Kind maps the values of one attribute that states a span's kind to gen_ai.operation.name.
type Kind struct {
	Key   string
	Names map[string]string
}

// Kinds is in the order in which they count: a span may carry more than one.
var Kinds = []Kind{
	{"llm.request.type", map[string]string{
		"chat": "chat", "completion": "text_completion", "embedding": "embeddings", "rerank": "retrieval",
	}},
	{"traceloop.span.kind", map[string]string{
		"agent": "invoke_agent", "tool": "execute_tool", "workflow": "invoke_workflow",
	}},
	// The Vercel AI SDK states usage twice: on each call, and summed up on the span that holds the calls. Without these
	// names both would be counted.
	{"ai.operationId", map[string]string{
		"ai.generateText": "invoke_agent", "ai.generateText.doGenerate": "chat",
		"ai.streamText": "invoke_agent", "ai.streamText.doStream": "chat",
		"ai.generateObject": "invoke_agent", "ai.generateObject.doGenerate": "chat",
		"ai.streamObject": "invoke_agent", "ai.streamObject.doStream": "chat",
		"ai.embed": "invoke_workflow", "ai.embed.doEmbed": "embeddings",
		"ai.embedMany": "invoke_workflow", "ai.embedMany.doEmbed": "embeddings",
		"ai.toolCall": "execute_tool",
	}},
	{"openinference.span.kind", map[string]string{
		"LLM": "chat", "EMBEDDING": "embeddings", "TOOL": "execute_tool", "AGENT": "invoke_agent",
		"RETRIEVER": "retrieval", "CHAIN": "invoke_workflow",
	}},
}

// Messages lists the prefixes of conventions that number their messages, and where the messages belong today.
var Messages = map[string]string{
	"gen_ai.prompt.":       InputMessages,
	"gen_ai.completion.":   OutputMessages,
	"llm.prompts.":         InputMessages,
	"llm.completions.":     OutputMessages,
	"llm.input_messages.":  InputMessages,
	"llm.output_messages.": OutputMessages,
}
