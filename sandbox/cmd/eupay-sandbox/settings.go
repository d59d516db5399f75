package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/sandbox/s3"
)

type settings struct {
	addr, management string
	bank             bank.Config

	einvoicingAddr, einvoicingManagement string
	einvoicing                           einvoicing.Config

	s3Addr string
	s3     s3.Config

	// smtp is where the mailbox accepts mail, mailbox where it is read.
	smtp, mailbox string
}

// readSettings reads the environment and reports all errors together.
func readSettings(getenv func(string) string) (settings, error) {
	s := settings{addr: "127.0.0.1:4010", management: "127.0.0.1:4011", bank: bank.Defaults()}
	c := &s.bank
	var problems []error
	for name, into := range map[string]*string{
		"ADDR": &s.addr, "MGMT_ADDR": &s.management, "DIR": &c.Dir, "BASE_URL": &c.BaseURL,
		"CLIENT_ID": &c.ClientID, "CLIENT_SECRET": &c.ClientSecret, "WEBHOOK_URL": &c.WebhookURL, "WEBHOOK_SECRET": &c.WebhookSecret,
		"CANCELLING_DETAIL": &c.CancellingDetail, "CANCEL_ERROR_CODE": &c.CancelErrorCode,
	} {
		if v := getenv("EUPAY_SANDBOX_" + name); v != "" {
			*into = v
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://" + s.addr
	}
	for name, into := range map[string]*time.Duration{
		"INSTANT_PHASE": &c.InstantPhase, "CLASSIC_PHASE": &c.ClassicPhase,
		"WEBHOOK_RETRY": &c.WebhookRetry, "WEBHOOK_TIMEOUT": &c.WebhookTimeout, "ANSWER_WITHIN": &c.AnswerWithin,
		"EXPIRE_AFTER": &c.ExpireAfter, "AUTO_AUTHORISE_DELAY": &c.AutoAuthoriseDelay,
	} {
		problems = append(problems, parse(getenv, name, into, time.ParseDuration))
	}
	for name, into := range map[string]*bool{
		"AUTO_AUTHORISE": &c.AutoAuthorise, "MANUAL_CONFIRMATION": &c.ManualConfirmation,
		"REQUIRE_IDENTITIES": &c.RequireIdentities,
	} {
		problems = append(problems, parse(getenv, name, into, strconv.ParseBool))
	}
	problems = append(problems, parse(getenv, "WEBHOOK_WORKERS", &c.WebhookWorkers, strconv.Atoi),
		parse(getenv, "MAX_AMOUNT_CENTS", &c.MaxAmount, func(v string) (int64, error) { return strconv.ParseInt(v, 10, 64) }),
		parse(getenv, "REDIRECT_URIS", &c.RedirectURIs, func(v string) ([]string, error) { return strings.Split(v, ","), nil }))
	problems = append(problems, s.readEInvoicing(getenv), s.readS3(getenv))
	s.smtp, s.mailbox = getenv("EUPAY_SANDBOX_SMTP_ADDR"), cmp.Or(getenv("EUPAY_SANDBOX_MAILBOX_ADDR"), "127.0.0.1:4031")
	return s, errors.Join(problems...)
}

// readEInvoicing reads the settings of the e-invoicing platform, which runs if it has an address.
func (s *settings) readEInvoicing(getenv func(string) string) error {
	s.einvoicingManagement, s.einvoicing = "127.0.0.1:4021", einvoicing.Defaults()
	c := &s.einvoicing
	for name, into := range map[string]*string{
		"ADDR": &s.einvoicingAddr, "MGMT_ADDR": &s.einvoicingManagement, "DIR": &c.Dir, "BASE_URL": &c.BaseURL, "API_KEY": &c.APIKey,
		"WEBHOOK_URL": &c.WebhookURL, "WEBHOOK_SECRET": &c.WebhookSecret,
	} {
		if v := getenv("EUPAY_SANDBOX_EINVOICING_" + name); v != "" {
			*into = v
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://" + s.einvoicingAddr
	}
	var problems []error
	for name, into := range map[string]*time.Duration{
		"TRANSMIT_AFTER": &c.TransmitAfter, "RECEIVE_AFTER": &c.ReceiveAfter, "AVAILABLE_AFTER": &c.AvailableAfter, "ANSWER_AFTER": &c.AnswerAfter,
		"AUTO_APPROVE_DELAY": &c.AutoApproveDelay, "LINK_LIFE": &c.LinkLife, "WEBHOOK_RETRY": &c.WebhookRetry, "WEBHOOK_TIMEOUT": &c.WebhookTimeout,
		"WEBHOOK_GIVE_UP": &c.WebhookGiveUp,
	} {
		problems = append(problems, parse(getenv, "EINVOICING_"+name, into, time.ParseDuration))
	}
	problems = append(problems, parse(getenv, "EINVOICING_AUTO_APPROVE", &c.AutoApprove, strconv.ParseBool))
	return errors.Join(problems...)
}

// readS3 reads the settings of the S3 store, which runs if it has an address.
func (s *settings) readS3(getenv func(string) string) error {
	s.s3.Region = "eu-west-3"
	for name, into := range map[string]*string{
		"ADDR": &s.s3Addr, "DIR": &s.s3.Dir, "BUCKET": &s.s3.Bucket, "REGION": &s.s3.Region, "PUBLIC": &s.s3.Public,
		"ACCESS_KEY": &s.s3.AccessKey, "SECRET_KEY": &s.s3.SecretKey,
	} {
		if v := getenv("EUPAY_SANDBOX_S3_" + name); v != "" {
			*into = v
		}
	}
	return parse(getenv, "S3_MAX_OBJECT_BYTES", &s.s3.MaxObject, func(v string) (int64, error) { return strconv.ParseInt(v, 10, 64) })
}

// parse reads one setting, if it is set.
func parse[T any](getenv func(string) string, name string, into *T, read func(string) (T, error)) error {
	text := getenv("EUPAY_SANDBOX_" + name)
	if text == "" {
		return nil
	}
	v, err := read(text)
	if err != nil {
		return fmt.Errorf("EUPAY_SANDBOX_%s: %w", name, err)
	}
	*into = v
	return nil
}
