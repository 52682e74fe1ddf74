package serve

import (
	"math"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
)

// certainty sums up how certain a model was of the tokens of its answer.
type certainty struct {
	sum    float64
	tokens int
}

// add takes the tokens of a choice.
func (s *certainty) add(choice gjson.Result) {
	choice.Get("logprobs.content").ForEach(func(_, token gjson.Result) bool {
		s.sum += token.Get("logprob").Num
		s.tokens++
		return true
	})
}

// addChunk takes those that a part of a stream has of the first answer.
func (s *certainty) addChunk(data []byte) {
	gjson.GetBytes(data, "choices").ForEach(func(_, choice gjson.Result) bool {
		if choice.Get("index").Int() == 0 {
			s.add(choice)
		}
		return true
	})
}

// mean is the mean probability of the tokens; -1 when the answer does not tell.
func (s *certainty) mean() float64 {
	if s.tokens == 0 {
		return -1
	}
	return math.Exp(s.sum / float64(s.tokens))
}

// tellsCertainty says whether answers of the client's interface can say how certain they are.
func (c *call) tellsCertainty() bool { return c.api.Kind() == api.ChatKind }

// wantsCertainty says whether the gateway, and not the client, wants to know how certain an answer is.
func (c *call) wantsCertainty() bool {
	return c.escalates() && c.tellsCertainty() && c.signals(plan.LowConfidence) && !c.body.Get("logprobs").Bool()
}

// judges says whether a target's answer is looked at. The last one's is taken as it is, and it is not asked how certain it
// is either: many a strong model refuses that question.
func (c *call) judges(target string) bool {
	return c.escalates() && slices.Index(c.order, target) < len(c.order)-1
}

// withoutCertainty takes out what the client did not ask for.
func withoutCertainty(data []byte) []byte {
	for i := range len(gjson.GetBytes(data, "choices").Array()) {
		if out, err := sjson.DeleteBytes(data, "choices."+strconv.Itoa(i)+".logprobs"); err == nil {
			data = out
		}
	}
	return data
}
