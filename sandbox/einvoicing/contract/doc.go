// Package contract holds what a client may rely on of the e-invoicing platform: a suite of tests that speaks HTTP alone, as
// docs/einvoicing-platform.md describes it. It runs against the stand-in of sandbox/einvoicing always, and against the real
// platform when its address and key are set, see sandbox/README.md. What the platform's public pages say must hold at both; what
// had to be assumed where they are silent must hold at the stand-in, and is told of where the real platform chose otherwise.
package contract
