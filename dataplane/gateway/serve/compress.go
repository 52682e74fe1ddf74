package serve

import (
	"regexp"
	"strings"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

var (
	blanks = regexp.MustCompile(`[ \t]{2,}`)
	empty  = regexp.MustCompile(`\n[ \t]*\n(?:[ \t]*\n)+`)
	tails  = regexp.MustCompile(`[ \t]+\n`)
)

// compress folds blanks in the texts of messages, outside of code, and returns how many bytes that saved.
func compress(o *body.Object, keys []string) int {
	before, after := 0, 0
	for _, key := range keys {
		if key != "messages" && key != "input" && key != "system" && key != "instructions" {
			continue
		}
		raw := o.Raw(key)
		if raw == "" {
			continue
		}
		folded := foldValue(gjson.Parse(raw), "")
		before, after = before+len(raw), after+len(folded)
		o.Set(key, folded)
	}
	return before - after
}

// foldValue rewrites strings that hold prose: "content", "text", or a whole field.
func foldValue(v gjson.Result, key string) string {
	switch {
	case v.Type == gjson.String:
		if key != "" && key != "content" && key != "text" {
			return v.Raw
		}
		if text := fold(v.Str); text != v.Str {
			return string(gjson.AppendJSONString(nil, text))
		}
		return v.Raw
	case v.IsArray():
		parts := []string{}
		v.ForEach(func(_, item gjson.Result) bool {
			parts = append(parts, foldValue(item, "-"))
			return true
		})
		return "[" + strings.Join(parts, ",") + "]"
	case v.IsObject():
		parts := []string{}
		v.ForEach(func(name, item gjson.Result) bool {
			parts = append(parts, name.Raw+":"+foldValue(item, name.Str))
			return true
		})
		return "{" + strings.Join(parts, ",") + "}"
	}
	return v.Raw
}

// fold leaves code as it is: there a blank may mean something.
func fold(text string) string {
	if !strings.Contains(text, "  ") && !strings.Contains(text, "\n\n\n") && !strings.Contains(text, "\t") && !strings.Contains(text, " \n") {
		return text
	}
	parts := strings.Split(text, "```")
	for i := 0; i < len(parts); i += 2 {
		lines := tails.ReplaceAllString(parts[i], "\n")
		lines = empty.ReplaceAllString(lines, "\n\n")
		parts[i] = foldLines(lines)
	}
	return strings.Join(parts, "```")
}

// foldLines keeps what a line begins with: lists and quoted code are indented.
func foldLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, " \t")
		if len(line)-len(body) >= 4 || strings.HasPrefix(body, "|") {
			continue // indented code, or a table
		}
		lines[i] = line[:len(line)-len(body)] + blanks.ReplaceAllString(body, " ")
	}
	return strings.Join(lines, "\n")
}
