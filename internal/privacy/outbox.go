package privacy

// Outbox is the table of events that every service has. What an event says of a person is in the rows that it was made of.
func Outbox() Holding {
	return Holding{
		Table: "outbox", Columns: []string{"data"},
		What: "events as they were announced; a merchant's texts and metadata may name its customer", Why: "to tell the other services",
		Kept:    "50 h after they were published (`EUPAY_OUTBOX_KEEP`)",
		Erasing: "Nothing: they end by themselves.",
	}
}
