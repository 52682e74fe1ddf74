package api

import (
	"strings"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// hosted are tools that the provider runs, and bills by use beside the tokens; what follows differs by version.
var hosted = []string{"web_search", "file_search", "code_interpreter", "code_execution", "image_generation", "x_search", "live_search", "browser_search"}

// Beside names the field of a request by which it costs more than its tokens do at the price of its model: a tool that the
// provider runs, or another class of service. It is empty where there is none.
func Beside(o *body.Object) string {
	for _, key := range []string{"web_search_options", "search_parameters", "plugins"} {
		if v := o.Get(key); v.IsObject() || v.IsArray() && v.Raw != "[]" {
			return key
		}
	}
	for _, dear := range [][2]string{{"service_tier", "priority"}, {"speed", "fast"}} {
		if o.Get(dear[0]).Str == dear[1] {
			return dear[0]
		}
	}
	found := ""
	o.Get("tools").ForEach(func(_, tool gjson.Result) bool {
		if isHosted(tool.Get("type").Str) {
			found = "tools"
		}
		return found == ""
	})
	return found
}

func isHosted(kind string) bool {
	for _, name := range hosted {
		if strings.HasPrefix(kind, name) {
			return true
		}
	}
	return false
}
