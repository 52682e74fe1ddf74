package main

import (
	"fmt"
	"io"
	"strings"

	"agentops.dev/dataplane/mask/packs"
)

type listedPack struct {
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Detectors   []listedDetector `json:"detectors"`
}

type listedDetector struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	Description string `json:"description"`
	Check       string `json:"check,omitempty"`
	Example     string `json:"example"`
}

func listed() []listedPack {
	var out []listedPack
	for _, pack := range packs.All() {
		p := listedPack{Name: pack.Name, Description: pack.Description}
		for _, d := range pack.Detectors {
			p.Detectors = append(p.Detectors, listedDetector{
				Name: packs.Kebab(pack.Name) + "." + d.Name, Label: d.LabelOrName(), Description: d.Description,
				Check: d.Check, Example: d.Canaries[0].Text,
			})
		}
		out = append(out, p)
	}
	return out
}

func list(o options, _ io.Reader, out io.Writer) error {
	switch o.format {
	case "json":
		return writeJSON(out, listed())
	case "markdown":
		return listMarkdown(out)
	}
	for _, pack := range listed() {
		for _, d := range pack.Detectors {
			if _, err := fmt.Fprintf(out, "%-14s %-38s %s\n", pack.Name, d.Name, d.Description); err != nil {
				return err
			}
		}
	}
	return nil
}

func listMarkdown(out io.Writer) error {
	var b strings.Builder
	for _, pack := range listed() {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| detector | placeholder | finds |\n|---|---|---|\n", pack.Name, pack.Description)
		for _, d := range pack.Detectors {
			fmt.Fprintf(&b, "| `%s` | `[%s]` | %s |\n", d.Name, d.Label, strings.ReplaceAll(d.Description, "|", "\\|"))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(out, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}
