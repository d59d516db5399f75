package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"european-pay.eu/eupay/cmd/internal/completion"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script.
func (c *completionCmd) Run(program *kong.Kong, term terminal) error {
	var events []string
	for _, w := range ways {
		events = append(events, w.event)
	}
	_, err := fmt.Fprint(term.out, completion.Script(c.Shell, program.Model, map[string][]string{"trigger": events}))
	return err
}
