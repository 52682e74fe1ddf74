package conventions

// protected is what metrics, cost and routing read. A rule that takes "1234567890123" for a card would otherwise turn
// a token count into text, and the agent's cost would silently be zero.
var protected = set(
	OperationName,
	ProviderName,
	RequestModel,
	ResponseModel,
	"gen_ai.response.id",
	"gen_ai.response.finish_reasons",
	"gen_ai.response.time_to_first_chunk",
	"gen_ai.request.max_tokens",
	"gen_ai.request.temperature",
	"gen_ai.request.top_p",
	"gen_ai.request.top_k",
	"gen_ai.request.seed",
	"gen_ai.request.choice.count",
	"gen_ai.request.frequency_penalty",
	"gen_ai.request.presence_penalty",
	"gen_ai.request.encoding_formats",
	"gen_ai.output.type",
	"gen_ai.token.type",
	"gen_ai.agent.id",
	AgentName,
	"gen_ai.agent.version",
	ToolName,
	"gen_ai.tool.type",
	"gen_ai.tool.call.id",
	"gen_ai.workflow.name",
	"gen_ai.data_source.id",
	"gen_ai.evaluation.name",
	"gen_ai.evaluation.score.value",
	"gen_ai.evaluation.score.label",
	"error.type",
	"event.name",
	"service.name",
	"service.version",
	"service.namespace",
	"http.response.status_code",
	"http.request.method",
	"server.port",
	CostUSD,
)

var protectedPrefixes = []string{
	"gen_ai.usage.",
	"telemetry.",
	"k8s.",
	"dev.agentops.",
}

// IsProtected says whether an attribute must keep its value: numbers pass untouched, texts meet the Credentials pack only.
func IsProtected(key string) bool {
	return protected[key] || hasPrefix(key, protectedPrefixes)
}
