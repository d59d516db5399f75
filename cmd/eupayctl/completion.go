package main

import (
	"fmt"

	"european-pay.eu/eupay/cmd/internal/completion"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown under the summary.
func (*completionCommand) Help() string {
	return `bash: source <(eupayctl completion bash); zsh: source <(eupayctl completion zsh); fish: eupayctl completion fish | source.`
}

// Run writes the script.
func (c *completionCommand) Run(t *tool) error {
	_, err := fmt.Fprint(t.out, completion.Script(c.Shell, t.model, nil))
	return err
}
