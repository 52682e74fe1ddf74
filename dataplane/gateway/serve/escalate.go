package serve

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

// search finds an answer that is good enough.
func (c *call) search() (string, *upstream.Answer, *upstream.Failure) {
	if !c.escalates() {
		return c.router().Run(c.r.Context(), c.route, c.order, c.askTarget)
	}
	return c.cheapFirst()
}

// cheapFirst asks cheap targets first and goes on while a signal says that an answer is not good enough. The last answer
// stands when nobody gives a better one.
func (c *call) cheapFirst() (target string, best *upstream.Answer, failure *upstream.Failure) {
	order := c.order
	if len(order) > 1 && slices.Contains(c.route.Escalation.On, plan.ToolError) && toolFailed(c.body.Get("messages"), c.body.Get("input")) {
		order, c.report.Escalated = order[1:], true
	}
	for {
		found, got, failed := c.router().Run(c.r.Context(), c.route, order, c.askTarget)
		if failed != nil && best != nil {
			return target, best, nil
		}
		at := slices.Index(order, found)
		if failed != nil || at == len(order)-1 {
			c.dismiss(target, best)
			return found, got, failed
		}
		enough := c.goodEnough(got)
		c.dismiss(target, best)
		if enough {
			return found, got, nil
		}
		target, best, order, c.report.Escalated = found, got, order[at+1:], true
	}
}

// dismiss pays for an answer that nobody will see.
func (c *call) dismiss(target string, a *upstream.Answer) {
	if a == nil {
		return
	}
	if b, ok := a.Events.(*begun); ok {
		c.spent(target, b.reader.Usage(), b.reader.Written())
		b.Close()
		return
	}
	answer := gjson.ParseBytes(a.Body)
	c.spent(target, c.api.Usage(answer), api.Tokens(c.api.Written(answer)))
}

// goodEnough judges an answer. A stream is held back until it is whole.
func (c *call) goodEnough(a *upstream.Answer) bool {
	text, tools, confidence := "", []string(nil), -1.0
	if b, ok := a.Events.(*begun); ok {
		if text, ok = b.whole(); !ok {
			return false
		}
	} else {
		answer := gjson.ParseBytes(a.Body)
		text, tools, confidence = c.api.Written(answer), arguments(answer), certainty(answer)
		if len(tools) > 0 {
			text = answer.Get("choices.0.message.content").String()
		}
	}
	for _, signal := range c.route.Escalation.On {
		switch signal {
		case plan.SchemaInvalid:
			if !c.fits(text, tools) {
				return false
			}
		case plan.LowConfidence:
			// An answer that does not tell how certain it is cannot be judged, so it is not taken.
			if confidence*100 < float64(c.route.Escalation.MinConfidencePercent) {
				return false
			}
		case plan.JudgeRule:
			if slices.ContainsFunc(c.route.Escalation.Judge, func(p string) bool { return pattern(p).MatchString(text) }) {
				return false
			}
		}
	}
	return true
}

// whole reads a stream to its end and keeps it; it fails when the stream broke.
func (b *begun) whole() (string, bool) {
	var text strings.Builder
	all := []read{}
	for {
		r, err := b.next()
		if err != nil || r.step.Failed != "" {
			b.ready = all
			return text.String(), err != nil && b.reader.Complete()
		}
		all = append(all, r)
		if !b.hold(r.event) {
			b.ready = all
			return text.String(), false
		}
		for _, p := range r.step.Pieces {
			text.WriteString(p.Text)
		}
		if r.step.Last {
			b.ready = all
			return text.String(), true
		}
	}
}

// fits says whether the answer has the form that the request asked for.
func (c *call) fits(text string, tools []string) bool {
	for _, args := range tools {
		if !gjson.Valid(args) {
			return false
		}
	}
	format := c.body.Get("response_format")
	if !format.Exists() {
		format = c.body.Get("text").Get("format")
	}
	kind := format.Get("type").Str
	if len(tools) > 0 || kind != "json_object" && kind != "json_schema" {
		return true
	}
	if !gjson.Valid(text) {
		return false
	}
	schema := format.Get("json_schema.schema")
	if !schema.Exists() {
		schema = format.Get("schema")
	}
	return matches(gjson.Parse(text), schema, 0)
}

// arguments of tool calls in an answer.
func arguments(answer gjson.Result) []string {
	out := []string{}
	for _, call := range answer.Get("choices.0.message.tool_calls").Array() {
		out = append(out, call.Get("function.arguments").Str)
	}
	for _, item := range answer.Get("output").Array() {
		if item.Get("type").Str == "function_call" {
			out = append(out, item.Get("arguments").Str)
		}
	}
	return out
}

// certainty is the mean probability of the answer's tokens; -1 when it does not tell.
func certainty(answer gjson.Result) float64 {
	tokens := answer.Get("choices.0.logprobs.content").Array()
	if len(tokens) == 0 {
		return -1
	}
	sum := 0.0
	for _, t := range tokens {
		sum += t.Get("logprob").Num
	}
	return math.Exp(sum / float64(len(tokens)))
}

// wantsCertainty says whether the gateway, and not the client, wants to know how certain an answer is.
func (c *call) wantsCertainty() bool {
	return c.escalates() && c.api.Kind() == api.ChatKind && !c.stream && slices.Contains(c.route.Escalation.On, plan.LowConfidence) &&
		!c.body.Get("logprobs").Bool()
}

// withoutCertainty takes out what the client did not ask for.
func withoutCertainty(data []byte, choices int) []byte {
	for i := range choices {
		if out, err := sjson.DeleteBytes(data, "choices."+strconv.Itoa(i)+".logprobs"); err == nil {
			data = out
		}
	}
	return data
}

// toolFailed says whether the newest tool result reports an error.
func toolFailed(messages, input gjson.Result) bool {
	list := messages.Array()
	if len(list) == 0 {
		list = input.Array()
	}
	if len(list) == 0 {
		return false
	}
	last := list[len(list)-1]
	failed := last.Get("role").Str == "tool" && failure.MatchString(last.Get("content").String()) ||
		last.Get("type").Str == "function_call_output" && failure.MatchString(last.Get("output").String())
	for _, block := range last.Get("content").Array() {
		failed = failed || block.Get("type").Str == "tool_result" && block.Get("is_error").Bool()
	}
	return failed
}

// failure is how tools say that they failed, where the interface has no field for it.
var failure = regexp.MustCompile(`(?i)^\s*(?:\{\s*"(?:error|is_error|isError)"\s*:\s*(?:true|"|\{)|error\b|exception\b|traceback\b)`)
