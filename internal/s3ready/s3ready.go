// Package s3ready tells when the S3 store of one machine (cmd/eupay-s3) has its bucket.
package s3ready

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	every    = 20 * time.Millisecond
	maxError = 4 << 10
)

// Wait asks for an object that does not exist below publicURL, as anybody may, until the store says just that: before, there
// is no store, no bucket, or no permission to read. It ends with ctx, or with ended when the program has ended.
func Wait(ctx context.Context, publicURL string, ended <-chan struct{}) error {
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport}
	for !ready(ctx, client, publicURL) {
		select {
		case <-ended:
			return fmt.Errorf("the S3 store of %s ended", publicURL)
		case <-ctx.Done():
			return fmt.Errorf("the S3 store of %s does not become ready: %w", publicURL, ctx.Err())
		case <-time.After(every):
		}
	}
	return nil
}

func ready(ctx context.Context, client *http.Client, publicURL string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, publicURL+"/nothing", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	return err == nil && resp.StatusCode == http.StatusNotFound && bytes.Contains(body, []byte("<Code>NoSuchKey</Code>"))
}
