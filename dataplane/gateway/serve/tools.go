package serve

import (
	"regexp"

	"github.com/tidwall/gjson"
)

// toolFailed says whether one of the newest tool results, which a model's calls of one turn brought, reports an error.
func toolFailed(messages, input gjson.Result) bool {
	list := messages.Array()
	if len(list) == 0 {
		list = input.Array()
	}
	for at := len(list) - 1; at >= 0 && isResult(list[at]); at-- {
		if resultFailed(list[at]) {
			return true
		}
	}
	return false
}

// isResult says whether a message holds results of tools: one in OpenAI's interfaces, all of a turn in Anthropic's.
func isResult(item gjson.Result) bool {
	switch item.Get("type").Str {
	case "function_call_output", "custom_tool_call_output":
		return true
	}
	return item.Get("role").Str == "tool" || item.Get(`content.#(type=="tool_result")`).Exists()
}

func resultFailed(item gjson.Result) bool {
	failed := false
	item.Get("content").ForEach(func(_, block gjson.Result) bool {
		failed = failed || block.Get("type").Str == "tool_result" && block.Get("is_error").Bool()
		return !failed
	})
	return failed || item.Get("role").Str == "tool" && saysError(item.Get("content")) || saysError(item.Get("output"))
}

// saysError looks at a text, or at the parts that it comes in.
func saysError(v gjson.Result) bool {
	if !v.IsArray() {
		return failure.MatchString(v.String())
	}
	said := false
	v.ForEach(func(_, part gjson.Result) bool {
		said = failure.MatchString(part.Get("text").Str)
		return !said
	})
	return said
}

// failure is how tools say that they failed, where the interface has no field for it.
var failure = regexp.MustCompile(`(?i)^\s*(?:\{\s*"(?:error|is_error|isError)"\s*:\s*(?:true|"|\{)|error\b|exception\b|traceback\b)`)
