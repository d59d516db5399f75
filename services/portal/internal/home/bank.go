package home

import (
	eupay "european-pay.eu/eupay/sdk/go"
)

// bankNames are those of the first four letters of a BIC, which are the bank's in all of its branches.
var bankNames = map[string]string{
	"AGRI": "Crédit Agricole", "AXAB": "AXA Banque", "BNPA": "BNP Paribas", "BOUS": "BoursoBank", "CCBP": "Banque Populaire", "CCFR": "CCF",
	"CEPA": "Caisse d’Épargne", "CMBR": "Crédit Mutuel Arkéa", "CMCI": "Crédit Mutuel / CIC", "CRLY": "LCL", "FTNO": "Fortuneo",
	"NTSB": "N26", "PSST": "La Banque Postale", "QNTO": "Qonto", "REVO": "Revolut", "SOGE": "Société Générale", "TRZO": "Treezor",
}

// bank is one line of the volume by bank. Name is empty for the banks without a line of their own.
type bank struct {
	eupay.BankSum
	Name string
	// Share is of the largest one, in hundredths.
	Share int
}

func banksOf(list []eupay.BankSum) []bank {
	var most eupay.Amount
	for _, b := range list {
		most = max(most, b.PaidAmount)
	}
	out := make([]bank, len(list))
	for i, b := range list {
		out[i] = bank{BankSum: b, Name: b.BIC, Share: height(b.PaidAmount, most) * 100 / chartHeight}
		if len(b.BIC) >= 4 && bankNames[b.BIC[:4]] != "" {
			out[i].Name = bankNames[b.BIC[:4]]
		}
	}
	return out
}
