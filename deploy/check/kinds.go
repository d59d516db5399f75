package check

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

//go:embed kinds.json
var kinds []byte

// Operator is a program of the cluster that brings kinds of objects with it, and the files of its module that define those that we use.
type Operator struct {
	Module, Version, Sum string
	Files                []string
}

// Operators returns those of kinds.json.
func Operators() ([]Operator, error) {
	var all []Operator
	decoder := json.NewDecoder(bytes.NewReader(kinds))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("kinds.json: %w", err)
	}
	return all, nil
}

// Definitions reads the operator's definitions from its module, which Go's client downloads once and compares with the sum.
func (o Operator) Definitions(ctx context.Context) ([]*apiextensions.CustomResourceDefinition, error) {
	dir, err := o.download(ctx)
	if err != nil {
		return nil, err
	}
	var all []*apiextensions.CustomResourceDefinition
	for _, name := range o.Files {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		definition := &apiextensions.CustomResourceDefinition{}
		if err := yaml.Unmarshal(content, definition); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, o.Module, err)
		}
		all = append(all, definition)
	}
	return all, nil
}

func (o Operator) download(ctx context.Context) (dir string, err error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", o.Module+"@"+o.Version)
	command.Dir = os.TempDir() // a module that only gives files away has no place in our go.mod
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	answer, err := command.Output()
	var got struct{ Dir, Sum, Error string }
	if decoded := json.Unmarshal(answer, &got); err != nil || decoded != nil {
		return "", fmt.Errorf("download %s@%s: %v %s", o.Module, o.Version, err, got.Error)
	}
	if got.Sum != o.Sum {
		return "", fmt.Errorf("%s@%s has the sum %s, and %s in kinds.json", o.Module, o.Version, got.Sum, o.Sum)
	}
	return got.Dir, nil
}

// Definitions returns those of all operators.
func Definitions(ctx context.Context) ([]*apiextensions.CustomResourceDefinition, error) {
	operators, err := Operators()
	if err != nil {
		return nil, err
	}
	var all []*apiextensions.CustomResourceDefinition
	for _, o := range operators {
		definitions, err := o.Definitions(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, definitions...)
	}
	return all, nil
}
