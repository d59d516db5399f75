package bank

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
)

func (b *Bank) checkPayer(in *createRequest) error {
	if in.Payer != nil {
		if err := checkAccount("payer", in.Payer); err != nil {
			return err
		}
	}
	if b.cfg.RequireIdentities && in.PayerIdentity == nil {
		return missing("payer_identity")
	}
	if err := in.PayerIdentity.check("payer_identity"); err != nil {
		return err
	}
	if err := b.checkComplete("payer_identity", in.PayerIdentity); err != nil {
		return err
	}
	return in.OperatorIdentity.check("operator_identity")
}

func (b *Bank) checkRedirect(name, uri string) error {
	if uri == "" {
		return missing("%s", name)
	}
	if u, err := url.Parse(uri); err != nil || !isWebAddress(uri) || u.RawQuery != "" || u.ForceQuery {
		return invalid("%s must be an address without query", name)
	}
	if !b.registered(uri) {
		return invalid("%s is not registered with the client", name)
	}
	return nil
}

// registered reports whether the client may redirect to this address.
func (b *Bank) registered(uri string) bool {
	return len(b.cfg.RedirectURIs) == 0 || slices.ContainsFunc(b.cfg.RedirectURIs, func(allowed string) bool {
		return uri == allowed || strings.HasPrefix(uri, strings.TrimSuffix(allowed, "/")+"/")
	})
}

func presetConnector(in *createRequest) (string, error) {
	if in.ConnectorUUID != "" {
		if connectorByUUID(in.ConnectorUUID) == nil {
			return "", invalid("connector_uuid")
		}
		return in.ConnectorUUID, nil
	}
	if in.IDConnector == 0 {
		return "", nil
	}
	for _, c := range connectors {
		if c.ID == in.IDConnector {
			return c.UUID, nil
		}
	}
	return "", invalid("id_connector")
}

func (b *Bank) newInstruction(name string, in *instructionRequest) (instruction, error) {
	switch {
	case in.Amount == 0:
		return instruction{}, missing("%s.amount", name)
	case b.cfg.MaxAmount > 0 && int64(in.Amount) > b.cfg.MaxAmount:
		return instruction{}, invalid("%s.amount is above the limit of this domain", name)
	case in.Currency == "":
		return instruction{}, missing("%s.currency", name)
	case currencies[in.Currency] == "":
		return instruction{}, invalid("%s.currency", name)
	case strings.TrimSpace(in.Label) == "":
		return instruction{}, missing("%s.label", name)
	case len([]rune(in.Label)) > maxLabel:
		return instruction{}, invalid("%s.label is longer than %d", name, maxLabel)
	case len([]rune(in.ReferenceID)) > maxReference:
		return instruction{}, invalid("%s.reference_id is longer than %d", name, maxReference)
	case in.Beneficiary == nil:
		return instruction{}, missing("%s.beneficiary", name)
	case b.cfg.RequireIdentities && in.Identity == nil:
		return instruction{}, missing("%s.beneficiary_identity", name)
	}
	if err := checkAccount(name+".beneficiary", in.Beneficiary); err != nil {
		return instruction{}, err
	}
	if err := in.Identity.check(name + ".beneficiary_identity"); err != nil {
		return instruction{}, err
	}
	if err := b.checkComplete(name+".beneficiary_identity", in.Identity); err != nil {
		return instruction{}, err
	}
	if err := b.checkDates(name, in); err != nil {
		return instruction{}, err
	}
	return instruction{
		ReferenceID: in.ReferenceID, Cents: int64(in.Amount), Currency: in.Currency, Label: in.Label,
		Kind: in.ExecutionDateType, ExecutionDate: in.ExecutionDate, StartDate: in.StartDate, EndDate: in.EndDate,
		Frequency: in.Frequency, Beneficiary: *in.Beneficiary, Identity: in.Identity,
	}, nil
}

func (b *Bank) checkDates(name string, in *instructionRequest) error {
	today := b.cfg.Now().UTC().Format(time.DateOnly)
	switch in.ExecutionDateType {
	case "":
		return missing("%s.execution_date_type", name)
	case "first_open_day", "instant":
		return nil
	case "deferred":
		return checkDate(name+".execution_date", in.ExecutionDate, today)
	case "periodic":
		if in.Frequency == "" {
			return missing("%s.frequency", name)
		}
		if !slices.Contains(frequencies, in.Frequency) {
			return invalid("%s.frequency", name)
		}
		if in.EndDate != "" {
			if err := checkDate(name+".end_date", in.EndDate, in.StartDate); err != nil {
				return err
			}
		}
		return checkDate(name+".start_date", in.StartDate, today)
	}
	return invalid("%s.execution_date_type", name)
}

func checkDate(name, date, earliest string) error {
	if date == "" {
		return missing("%s", name)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil || date < earliest {
		return invalid("%s", name)
	}
	return nil
}

func checkAccount(name string, a *account) error {
	a.Identification = iban.Normalise(a.Identification)
	switch {
	case a.Scheme == "":
		return missing("%s.scheme_name", name)
	case a.Identification == "":
		return missing("%s.identification", name)
	case a.Label == "":
		return missing("%s.label", name)
	case a.Scheme == schemeIBAN && iban.Valid(a.Identification), a.Scheme == schemeSortCode && len(a.Identification) == 14:
		return nil
	case a.Scheme == schemeIBAN, a.Scheme == schemeSortCode:
		return invalid("%s.identification", name)
	}
	return invalid("%s.scheme_name", name)
}

// checkBulk requires that all parts of a payment are executed in the same way, and that a schedule has no other parts.
func checkBulk(r *record) error {
	first := r.Instructions[0]
	for _, i := range r.Instructions[1:] {
		if i.Kind != first.Kind || i.ExecutionDate != first.ExecutionDate {
			return invalid("instructions must share execution_date_type and execution_date")
		}
	}
	if first.Kind == "periodic" && len(r.Instructions) > 1 {
		return invalid("a periodic payment has one instruction")
	}
	if c := connectorByUUID(r.Connector); c != nil && !c.takes(r) {
		return invalid("connector_uuid cannot execute this payment")
	}
	return nil
}
