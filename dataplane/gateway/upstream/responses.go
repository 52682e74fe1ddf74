package upstream

import "github.com/maximhq/bifrost/core/schemas"

// fill writes what clients of OpenAI's responses rely on and the library leaves out where another interface stands behind
// it: the object's name, its status, and lists that are there though they are empty.
func fill(r *schemas.BifrostResponsesResponse) {
	r.Object = "response"
	if r.Output == nil {
		r.Output = []schemas.ResponsesMessage{}
	}
	if r.Tools == nil {
		r.Tools = []schemas.ResponsesTool{}
	}
}

// end says how a response ended.
func end(r *schemas.BifrostResponsesResponse) {
	if r.Status == nil {
		status := "completed"
		if r.IncompleteDetails != nil || cutShort(r.StopReason) {
			status = "incomplete"
		}
		r.Status = &status
	}
	if *r.Status == "incomplete" && r.IncompleteDetails == nil {
		r.IncompleteDetails = &schemas.ResponsesResponseIncompleteDetails{Reason: "max_output_tokens"}
	}
}

func cutShort(reason *string) bool {
	return reason != nil && (*reason == "length" || *reason == "max_tokens")
}

// items collects the parts of a streamed answer, of which its last event repeats all.
type items []schemas.ResponsesMessage

// fill completes an event that bears the response.
func (i *items) fill(e *schemas.BifrostResponsesStreamResponse) {
	if e.Type == schemas.ResponsesStreamResponseTypeOutputItemDone && e.Item != nil {
		*i = append(*i, *e.Item)
	}
	r := e.Response
	if r == nil {
		return
	}
	switch e.Type {
	case schemas.ResponsesStreamResponseTypeCompleted, schemas.ResponsesStreamResponseTypeIncomplete:
		if len(r.Output) == 0 {
			r.Output = *i
		}
		end(r)
		if *r.Status == "incomplete" {
			e.Type = schemas.ResponsesStreamResponseTypeIncomplete
		}
	case schemas.ResponsesStreamResponseTypeCreated, schemas.ResponsesStreamResponseTypeInProgress:
		if r.Status == nil {
			status := "in_progress"
			r.Status = &status
		}
	}
	fill(r)
}

// refused are words of other interfaces for an answer that a provider's safety system ended; OpenAI's clients know one.
var refusedEnds = map[string]bool{"refusal": true, "guardrail_intervened": true, "content_filtered": true, "safety": true}

// finishes puts the ends of answers into words of OpenAI's.
func finishes(r *schemas.BifrostChatResponse) {
	for i := range r.Choices {
		if reason := r.Choices[i].FinishReason; reason != nil && refusedEnds[*reason] {
			word := "content_filter"
			r.Choices[i].FinishReason = &word
		}
	}
}
