package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"agentops.dev/dataplane/mask"
	"agentops.dev/dataplane/mask/packs"
)

type options struct {
	rules, packs, keyDir, key, format string
}

var formats = map[string][]string{
	"text": {"text", "json"}, "selftest": {"text", "json"}, "list": {"text", "json", "markdown"},
	"serve": {"json"}, "validate": {"text"},
}

func parseOptions(name string, args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.rules, "rules", "", "")
	flags.StringVar(&o.packs, "packs", "", "")
	flags.StringVar(&o.keyDir, "key-dir", "", "")
	flags.StringVar(&o.key, "key", "", "")
	flags.StringVar(&o.format, "o", formats[name][0], "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("argument %q is not used; text comes from standard input", flags.Arg(0))
	case !slices.Contains(formats[name], o.format):
		return o, fmt.Errorf("-o %q: use one of %s", o.format, strings.Join(formats[name], ", "))
	case o.rules != "" && o.packs != "":
		return o, fmt.Errorf("--rules and --packs: use one of them")
	case name == "validate" && o.rules == "":
		return o, fmt.Errorf("--rules is missing: name the file to validate")
	}
	return o, nil
}

func (o options) engine() (*mask.Engine, error) {
	rules, err := o.load()
	if err != nil {
		return nil, err
	}
	keys := mask.Keys{}
	if o.keyDir != "" {
		if keys, err = mask.LoadKeys(o.keyDir); err != nil {
			return nil, err
		}
	}
	return mask.NewEngine(rules, keys)
}

func (o options) load() (*mask.Rules, error) {
	switch {
	case o.rules != "":
		data, err := os.ReadFile(o.rules)
		if err != nil {
			return nil, err
		}
		return mask.Parse(data)
	case o.packs != "":
		return o.packRules()
	}
	return mask.Default(), nil
}

func (o options) packRules() (*mask.Rules, error) {
	names := strings.Split(o.packs, ",")
	if o.packs == "all" {
		names = packs.Names()
	}
	rules := &mask.Rules{Version: mask.Version, Capture: mask.CaptureMasked}
	for _, name := range names {
		if !slices.Contains(packs.Names(), name) {
			return nil, fmt.Errorf("--packs: %q: use one of %s", name, strings.Join(packs.Names(), ", "))
		}
		rules.Packs = append(rules.Packs, mask.Pack{Name: name, Action: mask.Redact})
	}
	return rules, nil
}
