package personal

import "european-pay.eu/eupay/internal/privacy"

const (
	ofMerchant = ` and (@merchant::text = '' or merchant_id = @merchant::text)`
	// chosen are the invoices that the subject names, and the documents that correct them.
	chosen = `select id from invoices where id in (
			select id from invoices where document #>> '{buyer,email}' <> '' and lower(document #>> '{buyer,email}') = any(@emails::text[])
			union select id from invoices where payment_reference <> '' and payment_reference = any(@references::text[])
			union select id from invoices where id = any(@ids::text[]::uuid[])
			union select id from invoices where corrects is not null and corrects = any(@ids::text[]::uuid[]))` + ofMerchant

	law = "an invoice is kept unchanged for ten years (article L123-22 Code de commerce; article L102 B Livre des procédures fiscales: six)"
)

var resolve = []string{
	`select 'reference', unnest(array[id::text, number]) from invoices where id in (` + chosen + `)`,
	`select 'reference', payment_reference from invoices where payment_reference <> '' and id in (` + chosen + `)`,
	`select distinct 'merchant', merchant_id from invoices where id in (` + chosen + `)`,
}

var invoices = privacy.Holding{
	Table: "invoices", Columns: []string{"customer_name", "document", "reason"},
	What: "invoices and credit notes: name, address, place of delivery, email address and telephone of a private customer", Why: "invoices that the law requires",
	Kept: "with the books", Erasing: "Nothing.", Duty: law,
	Find: `select jsonb_build_object('id', id, 'merchant_id', merchant_id, 'livemode', livemode, 'number', number, 'type_code', type_code, 'status', status,
			'issued_on', issued_on, 'customer_name', customer_name, 'payment_reference', payment_reference, 'total_cents', total_cents, 'document', document)
		from invoices where id in (` + chosen + `)`,
}

var documents = privacy.Holding{
	Table: "documents", Columns: []string{"xml", "pdf", "platform_pdf"},
	What: "the files of invoices, as they were sent to the platform", Why: "invoices that the law requires", Kept: "with the books", Erasing: "Nothing.", Duty: law,
	Find: `select jsonb_build_object('invoice_id', invoice_id, 'xml', convert_from(xml, 'UTF8'), 'created_at', created_at) from documents
		where invoice_id in (` + chosen + `)`,
}

var files = privacy.Holding{
	Table: "export_parts", Columns: []string{"data"},
	What: "files for accountants; some name customers", Why: "the merchant's bookkeeping", Kept: "30 days", Erasing: "Nothing: they end by themselves.",
}

var enrolments = privacy.Holding{
	Table: "enrolments", Columns: []string{"settings"},
	What: "a merchant's legal data; that of a sole trader is about a person", Why: "to issue its invoices", Kept: "with the books",
	Erasing: "Nothing: it is the merchant's.",
}

var received = privacy.Holding{
	Table: "received_invoices", Columns: []string{"document", "findings", "seller_key", "seller_name", "ibans"},
	What: "invoices of suppliers: a sole trader, a contact, an account", Why: "invoices that the law requires", Kept: "with the books", Erasing: "Nothing.", Duty: law,
}

var receivedFiles = privacy.Holding{
	Table: "received_files", Columns: []string{"original", "xml"},
	What: "the files of suppliers' invoices, as they came", Why: "invoices that the law requires", Kept: "with the books", Erasing: "Nothing.", Duty: law,
}
