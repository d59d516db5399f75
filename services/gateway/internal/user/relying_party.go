package user

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// localhost is the one name that browsers take for a passkey without a domain and without TLS.
const localhost = "localhost"

// newRelyingParty is who passkeys are made for: the portal's pages alone, under the domain, which is that of the portal or one above it; empty
// for that of the portal. Passkeys are of names, so an address stands for localhost.
func newRelyingParty(portalURL, domain string) (*webauthn.WebAuthn, error) {
	origin, host, err := portalOrigin(portalURL)
	if err != nil {
		return nil, err
	}
	if domain == "" {
		domain = host
	}
	if host != domain && !strings.HasSuffix(host, "."+domain) {
		return nil, fmt.Errorf("the domain of passkeys, %s, must be that of the portal, %s, or one above it", domain, host)
	}
	timeout := webauthn.TimeoutConfig{Timeout: challengeLife, TimeoutUVD: challengeLife} // for the browser; ours is that of the stored challenge
	party, err := webauthn.New(&webauthn.Config{
		RPID: domain, RPDisplayName: totpIssuer, RPOrigins: []string{origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
		// Some password managers say more than they were asked. Nothing here reads what they say.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys: %w", err)
	}
	return party, nil
}

// CheckPasskeyDomain reports a domain that no passkey of the portal's pages can be made for; see Deps.
func CheckPasskeyDomain(portalURL, domain string) error {
	_, err := newRelyingParty(portalURL, domain)
	return err
}

func portalOrigin(portalURL string) (origin, host string, err error) {
	if portalURL == "" {
		portalURL = "http://" + localhost
	}
	u, err := url.Parse(portalURL)
	if err != nil {
		return "", "", fmt.Errorf("read the URL of the portal: %w", err)
	}
	host = strings.ToLower(u.Hostname())
	if net.ParseIP(host) != nil {
		host = localhost
	}
	origin = strings.ToLower(u.Scheme) + "://" + host
	if port := u.Port(); port != "" {
		origin += ":" + port
	}
	return origin, host, nil
}
