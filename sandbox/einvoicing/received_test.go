package einvoicing

import (
	"slices"
	"testing"
)

// A platform that starts again has what suppliers sent, in its order, with the answers, and knows an answer that comes again.
func TestReceivedDocumentsSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, func(c *Config) { c.Dir = dir }).enrol("m-1")
	var ids []string
	for _, file := range []string{"<a/>", "<b/>"} {
		id, err := r.p.Deliver("m-1", "cii", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	answer := map[string]any{"external_ref": "a-1", "object_type": "invoice", "object_id": ids[0], "status_code": "APPROVED"}
	r.call(201, "POST", "/lifecycle-events", answer)
	for range 2 { // the second time from the journal that the first has made shorter
		r.open()
		all := r.p.ReceivedDocuments()
		if len(all) != 2 || all[0].ID != ids[0] || all[1].ID != ids[1] || !slices.Equal(all[0].Events, []int{202, 203, 205}) {
			t.Fatalf("%+v", all)
		}
		if got := r.call(200, "GET", "/invoicing/files/"+ids[1]+"?format=original", nil); got.text != "<b/>" {
			t.Errorf("the file is %q", got.text)
		}
		r.call(409, "POST", "/lifecycle-events", answer)
	}
}
