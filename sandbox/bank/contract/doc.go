// Package contract holds what a client may rely on of the provider's API: a suite of tests that speaks HTTP alone. It runs
// against the stand-in of sandbox/bank always, and against the real provider when its address and credentials are set, see
// sandbox/README.md. What the provider's documents say must hold at both; what the stand-in had to choose where they are
// silent must hold at the stand-in, and is told of where the real provider chose otherwise.
package contract
