package engine

import "time"

// Ready returns LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED if the mode has no provider.
func (e *Engine) Ready(livemode bool) error {
	_, err := e.Provider(livemode)
	return err
}

// SessionTTL is how long the payer may take.
func (e *Engine) SessionTTL() time.Duration { return e.cfg.SessionTTL }
