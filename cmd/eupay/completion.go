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
	script := bashCompletion
	switch c.Shell {
	case "fish":
		script = fishCompletion
	case "zsh":
		script = "autoload -U +X bashcompinit && bashcompinit\n" + bashCompletion
	}
	_, err := fmt.Fprint(term.out, script)
	return err
}
