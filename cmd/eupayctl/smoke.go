package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

type smokeCommand struct {
	API   string `name:"api" required:"" placeholder:"URL" help:"The gateway's address, as http://gateway:8080."`
	Pages string `required:"" placeholder:"URL" help:"The portal's address."`
}

// Help is shown under the summary.
func (*smokeCommand) Help() string {
	return "Looks, after a rollout, whether everything answers: the API refuses a caller without a key, the first page is shown, and all streams and " +
		"consumers are there. It changes nothing and takes no payment. All that is wrong is told at once."
}

// Run looks at everything.
func (c *smokeCommand) Run(t *tool) error {
	checks := []struct {
		what  string
		check func(*tool) error
	}{{"the API", c.api}, {"the pages", c.pages}, {"the broker", (*tool).broker}}
	var all []error
	for _, part := range checks {
		if err := part.check(t); err != nil {
			all = append(all, fmt.Errorf("%s: %w", part.what, err))
			continue
		}
		t.say("%s: in order", part.what)
	}
	return errors.Join(all...)
}

// api asks for what nobody may have without a key: the gateway must say no, in its own words.
func (c *smokeCommand) api(t *tool) error {
	status, body, err := t.get(c.API + "/api/v1/gateway/payments")
	if err != nil {
		return err
	}
	var refusal struct {
		Success *bool  `json:"success"`
		Code    string `json:"code"`
	}
	if status != http.StatusUnauthorized || json.Unmarshal(body, &refusal) != nil || refusal.Success == nil || *refusal.Success || refusal.Code == "" {
		return fmt.Errorf("it answers %d to a caller without a key, and not with a refusal (401)", status)
	}
	return nil
}

func (c *smokeCommand) pages(t *tool) error {
	status, body, err := t.get(c.Pages + "/")
	if err == nil && (status != http.StatusOK || !strings.Contains(string(body), "<html")) {
		err = fmt.Errorf("the first page is not shown: status %d", status)
	}
	return err
}

// broker compares the streams and consumers with the settings.
func (t *tool) broker() error {
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	streams, err := o.Status(t.ctx)
	if err != nil {
		return err
	}
	settings, err := t.streamSettings()
	if err != nil {
		return err
	}
	return wrong(streams, settings)
}

// most is what is read of an answer.
const most = 1 << 20

func (t *tool) get(address string) (status int, body []byte, err error) {
	ctx, cancel := t.within()
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, most))
	return answer.StatusCode, body, err
}
