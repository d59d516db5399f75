// Package contract is a test suite for what a client may rely on in the provider's API. It uses HTTP only. It always runs against
// sandbox/bank, and against the real provider if its address and credentials are set; see sandbox/README.md. What the provider
// documents must hold at both. Where the documentation is silent, our choice must hold at the sandbox, and the suite reports if
// the real provider differs.
package contract
