// Package mask is the one rules engine that removes secrets and personal data from text.
//
// The collector's sidecar, the gateway, the evaluation runner and the command line all use it, so a value that one of
// them masks is masked the same way by all of them.
//
// A text passes four stages, one file each:
//
//	json.go       a text that is JSON is masked leaf by leaf and stays valid JSON
//	view.go       in all other text, escapes that were written out ("\\n") become boundaries
//	prefilter.go  one pass over the bytes finds the few places where a detector could match
//	scan.go       detectors are tried at those places only; matches are settled and replaced
package mask
