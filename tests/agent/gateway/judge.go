// Judges plans with the decoder of the gateway itself: a line "ok <file>" or the problems of each.
package main

import (
	"fmt"
	"os"

	"agentops.dev/dataplane/gateway/plan"
)

func main() {
	code := 0
	for _, file := range os.Args[1:] {
		data, err := os.ReadFile(file)
		if err == nil {
			_, err = plan.Parse(data)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			code = 1
		}
	}
	os.Exit(code)
}
