package api

import (
	"encoding/json"
	"testing"
)

// Some servers leave out the number of the only choice, or of the only tool call. What is said again in their place is JSON all
// the same.
func TestAChunkWithoutNumbersIsSaidAgain(t *testing.T) {
	for _, data := range []string{
		`{"id":"c","choices":[{"delta":{"content":"text"}}]}`,
		`{"id":"c","choices":[{"delta":{"tool_calls":[{"function":{"arguments":"text"}}]}}]}`,
		`{"id":"c","choices":[{"index":"a/b","delta":{"content":"text"}}]}`,
	} {
		e := Event{Data: []byte(data)}
		step := (&chatReader{}).Read(e)
		if len(step.Pieces) != 1 {
			t.Fatalf("%s: %d pieces", data, len(step.Pieces))
		}
		if again := (Chat{}).Restate(e, step.Pieces[0], "rest"); !json.Valid(again.Data) {
			t.Errorf("%s became %s", data, again.Data)
		}
	}
}
