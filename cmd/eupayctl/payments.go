package main

import (
	"strconv"
	"time"

	"european-pay.eu/eupay/internal/identity"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

type paymentHistoryCommand struct {
	Reference string `arg:"" help:"The payment or refund."`
	Answers   bool   `help:"With what the provider answered. It holds personal data of payers."`
}

// Help is shown under the summary.
func (*paymentHistoryCommand) Help() string {
	return "The provider's answers are sealed in the database. This opens them, as evidence in a dispute."
}

type historyView struct {
	Sequence      int64     `json:"sequence"`
	At            time.Time `json:"at"`
	From          string    `json:"from_status"`
	To            string    `json:"to_status"`
	Detail        string    `json:"status_detail,omitempty"`
	Failure       string    `json:"failure_code,omitempty"`
	Cause         string    `json:"cause"`
	Actor         string    `json:"actor,omitempty"`
	Note          string    `json:"note,omitempty"`
	ProviderState string    `json:"provider_state,omitempty"`
	TraceID       string    `json:"trace_id,omitempty"`
	Answer        string    `json:"provider_answer,omitempty"`
}

// Run shows what happened to a payment, oldest first.
func (c *paymentHistoryCommand) Run(t *tool) error {
	conn, done, err := t.service(identity.Payments, paymentsAddr, usualPayments)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	r, err := paymentsv1.NewOperatorServiceClient(conn).ListAnswers(ctx, &paymentsv1.ListAnswersRequest{Reference: c.Reference})
	if err != nil {
		return answered(err, identity.Payments, paymentsAddr)
	}
	columns := []string{"SEQ", "AT", "FROM", "TO", "DETAIL", "FAILURE", "CAUSE", "PROVIDER STATE", "TRACE"}
	if c.Answers {
		columns = append(columns, "PROVIDER ANSWER")
	}
	w := t.list(columns...)
	for _, a := range r.GetEntries() {
		v := viewOf(a)
		if !c.Answers {
			v.Answer = ""
		}
		if t.json() {
			if err := t.object(v); err != nil {
				return err
			}
			continue
		}
		row(w, strconv.FormatInt(v.Sequence, 10), clock(v.At), orDash(line(v.From)), line(v.To), orDash(line(v.Detail)), orDash(line(v.Failure)),
			line(v.Cause), orDash(line(v.ProviderState)), orDash(line(v.TraceID)), line(v.Answer))
	}
	return w.Flush()
}

func viewOf(a *paymentsv1.AnsweredEntry) historyView {
	e := a.GetEntry()
	return historyView{
		Sequence: e.GetSequence(), At: e.GetOccurredAt().AsTime(), From: e.GetFromStatus(), To: e.GetToStatus(), Detail: e.GetStatusDetail(),
		Failure: e.GetFailureCode(), Cause: e.GetCause(), Actor: e.GetActor(), Note: e.GetNote(), ProviderState: e.GetProviderState(),
		TraceID: e.GetTraceId(), Answer: a.GetAnswer(),
	}
}
