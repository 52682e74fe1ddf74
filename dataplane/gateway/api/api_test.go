package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

func object(t *testing.T, text string) *body.Object {
	t.Helper()
	o, err := body.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// What a model reads is estimated by what the interfaces call it: a picture by the piece whether its bytes or its address come,
// sounds and documents by their length, and a text by its length though it looks like bytes.
func TestInputIsEstimatedByWhatItIs(t *testing.T) {
	bytes := strings.Repeat("QUJD", 100_000)
	for name, tc := range map[string]struct {
		part        string
		least, most int64
	}{
		"a text":                   {`{"type":"text","text":"` + strings.Repeat("word ", 400) + `"}`, 500, 600},
		"a text that looks packed": {`{"role":"user","content":"` + bytes + `"}`, 100_000, 101_000},
		"a data URL in a text":     {`{"role":"user","content":"data:image/png;base64,` + bytes + `"}`, 100_000, 101_000},
		"a picture":                {`{"type":"image_url","image_url":{"url":"data:image/png;base64,` + bytes + `"}}`, 1600, 1700},
		"a picture's address":      {`{"type":"image_url","image_url":{"url":"https://x/y.png"}}`, 1600, 1700},
		"a picture for responses":  {`{"type":"input_image","image_url":"https://x/y.png"}`, 1600, 1700},
		"a picture for messages":   {`{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + bytes + `"}}`, 1600, 1700},
		"a picture of a tool":      {`{"type":"tool_result","content":[{"type":"image","source":{"type":"url","url":"https://x"}}]}`, 1600, 1700},
		"a sound":                  {`{"type":"input_audio","input_audio":{"data":"` + bytes + `","format":"mp3"}}`, 1600, 1700},
		"a long sound":             {`{"type":"input_audio","input_audio":{"data":"` + strings.Repeat(bytes, 5) + `"}}`, 7_800, 7_900},
		"a document":               {`{"type":"document","source":{"type":"base64","data":"` + bytes + `"}}`, 12_500, 12_600},
		"a document's address":     {`{"type":"input_file","file_url":"https://x/y.pdf"}`, 16_000, 16_100},
		"a document of text":       {`{"type":"document","source":{"type":"text","data":"` + bytes + `"}}`, 100_000, 100_100},
		"words beside a picture":   {`{"type":"image_url","image_url":{"url":"https://x"},"text":"` + bytes + `"}`, 101_600, 101_700},
	} {
		if got := InputTokens("[" + tc.part + "]"); got < tc.least || got > tc.most {
			t.Errorf("%s: got %d, want %d to %d", name, got, tc.least, tc.most)
		}
	}
}

// All answers that a call makes a provider write are reserved.
func TestAnswersOfACall(t *testing.T) {
	for text, want := range map[string][2]int64{
		`{}`: {0, 1}, `{"n":3}`: {0, 3}, `{"n":2,"best_of":5,"max_tokens":7}`: {7, 5}, `{"n":null,"max_tokens":7,"max_completion_tokens":9}`: {9, 1},
	} {
		if most, answers := (Chat{}).Asked(object(t, text)); most != want[0] || answers != want[1] {
			t.Errorf("%s: got %d, %d", text, most, answers)
		}
	}
	for _, text := range []string{`{"messages":[1],"best_of":-1}`, `{"messages":[1],"n":1e9}`, `{"messages":[1],"n":0}`, `{"messages":[1],"n":1.5}`} {
		if (Chat{}).Check(object(t, text)) == nil {
			t.Errorf("%s is let through", text)
		}
	}
	if most, answers := (Embeddings{}).Asked(object(t, `{"n":9}`)); most != 0 || answers != 0 {
		t.Errorf("embeddings write %d times %d tokens", answers, most)
	}
}

// A stream of several answers is whole when each of them has ended.
func TestAStreamOfSeveralAnswers(t *testing.T) {
	part := func(index int, finish string) Event {
		return Event{Data: fmt.Appendf(nil, `{"choices":[{"index":%d,"delta":{"content":"x"},"finish_reason":%s}]}`, index, finish)}
	}
	r := Chat{}.NewReader(object(t, `{"n":2}`))
	if r.Complete() {
		t.Error("a stream that has not begun is whole")
	}
	for _, e := range []Event{part(0, "null"), part(1, "null"), part(0, `"stop"`)} {
		r.Read(e)
	}
	if done := r.Read(Event{Data: []byte("[DONE]")}); r.Complete() || done.Failed == "" {
		t.Error("it is whole while an answer is open")
	}
	r.Read(part(1, `"length"`))
	if done := r.Read(Event{Data: []byte("[DONE]")}); !r.Complete() || !done.Last {
		t.Error("it is not whole")
	}
}

// Each interface has words of its own for what was used; cached and thought tokens are within the sums.
func TestUsageInEachInterfacesWords(t *testing.T) {
	read := func(r Reader, events ...string) Usage {
		for _, e := range events {
			r.Read(Event{Data: []byte(e)})
		}
		return r.Usage()
	}
	for name, tc := range map[string]struct{ got, want Usage }{
		"chat": {read(Chat{}.NewReader(object(t, `{}`)), `{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}}`),
			Usage{Input: 10, CachedInput: 4, Output: 7, Reasoning: 5, Known: true}},
		"responses": {read(Responses{}.NewReader(nil), `{"type":"response.completed","response":{"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":5}}}}`),
			Usage{Input: 10, CachedInput: 4, Output: 7, Reasoning: 5, Known: true}},
		"responses that failed": {read(Responses{}.NewReader(nil), `{"type":"response.failed","response":{"error":{"message":"x"},"usage":{"input_tokens":10,"output_tokens":7}}}`),
			Usage{Input: 10, Output: 7, Known: true}},
		"messages": {read(Messages{}.NewReader(nil), `{"type":"message_start","message":{"usage":{"input_tokens":2,"cache_read_input_tokens":4,"cache_creation_input_tokens":3,"output_tokens":1}}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}`),
			Usage{Input: 9, CachedInput: 4, CacheWrite: 3, Output: 7, Known: true}},
		"messages that were cut": {read(Messages{}.NewReader(nil), `{"type":"message_start","message":{"usage":{"input_tokens":2,"output_tokens":1}}}`), Usage{Input: 2}},
		"more thought than said": {openAIUsage(parse(`{"prompt_tokens":1,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":9}}`)), Usage{}},
		"more cached than read":  {openAIUsage(parse(`{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":9}}`)), Usage{}},
		"less than nothing":      {openAIUsage(parse(`{"prompt_tokens":-1,"completion_tokens":2}`)), Usage{}},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %+v, want %+v", name, tc.got, tc.want)
		}
	}
}

func parse(text string) gjson.Result { return gjson.Parse(text) }
