package logo

import (
	"crypto/sha256"
	"sync"
)

// Memory keeps what was made of the logos that were used: a shop shows many codes and issues many documents, and decoding is
// a large part of the work for one.
type Memory[T any] struct {
	most int
	mu   sync.Mutex
	made map[[sha256.Size]byte]T
}

// NewMemory returns a memory for at most so many logos.
func NewMemory[T any](most int) *Memory[T] {
	return &Memory[T]{most: most, made: map[[sha256.Size]byte]T{}}
}

// Get returns what was built of a file, or builds it. What fails is not kept.
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
	for old := range m.made { // any other one is forgotten when there are too many
		if len(m.made) < m.most {
			break
		}
		delete(m.made, old)
	}
	m.made[key] = made
	return made, nil
}
