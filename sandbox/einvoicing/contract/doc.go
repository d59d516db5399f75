// Package contract is a test suite for what a client may rely on in the e-invoicing platform, as described in
// docs/einvoicing-platform.md. It uses HTTP only. It always runs against sandbox/einvoicing, and against the real platform if its
// address and key are set; see sandbox/README.md. What the platform's public pages say must hold at both. Where they are silent,
// our assumption must hold at the sandbox, and the suite reports if the real platform differs.
package contract
