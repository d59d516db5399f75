package main

import (
	_ "embed"
	"fmt"
)

//go:embed completion.bash
var bashCompletion string

//go:embed completion.fish
var fishCompletion string

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script; zsh takes that of bash.
func (c *completionCmd) Run(term terminal) error {
	switch c.Shell {
	case "fish":
		fmt.Fprint(term.out, fishCompletion)
	case "zsh":
		fmt.Fprint(term.out, "autoload -U +X bashcompinit && bashcompinit\n"+bashCompletion)
	default:
		fmt.Fprint(term.out, bashCompletion)
	}
	return nil
}
