package einvoicing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"european-pay.eu/eupay/sandbox/internal/journal"
)

// save writes a change to the journal and then to the state.
func (p *Platform) save(l line) error {
	if err := p.journal.Append(l); err != nil {
		return err
	}
	p.state.read(l)
	return nil
}

func (p *Platform) nextNumber() int64 {
	p.state.sequence++
	return p.state.sequence
}

// load restores the state of an earlier process from the folder, and compacts the journal.
func (p *Platform) load() error {
	p.state = newState()
	if p.cfg.Dir != "" {
		path := filepath.Join(p.cfg.Dir, "einvoicing.journal")
		err := journal.Read(path, func(text []byte) error {
			var l line
			if err := json.Unmarshal(text, &l); err != nil {
				return err
			}
			p.state.read(l)
			return nil
		})
		if err != nil {
			return err
		}
		if p.journal, err = journal.Rewrite(path, p.state.lines); err != nil {
			return err
		}
	}
	if p.cfg.WebhookURL != "" {
		p.state.hook = &registration{ID: "whk_settings", URL: p.cfg.WebhookURL, Events: eventTypes, Secret: p.cfg.WebhookSecret}
	}
	p.resume()
	return nil
}

// resume schedules planned steps again, and sends unsent webhooks.
func (p *Platform) resume() {
	for _, i := range p.state.invoices {
		p.plan(i.N, i.Due)
	}
	for _, c := range p.state.clients {
		p.plan(c.N, c.Due)
	}
	for _, id := range p.state.order {
		if n := p.state.unsent[id]; n != nil {
			p.hooks.enqueue(n)
		}
	}
}

func (p *Platform) plan(n int64, due time.Time) {
	if !due.IsZero() {
		p.due.Add(n, due)
	}
}

func (p *Platform) filePath(id string) string { return filepath.Join(p.cfg.Dir, "files", id+".pdf") }

// keepFile stores the PDF of an invoice.
func (p *Platform) keepFile(id string, pdf []byte) error {
	if p.cfg.Dir == "" {
		p.state.files[id] = pdf
		return nil
	}
	if err := os.MkdirAll(filepath.Join(p.cfg.Dir, "files"), 0o700); err != nil {
		return fmt.Errorf("make folder of files: %w", err)
	}
	if err := os.WriteFile(p.filePath(id), pdf, 0o600); err != nil {
		return fmt.Errorf("keep file: %w", err)
	}
	return nil
}

// readFile returns the PDF of an invoice; nil if there is none.
func (p *Platform) readFile(id string) ([]byte, error) {
	if p.cfg.Dir == "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.state.files[id], nil
	}
	b, err := os.ReadFile(p.filePath(id))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read file: %w", err)
	}
	return b, nil
}

// Reset deletes everything except the settings and the webhook that they name.
func (p *Platform) Reset() error {
	p.faults.Clear()
	p.outage.Store(0)
	p.auto.Store(&AutoApprove{Enabled: p.cfg.AutoApprove, DelayMS: int(p.cfg.AutoApproveDelay.Milliseconds())})
	p.hooks.Clear()
	p.hooks.log.Clear()
	p.due.Clear()
	p.mu.Lock()
	defer p.mu.Unlock()
	hook := p.state.hook
	if err := p.save(line{Forgot: true}); err != nil {
		return err
	}
	if p.cfg.WebhookURL != "" {
		p.state.hook = hook
	}
	if p.cfg.Dir == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(p.cfg.Dir, "files"))
}
