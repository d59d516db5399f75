package logo

import (
	"crypto/sha256"
	"sync"
)

// Memory caches what was made of recently used logos: a shop shows many codes and issues many documents, and decoding is a large
// part of that work.
type Memory[T any] struct {
	most int
	mu   sync.Mutex
	made map[[sha256.Size]byte]T
}

// NewMemory returns a cache for at most that many logos.
func NewMemory[T any](most int) *Memory[T] {
	return &Memory[T]{most: most, made: map[[sha256.Size]byte]T{}}
}

// Get returns the cached value for a file, or builds it. Failures are not cached.
func (m *Memory[T]) Get(file []byte, build func(file []byte) (T, error)) (T, error) {
	key := sha256.Sum256(file)
	m.mu.Lock()
	have, ok := m.made[key]
	m.mu.Unlock()
	if ok {
		return have, nil
	}
	made, err := build(file)
	if err != nil {
		return made, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for old := range m.made { // evict an arbitrary other entry when the cache is full
		if len(m.made) < m.most {
			break
		}
		delete(m.made, old)
	}
	m.made[key] = made
	return made, nil
}
