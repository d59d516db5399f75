package qr

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/boot"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// CatalogConfig holds the settings of the catalog: where images are stored and how they are found.
type CatalogConfig struct {
	// PublicURL is the URL of the gateway, which serves the illustrations.
	PublicURL string `env:"EUPAY_PUBLIC_URL" envDefault:"https://api.european-pay.eu"`
	// S3Endpoint is any S3-compatible store, without the bucket. Without it images cannot be uploaded.
	S3Endpoint string `env:"EUPAY_S3_ENDPOINT"`
	// S3Bucket, S3Region and the keys are of that store.
	S3Bucket    string `env:"EUPAY_S3_BUCKET"`
	S3Region    string `env:"EUPAY_S3_REGION" envDefault:"eu-west-3"`
	S3AccessKey string `env:"EUPAY_S3_ACCESS_KEY"`
	S3SecretKey string `env:"EUPAY_S3_SECRET_KEY"`
	// S3PublicURL is the public URL of the bucket.
	S3PublicURL string `env:"EUPAY_S3_PUBLIC_URL" envDefault:"https://cdn.european-pay.fr"`
	// ImageSearch is "library" or "bedrock".
	ImageSearch string `env:"EUPAY_IMAGE_SEARCH" envDefault:"library"`
	// BedrockRegion, BedrockModel and the keys are those of the model that draws pictures; BedrockEndpoint is another address of it.
	BedrockRegion    string `env:"EUPAY_BEDROCK_REGION" envDefault:"eu-west-1"`
	BedrockModel     string `env:"EUPAY_BEDROCK_MODEL" envDefault:"amazon.nova-canvas-v1:0"`
	BedrockAccessKey string `env:"EUPAY_BEDROCK_ACCESS_KEY"`
	BedrockSecretKey string `env:"EUPAY_BEDROCK_SECRET_KEY"`
	BedrockEndpoint  string `env:"EUPAY_BEDROCK_ENDPOINT"`
}

// illustrations is the path under which the gateway serves them.
const illustrations = "/static/product-images"

// validate reports settings with which images could not be stored or found.
func (c CatalogConfig) validate() error {
	var bad []error
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		bad = append(bad, errors.New("EUPAY_PUBLIC_URL must be an http or https URL"))
	}
	if c.S3Endpoint != "" && (c.S3Bucket == "" || c.S3AccessKey == "" || c.S3SecretKey == "") {
		bad = append(bad, errors.New("EUPAY_S3_ENDPOINT needs EUPAY_S3_BUCKET, EUPAY_S3_ACCESS_KEY and EUPAY_S3_SECRET_KEY"))
	}
	switch c.ImageSearch {
	case "library":
	case "bedrock":
		if c.BedrockAccessKey == "" || c.BedrockSecretKey == "" || c.S3Endpoint == "" {
			bad = append(bad, errors.New("EUPAY_IMAGE_SEARCH=bedrock needs EUPAY_BEDROCK_ACCESS_KEY, EUPAY_BEDROCK_SECRET_KEY and EUPAY_S3_ENDPOINT"))
		}
	default:
		bad = append(bad, errors.New("EUPAY_IMAGE_SEARCH must be library or bedrock"))
	}
	return errors.Join(bad...)
}

// catalogPart is the running catalog within the service.
type catalogPart struct {
	store    *catalog.Store
	images   *catalog.Images
	bedrock  *catalog.Bedrock
	backfill *catalog.Backfill
	// sweeper is nil if there is no image store.
	sweeper *catalog.Sweeper
}

// openCatalog registers the catalog on the core's server. wake is the relay's.
func openCatalog(core *boot.Core, c CatalogConfig, wake func()) (*catalogPart, error) {
	static := strings.TrimSuffix(c.PublicURL, "/") + illustrations
	images, err := catalog.NewImages(catalog.ImageSettings{
		Endpoint: c.S3Endpoint, Bucket: c.S3Bucket, Region: c.S3Region, AccessKey: c.S3AccessKey, SecretKey: c.S3SecretKey,
		PublicURL: c.S3PublicURL, StaticURL: static,
	})
	if err != nil {
		return nil, fmt.Errorf("open images: %w", err)
	}
	p := &catalogPart{store: catalog.NewStore(core.Pool, core.Now, wake), images: images}
	var finder catalog.Finder = catalog.Library{BaseURL: static}
	if c.ImageSearch == "bedrock" {
		p.bedrock, err = catalog.NewBedrock(catalog.BedrockSettings{
			Region: c.BedrockRegion, Model: c.BedrockModel, AccessKey: c.BedrockAccessKey, SecretKey: c.BedrockSecretKey, Endpoint: c.BedrockEndpoint,
		}, images, core.Now)
		if err != nil {
			return nil, fmt.Errorf("open image search: %w", err)
		}
		finder = p.bedrock
	}
	p.backfill = catalog.NewBackfill(p.store, finder, core.Bus, core.Log)
	if c.S3Endpoint != "" {
		p.sweeper = catalog.NewSweeper(p.store, images, core.Log)
	}
	server := catalog.NewServer(p.store, images, finder)
	core.Serve(&qrv1.CatalogService_ServiceDesc, server, identity.Gateway)
	core.Serve(&qrv1.AssortmentService_ServiceDesc, catalog.NewAssortment(server), identity.Gateway)
	return p, nil
}

// workers returns what runs beside the server.
func (p *catalogPart) workers() []func(context.Context) error {
	run := []func(context.Context) error{p.backfill.Consume, p.backfill.Search}
	if p.sweeper != nil {
		run = append(run, p.sweeper.Run)
	}
	return run
}

func (p *catalogPart) close() {
	p.images.Close()
	if p.bedrock != nil {
		p.bedrock.Close()
	}
}
