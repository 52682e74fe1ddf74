package limits

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// words are the constants of a type in this package.
func words(t *testing.T, typed string) (values []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); ok && of.Name == typed {
				for _, v := range spec.Values {
					if literal, ok := v.(*ast.BasicLit); ok {
						value, _ := strconv.Unquote(literal.Value)
						values = append(values, value)
					}
				}
			}
			return true
		})
	}
	return values
}

// Every word that callers, people and dashboards see is explained on the page of the limits.
func TestThePageExplainsEveryWord(t *testing.T) {
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{"Reason", "EventKind", "Action", "Unit", "Mode", "ScopeKind", "WindowKind", "RunState"} {
		found := words(t, typed)
		if len(found) < 2 {
			t.Fatalf("%s has %v", typed, found)
		}
		for _, word := range found {
			if word != "" && !strings.Contains(string(page), "`"+word+"`") && !(typed == "RunState" && strings.Contains(string(page), word)) {
				t.Errorf("docs/limits.md does not explain the %s %s", typed, word)
			}
		}
	}
}
