// Command agentops-mask is the rules engine as a program: for the command line and, over standard input and output, for
// the evaluation runner.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Exit codes are part of the interface.
const (
	exitOK      = 0
	exitProblem = 1 // the answer is no: rules refused, a canary leaked, input unreadable
	exitUsage   = 2 // the command line is wrong
)

const usage = `agentops-mask removes secrets and personal data from text.

Usage:
  agentops-mask text     [--rules FILE | --packs LIST] [--key NAME] [-o text|json]   mask standard input
  agentops-mask serve    [--rules FILE | --packs LIST]                               mask JSON lines, one answer a line
  agentops-mask validate --rules FILE                                                list what is wrong with a rules file
  agentops-mask selftest [--rules FILE | --packs LIST] [-o text|json]                send all canaries through the engine
  agentops-mask list     [-o text|json|markdown]                                     list packs and detectors

Flags:
  --rules FILE    rules file (rules.v1.json); without it the built-in default: the Credentials pack
  --packs LIST    built-in packs, comma separated, or "all"; in place of a rules file
  --key-dir DIR   directory with the hash key, file "current"; without it Hash acts as Redact
  --key NAME      the key the text stands under: "db.password" makes the whole text a secret
  -o FORMAT       output format

Examples:
  echo 'mail jane@example.com' | agentops-mask text --packs all
  agentops-mask text --rules rules.v1.json -o json < prompt.txt
  echo '{"id": 1, "text": "mail jane@example.com"}' | agentops-mask serve --packs Email
  agentops-mask validate --rules rules.v1.json

Exit codes:
  0  done
  1  the rules were refused, a canary leaked, or the input could not be read
  2  the command line is wrong
`

type command func(args options, in io.Reader, out io.Writer) error

var commands = map[string]command{
	"text": maskText, "serve": serve, "validate": validate, "selftest": selftest, "list": list,
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Fprint(out, usage)
		return exitOK
	}
	cmd, ok := commands[args[0]]
	if !ok {
		fmt.Fprintf(errs, "command %q is unknown; see agentops-mask --help\n", args[0])
		return exitUsage
	}
	opts, err := parseOptions(args[0], args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return exitUsage
	}
	if err := cmd(opts, in, out); err != nil {
		fmt.Fprintln(errs, err)
		return exitProblem
	}
	return exitOK
}
