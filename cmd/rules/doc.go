// Package rules has tests of the rules in CONTRIBUTING.md that no linter knows: they read the sources of the services.
package rules
