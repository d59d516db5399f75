// Package config reads a service's settings from the environment once, at start, and reports all problems together.
package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load fills cfg, a pointer to a struct with env tags, from the environment. If a variable NAME is not set, the trimmed content
// of the file named by NAME_FILE is used, so that secrets can be mounted.
func Load(cfg any) error {
	vars, err := Environment()
	if err != nil {
		return err
	}
	return Parse(cfg, vars)
}

// Environment returns the variables that Load reads, including the content of mounted files.
func Environment() (map[string]string, error) { return environment(os.Environ(), os.ReadFile) }

// Parse fills cfg from vars. If cfg has a Validate method, Parse calls it last.
func Parse(cfg any, vars map[string]string) error {
	if err := env.ParseWithOptions(cfg, env.Options{Environment: vars}); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	if v, ok := cfg.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("check settings: %w", err)
		}
	}
	return nil
}

func environment(list []string, readFile func(string) ([]byte, error)) (map[string]string, error) {
	vars := make(map[string]string, len(list))
	for _, kv := range list {
		name, value, _ := strings.Cut(kv, "=")
		vars[name] = value
	}
	for name, path := range vars {
		target, isFile := strings.CutSuffix(name, "_FILE")
		if _, set := vars[target]; !isFile || set || !strings.HasPrefix(target, "EUPAY_") && target != "OTEL_EXPORTER_OTLP_HEADERS" {
			continue
		}
		content, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the file that %s names: %w", name, err)
		}
		vars[target] = strings.TrimSpace(string(content))
	}
	return vars, nil
}
