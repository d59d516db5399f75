package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"european-pay.eu/eupay/internal/outbound"
)

// BedrockSettings select the model of Amazon Bedrock that generates images.
type BedrockSettings struct {
	Region, Model        string
	AccessKey, SecretKey string
	// Endpoint replaces the endpoint of the region, for example with that of a VPC. Default:
	// https://bedrock-runtime.<region>.amazonaws.com.
	Endpoint string
}

const (
	bedrockTimeout = 45 * time.Second
	// maxAnswer is sufficient for a base64 image of MaxImage.
	maxAnswer = 8 << 20
	// maxPrompt is the longest prompt that Titan Image Generator accepts; Nova Canvas accepts twice as much.
	maxPrompt = 512
)

// Bedrock is a Finder that generates images with a text-to-image model, using the request format of Amazon Titan Image Generator
// and Amazon Nova Canvas (InvokeModel of the Bedrock Runtime API), and stores them in the image store.
type Bedrock struct {
	o      BedrockSettings
	url    *url.URL
	signer *v4.Signer
	client *http.Client
	images *Images
	now    func() time.Time
}

// NewBedrock returns the finder. Call Close at the end.
func NewBedrock(o BedrockSettings, images *Images, now func() time.Time) (*Bedrock, error) {
	if o.Endpoint == "" {
		o.Endpoint = "https://bedrock-runtime." + o.Region + ".amazonaws.com"
	}
	u, err := url.Parse(strings.TrimSuffix(o.Endpoint, "/"))
	if err != nil || u.Host == "" {
		return nil, errors.New("EUPAY_BEDROCK_ENDPOINT must be an http or https URL")
	}
	// Model ids contain colons, which are escaped in the path.
	u.Path = "/model/" + o.Model + "/invoke"
	u.RawPath = "/model/" + strings.ReplaceAll(url.PathEscape(o.Model), ":", "%3A") + "/invoke"
	return &Bedrock{
		o: o, url: u, signer: v4.NewSigner(), images: images, now: now,
		client: outbound.NewClient(jobsAtOnce),
	}, nil
}

// Close closes idle connections.
func (b *Bedrock) Close() { b.client.CloseIdleConnections() }

type bedrockRequest struct {
	TaskType string `json:"taskType"`
	Params   struct {
		Text string `json:"text"`
	} `json:"textToImageParams"`
	Config struct {
		Number int `json:"numberOfImages"`
		Width  int `json:"width"`
		Height int `json:"height"`
	} `json:"imageGenerationConfig"`
}

// Find implements Finder.
func (b *Bedrock) Find(ctx context.Context, merchantID, name, category string) (string, error) {
	image, err := b.invoke(ctx, prompt(name, category))
	if err != nil {
		return "", err
	}
	kind := kindOf(image)
	if kind == "" {
		return "", errors.New("the model returned no image of an accepted type")
	}
	return b.images.Put(ctx, merchantID, kind, image)
}

// prompt describes the picture. The merchant's words are only drawn, so they need no sanitising.
func prompt(name, category string) string {
	text := []rune("Appetising studio photograph for a shop's catalogue, plain light background, no text: " + name)
	if category != "" {
		text = append(text, []rune(" ("+category+")")...)
	}
	return string(text[:min(len(text), maxPrompt)])
}

func (b *Bedrock) invoke(ctx context.Context, text string) ([]byte, error) {
	in := bedrockRequest{TaskType: "TEXT_IMAGE"}
	in.Params.Text = text
	in.Config.Number, in.Config.Width, in.Config.Height = 1, 512, 512
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode request to Bedrock: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request to Bedrock: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	sum := sha256.Sum256(body)
	creds := aws.Credentials{AccessKeyID: b.o.AccessKey, SecretAccessKey: b.o.SecretKey}
	if err := b.signer.SignHTTP(ctx, creds, req, hex.EncodeToString(sum[:]), "bedrock", b.o.Region, b.now()); err != nil {
		return nil, fmt.Errorf("sign request to Bedrock: %w", err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call Bedrock: %w", err)
	}
	defer resp.Body.Close()
	return readImage(resp)
}

func readImage(resp *http.Response) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read Bedrock's response: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		// The text may quote the prompt; the type is sufficient, such as ThrottlingException.
		return nil, fmt.Errorf("Bedrock returned %d %s", resp.StatusCode, resp.Header.Get("X-Amzn-Errortype"))
	}
	var out struct {
		Images []string `json:"images"`
	}
	if err := json.Unmarshal(raw, &out); err != nil || len(out.Images) == 0 {
		return nil, errors.New("Bedrock returned no image")
	}
	image, err := base64.StdEncoding.DecodeString(out.Images[0])
	if err != nil {
		return nil, errors.New("Bedrock returned an unreadable image")
	}
	return image, nil
}
