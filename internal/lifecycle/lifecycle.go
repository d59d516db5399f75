// Package lifecycle names the steps of an invoice's life cycle between the platforms.
package lifecycle

// The steps that end a document's life cycle: its customer refused it, or a platform rejected it.
const (
	Refused  = 210
	Rejected = 213
)

// labels are the official names in the law's implementing texts, as listed in the tax authority's external specifications (v3.2,
// table 8).
var labels = map[int32]string{
	200: "Déposée", 201: "Émise par la plateforme", 202: "Reçue par la plateforme", 203: "Mise à disposition", 204: "Prise en charge",
	205: "Approuvée", 206: "Approuvée partiellement", 207: "En litige", 208: "Suspendue", 209: "Complétée", 210: "Refusée",
	211: "Paiement transmis", 212: "Encaissée", 213: "Rejetée",
}

// Label returns the French name of a step, 200 to 213; empty for any other code.
func Label(code int32) string { return labels[code] }
