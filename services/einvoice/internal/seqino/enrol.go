package seqino

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// EnsureClient implements platform.Platform.
func (c *Client) EnsureClient(ctx context.Context, m platform.Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "create client"
	if err := checkRef(m.Ref); err != nil {
		return "", &Error{Op: op, Class: Unexpected, Err: err}
	}
	if id, err := c.findClient(ctx, m.Ref); err != nil || id != "" {
		return id, err
	}
	body := wireClient{Organization: m.Name, Email: m.Email, Ref: m.Ref}
	id, err := c.create(ctx, request{op: op, method: http.MethodPost, path: pathClients, body: body})
	if statusOf(err) != http.StatusConflict {
		return id, err
	}
	// Another process has just created it.
	found, lookErr := c.findClient(ctx, m.Ref)
	if lookErr != nil || found == "" {
		return "", err
	}
	return found, nil
}

// create sends an object with an external_ref and returns its id: that of the new object, or of the existing one with the same
// ref.
func (c *Client) create(ctx context.Context, r request) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	err := c.call(ctx, r, &made)
	if id := existingID(err); id != "" {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	if !idShape.MatchString(made.ID) {
		return "", unreadable(r.op, http.StatusCreated)
	}
	return made.ID, nil
}

// findClient returns an empty id if there is no client with the ref.
func (c *Client) findClient(ctx context.Context, ref string) (string, error) {
	const op = "find client"
	var found struct {
		list[wireClient]
		wireClient
	}
	err := c.call(ctx, request{op: op, method: http.MethodGet, path: pathClients, query: url.Values{queryRef: {ref}}}, &found)
	if statusOf(err) == http.StatusNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, one := range append(found.Items, found.wireClient) {
		if one.Ref == ref && idShape.MatchString(one.ID) { // if the platform ignores the filter, it must not return another client
			return one.ID, nil
		}
	}
	return "", nil
}

// maxMandates limits how many ended mandates of one line are skipped.
const maxMandates = 20

// EnsureMandate implements platform.Platform. A mandate that replaces an ended one has the ref with a number appended, which is
// the number of ended ones: so it is the same if the request is repeated.
func (c *Client) EnsureMandate(ctx context.Context, clientID string, m platform.MandateRequest) (platform.Mandate, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	all, err := c.mandates(ctx, clientID)
	if err != nil {
		return platform.Mandate{}, err
	}
	best, ended := c.best(all, m)
	if usable(best) {
		return best, nil
	}
	for n := ended + 1; n <= ended+maxMandates; n++ {
		made, err := c.createMandate(ctx, clientID, m, n)
		if statusOf(err) != http.StatusConflict {
			return made, err
		}
		if made, err = c.existingMandate(ctx, clientID, m, err); err != nil || usable(made) {
			return made, err
		}
	}
	return platform.Mandate{}, &Error{Op: "create mandate", Class: Conflict, Status: http.StatusConflict}
}

// existingMandate returns the mandate that a conflict names, or the best one for the line.
func (c *Client) existingMandate(ctx context.Context, clientID string, m platform.MandateRequest, conflict error) (platform.Mandate, error) {
	all, err := c.mandates(ctx, clientID)
	if err != nil {
		return platform.Mandate{}, err
	}
	for _, w := range all {
		if w.ID == existingID(conflict) {
			return c.mandate(w), nil
		}
	}
	if best, _ := c.best(all, m); usable(best) {
		return best, nil
	}
	return platform.Mandate{}, conflict
}

func usable(m platform.Mandate) bool {
	return m.Status == platform.MandateActive || m.Status == platform.MandatePending
}

func (c *Client) createMandate(ctx context.Context, clientID string, m platform.MandateRequest, n int) (platform.Mandate, error) {
	const op = "create mandate"
	ref := m.Ref
	if n > 1 {
		ref += "-" + strconv.Itoa(n)
	}
	if err := checkRef(ref); err != nil {
		return platform.Mandate{}, &Error{Op: op, Class: Unexpected, Err: err}
	}
	body := wireNewMandate{Start: string(m.Start), Entry: wireEntry{SIREN: m.SIREN, SIRET: m.SIRET}, Ref: ref}
	var made wireMandate
	err := c.call(ctx, request{op: op, method: http.MethodPost, path: pathMandates, client: clientID, body: body}, &made)
	if err != nil {
		return platform.Mandate{}, err
	}
	if !idShape.MatchString(made.ID) {
		return platform.Mandate{}, unreadable(op, http.StatusCreated)
	}
	return c.mandate(made), nil
}

// best returns the best mandate for the line of the directory (active before pending before ended), and the number of ended ones.
func (c *Client) best(all []wireMandate, m platform.MandateRequest) (best platform.Mandate, ended int) {
	line := wireEntry{SIREN: m.SIREN, SIRET: m.SIRET}
	for _, w := range all {
		if w.Entry != line {
			continue
		}
		one := c.mandate(w)
		if !usable(one) {
			ended++
		}
		if !usable(best) || one.Status == platform.MandateActive && best.Status != platform.MandateActive {
			best = one
		}
	}
	return best, ended
}

// Mandate implements platform.Platform.
func (c *Client) Mandate(ctx context.Context, clientID, mandateID string) (platform.Mandate, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	all, err := c.mandates(ctx, clientID)
	if err != nil {
		return platform.Mandate{}, err
	}
	for _, w := range all {
		if w.ID == mandateID {
			return c.mandate(w), nil
		}
	}
	return platform.Mandate{}, &Error{Op: "find mandate", Class: NotFound, Err: platform.ErrNotFound}
}

func (c *Client) mandates(ctx context.Context, clientID string) ([]wireMandate, error) {
	const op = "list mandates"
	var found struct {
		Items *[]wireMandate `json:"items"`
	}
	if err := c.call(ctx, request{op: op, method: http.MethodGet, path: pathMandates, client: clientID}, &found); err != nil {
		return nil, err
	}
	if found.Items == nil {
		return nil, unreadable(op, http.StatusOK)
	}
	for _, w := range *found.Items {
		if !idShape.MatchString(w.ID) {
			return nil, unreadable(op, http.StatusOK)
		}
	}
	return *found.Items, nil
}

func (c *Client) mandate(w wireMandate) platform.Mandate {
	status, known := mandateStatus[w.Status]
	if !known {
		c.log.Warn("the platform returned an unknown mandate status", "mandate_id", w.ID, "status", code(w.Status))
		status = platform.MandatePending
	}
	return platform.Mandate{ID: w.ID, Status: status}
}

// OnboardingLink implements platform.Platform. Expires is zero if the platform does not return it.
func (c *Client) OnboardingLink(ctx context.Context, clientID string) (platform.Link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "get onboarding link"
	body := wireOnboarding{KYC: true, Signature: true}
	var w wireLink
	err := c.call(ctx, request{op: op, method: http.MethodPost, path: pathOnboarding, client: clientID, body: body}, &w)
	if err != nil {
		return platform.Link{}, err
	}
	if !c.safeLink(w.URL) {
		return platform.Link{}, unreadable(op, http.StatusOK)
	}
	link := platform.Link{URL: w.URL}
	if at, err := time.Parse(time.RFC3339, w.Expires); err == nil {
		link.Expires = at.UTC()
	}
	return link, nil
}

// safeLink reports whether a merchant may be redirected there: https, or http on this machine if the platform is here too.
func (c *Client) safeLink(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || len(text) > 2048 {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && c.loopback && isLoopback(u)
}
