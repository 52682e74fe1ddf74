package probe

import (
	"encoding/json"
	"fmt"
	"strings"
)

const completion = `{"id":"probe","object":"chat.completion%s","model":"probe","choices":[%s],"usage":%s}`

// whole is an answer of chat completions.
func (m *model) whole() string {
	says := m.says
	if says == nil {
		says = []string{"ok"}
	}
	choices := make([]string, len(says))
	for i, text := range says {
		choices[i] = fmt.Sprintf(`{"index":%d,"finish_reason":"stop","message":{"role":"assistant","content":%s}}`, i, quoted(text))
	}
	return fmt.Sprintf(completion, "", strings.Join(choices, ","), m.usage())
}

// streamed is the same in events; each text comes in two parts, so that what is found lies across them.
func (m *model) streamed() string {
	var out strings.Builder
	event := func(choices string) {
		fmt.Fprintf(&out, "data: "+completion+"\n\n", ".chunk", choices, "null")
	}
	for i, text := range m.says {
		half := []rune(text)
		middle := len(half) / 2
		for _, part := range []string{string(half[:middle]), string(half[middle:])} {
			event(fmt.Sprintf(`{"index":%d,"finish_reason":null,"delta":{"content":%s}}`, i, quoted(part)))
		}
		event(fmt.Sprintf(`{"index":%d,"finish_reason":"stop","delta":{}}`, i))
	}
	fmt.Fprintf(&out, "data: "+completion+"\n\ndata: [DONE]\n\n", ".chunk", "", m.usage())
	return out.String()
}

func (m *model) usage() string {
	return fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}`, m.input, m.output, m.input+m.output)
}

func quoted(text string) string {
	raw, _ := json.Marshal(text) // a string always is JSON
	return string(raw)
}
