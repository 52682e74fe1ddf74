package serve

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func isModels(path string) bool {
	_, ok := modelOf(path)
	return ok
}

// modelOf is the alias in the path of a model, "" in that of the list.
func modelOf(path string) (string, bool) {
	for _, prefix := range []string{"/openai", "/anthropic", ""} {
		rest, ok := strings.CutPrefix(path, prefix+"/v1/models")
		if ok && (rest == "" || rest[0] == '/') {
			return strings.TrimPrefix(rest, "/"), true
		}
	}
	return "", false
}

type model struct {
	ID string `json:"id"`
	// Object, Created and OwnedBy are OpenAI's.
	Object  string `json:"object,omitempty"`
	Created *int64 `json:"created,omitempty"`
	OwnedBy string `json:"owned_by,omitempty"`
	// Type, DisplayName and CreatedAt are Anthropic's.
	Type        string `json:"type,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	CreatedAt   string `json:"created_at,omitempty"`
}

// models lists the aliases of the agent: what it may call, not what there is.
func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	a := speaker(r)
	c, refused := s.admit(r)
	if refused != nil {
		refused.write(w, a)
		return
	}
	one, _ := modelOf(r.URL.Path)
	if one != "" && !slices.Contains(c.agent.Aliases, one) {
		unknownModel(one, c.agent.Aliases).write(w, a)
		return
	}
	anthropic := a.Kind() == "messages"
	var answer any = describe(one, anthropic)
	if one == "" {
		list := make([]model, len(c.agent.Aliases))
		for i, alias := range c.agent.Aliases {
			list[i] = describe(alias, anthropic)
		}
		answer = listOf(list, anthropic)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func describe(alias string, anthropic bool) model {
	if anthropic {
		return model{ID: alias, Type: "model", DisplayName: alias, CreatedAt: "1970-01-01T00:00:00Z"}
	}
	return model{ID: alias, Object: "model", Created: new(int64), OwnedBy: "agentops"}
}

func listOf(list []model, anthropic bool) any {
	if !anthropic {
		return map[string]any{"object": "list", "data": list}
	}
	first, last := "", ""
	if len(list) > 0 {
		first, last = list[0].ID, list[len(list)-1].ID
	}
	return map[string]any{"data": list, "has_more": false, "first_id": first, "last_id": last}
}

func unknownModel(alias string, known []string) *refusal {
	return policy(http.StatusNotFound, "model_not_found", "model", "there is no model %.128q for this agent; there are: %s", alias, strings.Join(known, ", "))
}
