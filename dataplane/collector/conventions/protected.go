package conventions

import "strings"

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
	"telemetry.sdk.name",
	"telemetry.sdk.language",
	"telemetry.sdk.version",
	Namespace,
	PodName,
	PodUID,
	"k8s.node.name",
	"k8s.container.name",
	"k8s.deployment.name",
	CostUSD,
)

// IsProtected says whether an attribute must keep its value where that value is a number or an identifier.
func IsProtected(key string) bool { return protected[key] || strings.HasPrefix(key, "gen_ai.usage.") }

// maxIdentifier is longer than any model's or tool's name.
const maxIdentifier = 128

// IsIdentifier says whether a text can be a name that machines gave: a model, a tool, a response id. Anything else under
// a protected key, an address or a bare number for example, meets all rules.
func IsIdentifier(text string) bool {
	letters := false
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letters = true
		case '0' <= c && c <= '9', strings.IndexByte("._:/+-", c) >= 0:
		default:
			return false
		}
	}
	return letters && len(text) <= maxIdentifier
}
