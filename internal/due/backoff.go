package due

import "time"

// Backoff returns the pause after that many attempts: first after one, then twice as long after each, and never longer than longest.
func Backoff(first, longest time.Duration, attempts int) time.Duration {
	pause := min(first, longest)
	for range attempts - 1 {
		if pause > longest/2 {
			return longest
		}
		pause *= 2
	}
	return pause
}
