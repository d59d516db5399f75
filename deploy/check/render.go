// Package check examines the manifests of deploy: what each overlay renders to must be understood by Kubernetes without a doubt, and keep the
// house's policies. It is a module of its own: nothing that ships needs Kubernetes' code.
package check

import (
	"fmt"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Overlays lists the folders of deploy/k8s/overlays.
func Overlays() []string { return []string{"dev", "staging", "production"} }

// Render returns what `kubectl apply -k` would send for an overlay. root is the folder deploy.
func Render(root, overlay string) (Objects, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, "k8s", "overlays", overlay))
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", overlay, err)
	}
	var all Objects
	for _, r := range resources.Resources() {
		content, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", r.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("render %s: %w", r.CurId(), err)
		}
		all = append(all, object)
	}
	return all, nil
}

// Objects of one overlay.
type Objects []*unstructured.Unstructured

// Find returns the object, or nil.
func (o Objects) Find(kind, name string) *unstructured.Unstructured {
	i := slices.IndexFunc(o, func(u *unstructured.Unstructured) bool { return u.GetKind() == kind && u.GetName() == name })
	if i < 0 {
		return nil
	}
	return o[i]
}

// Copy returns objects that may be changed.
func (o Objects) Copy() Objects {
	all := make(Objects, len(o))
	for i, object := range o {
		all[i] = object.DeepCopy()
	}
	return all
}

// Label names an object for people.
func Label(u *unstructured.Unstructured) string { return u.GetKind() + " " + u.GetName() }
