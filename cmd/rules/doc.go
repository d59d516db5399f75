// Package rules tests the rules in CONTRIBUTING.md that no linter checks: it reads the sources of the services.
package rules
