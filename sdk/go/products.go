package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Products are the merchant's catalog. It takes a login.
type Products struct{ c *caller }

const productPath = "/product/{}"

// Create adds a product.
func (s Products) Create(ctx context.Context, p ProductParams) (*Product, error) {
	return get[Product](ctx, s.c, call{method: http.MethodPost, path: "/product/create", body: p})
}

// Get reads a product.
func (s Products) Get(ctx context.Context, id string) (*Product, error) {
	return get[Product](ctx, s.c, call{method: http.MethodGet, path: productPath, ids: []string{id}})
}

// Update changes a product.
func (s Products) Update(ctx context.Context, id string, p ProductChange) (*Product, error) {
	return get[Product](ctx, s.c, call{method: http.MethodPut, path: productPath, ids: []string{id}, body: p})
}

// Delete removes a product for good. To hide it for a while, make IsAvailable false.
func (s Products) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: productPath, ids: []string{id}})
}

// UploadURL is where to upload an image, for 5 minutes.
func (s Products) UploadURL(ctx context.Context, p ImageUploadParams) (*ImageUpload, error) {
	return get[ImageUpload](ctx, s.c, call{method: http.MethodPost, path: "/product/upload-image-url", body: p})
}

// FindImage finds an image for a product, and returns its URL. Nothing is saved.
func (s Products) FindImage(ctx context.Context, p FindImageParams) (string, error) {
	v, err := get[struct {
		URL string `json:"image_url"`
	}](ctx, s.c, call{method: http.MethodPost, path: "/product/find-image", body: p})
	if err != nil {
		return "", err
	}
	return v.URL, nil
}

// ProductListParams choose products. What is empty chooses nothing.
type ProductListParams struct {
	ListParams
	// Category is the very category.
	Category string
	// Search is part of the name or the category, whatever its case and accents.
	Search string
	// Available chooses those that menus show, or those that they hide. Nil: all.
	Available *bool
}

func (s Products) listing(p ProductListParams) listing[Product] {
	q := p.query()
	q.text("category", p.Category)
	q.text("search", p.Search)
	q.choice("available", p.Available)
	return listing[Product]{s.c, call{path: "/product/list", query: q}, nil}
}

// List reads one page of the products, by category and name.
func (s Products) List(ctx context.Context, p ProductListParams) (*Page[Product], error) {
	return s.listing(p).page(ctx)
}

// All reads the products to their end, by category and name.
func (s Products) All(ctx context.Context, p ProductListParams) iter.Seq2[Product, error] {
	return s.listing(p).all(ctx)
}
