package eupay

import (
	"context"
	"net/http"
	"time"
)

// OptionGroup is a choice that guests make of a product, such as its size or what is added. One group may belong to many products.
type OptionGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// How many options a guest must and may choose.
	MinChoices int       `json:"min_choices"`
	MaxChoices int       `json:"max_choices"`
	Options    []Option  `json:"options"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
}

// Option is one of a group.
type Option struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Added to the product's price, in euros with VAT at the product's rate.
	Price Amount `json:"price"`
	// Chosen when the menu opens.
	IsDefault bool `json:"is_default"`
	// False: sold out.
	IsAvailable bool `json:"is_available"`
	// Names by language.
	Translations map[string]Translation `json:"translations"`
}

// OptionGroupParams is a group to add, or what one becomes.
type OptionGroupParams struct {
	Name       string `json:"name"`
	MinChoices int    `json:"min_choices,omitzero"`
	// 0: 1.
	MaxChoices int            `json:"max_choices,omitzero"`
	Options    []OptionParams `json:"options"`
	// Names by language. Nil: as they were.
	Translations map[string]Translation `json:"translations,omitzero"`
}

// OptionParams is an option of a group to add or replace.
type OptionParams struct {
	// Of an option that the group has; empty: a new one.
	ID    string `json:"id,omitzero"`
	Name  string `json:"name"`
	Price Amount `json:"price,omitzero"`
	// Chosen when the menu opens.
	IsDefault bool `json:"is_default,omitzero"`
	// Nil: true. False: sold out.
	IsAvailable *bool `json:"is_available,omitzero"`
	// Names by language. Nil: as they were.
	Translations map[string]Translation `json:"translations,omitzero"`
}

const (
	optionGroupsPath = "/product/option-groups"
	optionGroupPath  = optionGroupsPath + "/{}"
)

// OptionGroups are what guests choose of products. It takes a login.
type OptionGroups struct{ c *caller }

// Create adds a group.
func (s OptionGroups) Create(ctx context.Context, p OptionGroupParams) (*OptionGroup, error) {
	return get[OptionGroup](ctx, s.c, call{method: http.MethodPost, path: optionGroupsPath, body: p})
}

// List reads all groups, the oldest first.
func (s OptionGroups) List(ctx context.Context) ([]OptionGroup, error) {
	v, err := get[struct {
		Data []OptionGroup `json:"data"`
	}](ctx, s.c, call{method: http.MethodGet, path: optionGroupsPath})
	if err != nil {
		return nil, err
	}
	return v.Data, nil
}

// Get reads a group.
func (s OptionGroups) Get(ctx context.Context, id string) (*OptionGroup, error) {
	return get[OptionGroup](ctx, s.c, call{method: http.MethodGet, path: optionGroupPath, ids: []string{id}})
}

// Replace makes a group what p says. Options with an id keep it; those that p leaves out are deleted.
func (s OptionGroups) Replace(ctx context.Context, id string, p OptionGroupParams) (*OptionGroup, error) {
	return get[OptionGroup](ctx, s.c, call{method: http.MethodPut, path: optionGroupPath, ids: []string{id}, body: p})
}

// Delete deletes a group, which its products lose.
func (s OptionGroups) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: optionGroupPath, ids: []string{id}})
}

// SetAvailable marks an option as sold out, or as available.
func (s OptionGroups) SetAvailable(ctx context.Context, id, option string, available bool) (*OptionGroup, error) {
	return get[OptionGroup](ctx, s.c, call{
		method: http.MethodPost, path: optionGroupPath + "/options/{}/available", ids: []string{id, option}, body: map[string]bool{"is_available": available},
	})
}
