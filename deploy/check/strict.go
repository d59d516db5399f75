package check

import (
	"context"
	"errors"
	"fmt"

	apiextensionsinternal "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/client-go/kubernetes/scheme"
)

// Decoder understands Kubernetes' own kinds by their types and those of operators by their schemas, and refuses what it does not understand:
// as an API server does that is asked for the field validation "Strict". It does not know what only the server's code checks.
type Decoder struct {
	own     runtime.Decoder
	foreign map[runtimeschema.GroupVersionKind]foreignKind
}

type foreignKind struct {
	structural *schema.Structural
	values     validation.SchemaValidator
	rules      *cel.Validator
}

// NewDecoder returns one for the definitions.
func NewDecoder(definitions []*apiextensions.CustomResourceDefinition) (*Decoder, error) {
	d := &Decoder{
		own:     serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer(),
		foreign: make(map[runtimeschema.GroupVersionKind]foreignKind),
	}
	for _, definition := range definitions {
		for _, version := range definition.Spec.Versions {
			kind, err := newForeignKind(version)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", definition.Name, version.Name, err)
			}
			d.foreign[runtimeschema.GroupVersionKind{Group: definition.Spec.Group, Version: version.Name, Kind: definition.Spec.Names.Kind}] = kind
		}
	}
	return d, nil
}

func newForeignKind(version apiextensions.CustomResourceDefinitionVersion) (foreignKind, error) {
	if version.Schema == nil {
		return foreignKind{}, errors.New("it has no schema")
	}
	internal := &apiextensionsinternal.JSONSchemaProps{}
	if err := apiextensions.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil); err != nil {
		return foreignKind{}, err
	}
	structural, err := schema.NewStructural(internal)
	if err != nil {
		return foreignKind{}, err
	}
	values, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return foreignKind{}, err
	}
	return foreignKind{structural: structural, values: values, rules: cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// Check returns why the object would be refused.
func (d *Decoder) Check(object *unstructured.Unstructured) error {
	if kind, ok := d.foreign[object.GroupVersionKind()]; ok {
		return kind.check(object)
	}
	content, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	_, _, err = d.own.Decode(content, nil, nil)
	return err
}

func (k foreignKind) check(object *unstructured.Unstructured) error {
	content := object.DeepCopy().Object
	unknown := pruning.PruneWithOptions(content, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	var all []error
	for _, path := range unknown {
		all = append(all, fmt.Errorf("unknown field %q", path))
	}
	defaulting.Default(content, k.structural)
	for _, e := range validation.ValidateCustomResource(nil, content, k.values) {
		all = append(all, e)
	}
	if k.rules != nil {
		broken, _ := k.rules.Validate(context.Background(), nil, k.structural, content, nil, celconfig.RuntimeCELCostBudget)
		for _, e := range broken {
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}
