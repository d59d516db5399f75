package till

import "strings"

const (
	french  = "fr"
	english = "en"
)

// texts of slips by language.
var texts = map[string]map[string]string{
	french: {
		"language": french, "vat_number": "TVA", "note": "Note", "ticket": "Ticket", "order": "Commande", "table": "Table", "dine_in": "Sur place", "takeaway": "À emporter",
		"duplicate": "DUPLICATA", "test": "TEST - SANS VALEUR", "discount": "Remise comprise", "cancelled": "Annulations", "total": "TOTAL TTC", "net": "HT", "vat": "TVA",
		"gross": "TTC", "eupay": "EU Pay", "cash": "Espèces", "card": "Carte bancaire", "voucher": "Titre-restaurant ou bon", "other": "Autre",
		"bill": "Addition de la table", "refund": "Remboursement",
		"tip": "Pourboire", "due": "RESTE À PAYER", "signature": "Enregistrement", "thanks": "Merci de votre visite", "day": "Clôture journalière",
		"month": "Clôture mensuelle", "year": "Clôture annuelle", "closed": "Clôturé le", "by_hand": "avant la fin de la journée", "records": "Enregistrements",
		"orders": "Commandes", "sales": "Ventes TTC", "sales_net": "Ventes HT", "discounts": "Remises", "cancellations": "Annulations", "refunds": "Remboursements",
		"received": "Encaissé", "tips": "Pourboires (hors chiffre d'affaires)", "grand_total": "Grand total perpétuel", "grand_received": "Total perpétuel encaissé",
		"grand_refunded": "Total perpétuel remboursé", "grand_cancelled": "Total perpétuel annulé", "hash": "Empreinte", "received_vat": "TVA sur encaissements",
		"written_off": "Passé en perte",
	},
	english: {
		"language": english, "vat_number": "VAT", "note": "Bill", "ticket": "Receipt", "order": "Order", "table": "Table", "dine_in": "Eat in", "takeaway": "Take away",
		"duplicate": "DUPLICATE", "test": "TEST - NOT VALID", "discount": "Discount included", "cancelled": "Cancelled", "total": "TOTAL", "net": "Net", "vat": "VAT",
		"gross": "Gross", "eupay": "EU Pay", "cash": "Cash", "card": "Card", "voucher": "Voucher", "other": "Other", "bill": "Bill of the table", "refund": "Refund",
		"tip": "Tip", "due": "TO PAY", "signature": "Record", "thanks": "Thank you for your visit", "day": "Closing of the day",
		"month": "Closing of the month", "year": "Closing of the year", "closed": "Closed on", "by_hand": "before the end of the day", "records": "Records",
		"orders": "Orders", "sales": "Sales with VAT", "sales_net": "Sales without VAT", "discounts": "Discounts", "cancellations": "Cancellations", "refunds": "Refunds",
		"received": "Received", "tips": "Tips (no turnover)", "grand_total": "Perpetual grand total", "grand_received": "Perpetual total received",
		"grand_refunded": "Perpetual total refunded", "grand_cancelled": "Perpetual total cancelled", "hash": "Hash", "received_vat": "VAT on receipts",
		"written_off": "Written off",
	},
}

// words returns the texts of a language: French unless it is English.
func words(language string) map[string]string {
	if strings.HasPrefix(strings.ToLower(language), english) {
		return texts[english]
	}
	return texts[french]
}
