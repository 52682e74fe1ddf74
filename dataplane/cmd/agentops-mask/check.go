package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"agentops.dev/dataplane/mask"
)

// validate lists one problem a line. Rules that parse but do not find their own canary are a problem too.
func validate(o options, _ io.Reader, out io.Writer) error {
	data, err := os.ReadFile(o.rules)
	if err != nil {
		return err
	}
	rules, err := mask.Parse(data)
	if err != nil {
		return err
	}
	e, err := mask.NewEngine(rules, mask.Keys{})
	if err != nil {
		return err
	}
	if _, leaked := e.SelfTest(); len(leaked) > 0 {
		return leaks(leaked)
	}
	_, err = fmt.Fprintf(out, "valid: %s\n", rules.Digest())
	return err
}

func selftest(o options, _ io.Reader, out io.Writer) error {
	e, err := o.engine()
	if err != nil {
		return err
	}
	checked, leaked := e.SelfTest()
	if o.format == "json" {
		names := []string{}
		for _, canary := range leaked {
			names = append(names, canary.Detector)
		}
		err = writeJSON(out, map[string]any{"digest": e.Rules().Digest(), "checked": checked, "leaked": names})
	} else {
		_, err = fmt.Fprintf(out, "%d canaries, %d leaked\n", checked, len(leaked))
	}
	if err == nil && len(leaked) > 0 {
		return leaks(leaked)
	}
	return err
}

func leaks(leaked []mask.Canary) error {
	var lines []string
	for _, canary := range leaked {
		lines = append(lines, fmt.Sprintf("rules[%s].canary: %q: it comes out unmasked; mend regex, literals or canary",
			canary.Detector, canary.Text))
	}
	return errors.New(strings.Join(lines, "\n"))
}
