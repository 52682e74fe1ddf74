// Package embed holds the configurations that are part of the program.
package embed

import _ "embed"

// Sidecar is the sidecar's whole configuration.
//
//go:embed sidecar.yaml
var Sidecar string

// Relay is what a relay runs when it has no usable configuration: it takes, counts and stores, and exports to nobody.
//
//go:embed relay.yaml
var Relay string
