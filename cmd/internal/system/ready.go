package system

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	readyLimit = 30 * time.Second
	readyEvery = 10 * time.Millisecond
)

// WaitReady polls a service's /readyz until the service is ready. An error on failure ends the wait.
func (s System) WaitReady(ctx context.Context, service string, failure <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	url := s.ManagementURL(service) + "/readyz"
	for !isReady(ctx, url) {
		select {
		case err := <-failure:
			return err
		case <-ctx.Done():
			return fmt.Errorf("%s does not become ready: %w", service, context.Cause(ctx))
		case <-time.After(readyEvery):
		}
	}
	return nil
}

func isReady(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}
