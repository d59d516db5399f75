package web

import (
	"errors"
	"fmt"
	"sync"
)

// Together calls all functions at the same time and waits for them. A page that asks the API several things waits once. What panics is
// an error: only the page of the request fails.
func Together(calls ...func() error) error {
	failed := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			defer func() {
				if what := recover(); what != nil {
					failed[i] = fmt.Errorf("%w: %v", errPanic, what)
				}
			}()
			failed[i] = call()
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// Into keeps what a call of the API answers.
func Into[T any](out *T, call func() (T, error)) func() error {
	return func() error {
		v, err := call()
		if err == nil {
			*out = v
		}
		return err
	}
}
