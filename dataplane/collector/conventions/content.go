// Package conventions holds the attribute names of the GenAI semantic conventions and of the instrumentations that
// came before them. The conventions are still being renamed: every name the data plane acts on stands here, once.
package conventions

import "strings"

// content is what a prompt, a completion, a tool call or a retrieved document is stored under. A name that is missing
// here lets prompts leave a pod whose policy says "capture: None".
var content = set(
	"gen_ai.input.messages",
	"gen_ai.output.messages",
	"gen_ai.system_instructions",
	"gen_ai.tool.definitions",
	"gen_ai.tool.call.arguments",
	"gen_ai.tool.call.result",
	"gen_ai.tool.message",
	"gen_ai.retrieval.query.text",
	"gen_ai.retrieval.documents",
	"gen_ai.evaluation.explanation",
	"gen_ai.prompt",
	"gen_ai.completion",
	"gen_ai.content",
	"gen_ai.input",
	"gen_ai.output",
	"gen_ai.request.instructions",
	"gen_ai.event.content",
	"gen_ai.content.revised_prompt",
	"gen_ai.agent.actual_output",
	"gen_ai.agent.human_input",
	// OpenLLMetry
	"traceloop.entity.input",
	"traceloop.entity.output",
	"llm.prompts",
	"llm.completions",
	"crewai.crew.result",
	"crewai.crew.tasks_output",
	"mcp.request.argument",
	"mcp.response.value",
	// OpenInference
	"input.value",
	"output.value",
	"llm.invocation_parameters",
	"llm.function_call",
	"llm.tools",
	"tool.parameters",
	"tool.json_schema",
	"tool_call.function.arguments",
	"message.content",
	"document.content",
	"embedding.text",
	// other frameworks
	"ai.prompt",
	"ai.prompt.messages",
	"ai.prompt.tools",
	"ai.response.text",
	"ai.response.object",
	"ai.response.toolCalls",
	"ai.response.reasoning",
	"ai.response.files",
	"ai.toolCall.args",
	"ai.toolCall.result",
	"ai.value",
	"ai.values",
	"ai.documents",
	"ai.schema",
	"haystack.component.input",
	"haystack.component.output",
	"haystack.pipeline.input_data",
	"haystack.pipeline.output_data",
	"system_prompt",
	"all_messages_events",
	"events",
	"final_result",
	"pydantic_ai.all_messages",
	"model_request_parameters",
	"inputs",
	"embeddings",
	"tool_arguments",
	"tool_response",
	"request_data",
	"response_data",
	"langfuse.observation.input",
	"langfuse.observation.output",
	"langfuse.trace.input",
	"langfuse.trace.output",
	"mlflow.spanInputs",
	"mlflow.spanOutputs",
	"gcp.vertex.agent.llm_request",
	"gcp.vertex.agent.llm_response",
	"gcp.vertex.agent.tool_call_args",
	"gcp.vertex.agent.tool_response",
	"gcp.vertex.agent.data",
)

// contentPrefixes cover conventions that number their messages: gen_ai.prompt.0.content.
var contentPrefixes = []string{
	"gen_ai.prompt.",
	"gen_ai.completion.",
	"gen_ai.memory.",
	"llm.input_messages.",
	"llm.output_messages.",
	"llm.prompts.",
	"llm.completions.",
	"llm.choices.",
	"llm.tools.",
	"llm.prompt_template.",
	"llm.request.functions.",
	"retrieval.documents.",
	"reranker.",
	"embedding.embeddings.",
	"db.query.result.",
	"ai.prompt.",
}

// IsContent says whether an attribute holds content, which the capture setting removes, masks or keeps.
func IsContent(key string) bool {
	return content[key] || hasPrefix(key, contentPrefixes)
}

// IsContentEvent says whether an event's body holds content: the older conventions put each message into a log body.
func IsContentEvent(name string) bool { return strings.HasPrefix(name, "gen_ai.") }

// eventNames are what the event of a message says about it without being the message.
var eventNames = set("role", "id", "index", "name", "type", "finish_reason")

// IsEventContent is IsContent for the attributes of such an event. There, names without a namespace hold the message:
// Strands, for one, writes `content`, `message` and `tool.result`.
func IsEventContent(key string) bool {
	return IsContent(key) || key == "tool.result" || !strings.Contains(key, ".") && !eventNames[key]
}

func hasPrefix(key string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

func set(keys ...string) map[string]bool {
	m := make(map[string]bool, len(keys))
	for _, k := range keys {
		m[k] = true
	}
	return m
}
