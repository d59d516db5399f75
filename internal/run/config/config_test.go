package config

import (
	"errors"
	"os"
	"strings"
	"testing"
)

type sample struct {
	Secret string `env:"EUPAY_SECRET,required"`
	Port   int    `env:"EUPAY_PORT" envDefault:"8080"`
	Limit  int    `env:"EUPAY_LIMIT"`
}

func (s *sample) Validate() error {
	if s.Limit < 0 {
		return errors.New("EUPAY_LIMIT must not be negative")
	}
	return nil
}

func TestSecretComesFromAFileWithoutItsNewline(t *testing.T) {
	read := func(string) ([]byte, error) { return []byte("s3cret\n"), nil }
	vars, err := environment([]string{"EUPAY_SECRET_FILE=/x"}, read)
	if err != nil {
		t.Fatal(err)
	}
	var cfg sample
	if err := Parse(&cfg, vars); err != nil {
		t.Fatal(err)
	}
	if cfg.Secret != "s3cret" || cfg.Port != 8080 {
		t.Errorf("got %+v", cfg)
	}
}

func TestTheVariableWinsOverTheFile(t *testing.T) {
	read := func(string) ([]byte, error) { return nil, os.ErrNotExist }
	vars, err := environment([]string{"EUPAY_SECRET=a", "EUPAY_SECRET_FILE=/x"}, read)
	if err != nil || vars["EUPAY_SECRET"] != "a" {
		t.Errorf("got %v, %v", vars, err)
	}
	if _, err := environment([]string{"EUPAY_SECRET_FILE=/x"}, read); err == nil {
		t.Error("a missing file was accepted")
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	err := Parse(&sample{}, map[string]string{"EUPAY_PORT": "x", "EUPAY_LIMIT": "y"})
	if err == nil || !strings.Contains(err.Error(), "EUPAY_SECRET") || strings.Count(err.Error(), "parse error") < 2 {
		t.Errorf("got %v", err)
	}
	if err := Parse(&sample{}, map[string]string{"EUPAY_SECRET": "a", "EUPAY_LIMIT": "-1"}); err == nil {
		t.Error("Validate was not called")
	}
}
