package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dueIndex is an index for rows that are due, and the column that says when.
var dueIndex = regexp.MustCompile(`(?m)^create index \w+ on (\w+) \((?:livemode, )?(\w*due_at)\)`)

// ownGauge are the tables that are measured otherwise, and by what.
var ownGauge = map[string]string{
	"gateway/mails": "eupay_gateway_mails_oldest_seconds",
}

// What is due and not worked on is seen only if it is measured: each table with an index of due rows is a queue of its service.
func TestEveryDueTableIsMeasured(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(services + "/*/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(filepath.Dir(f))
		for _, m := range dueIndex.FindAllStringSubmatch(string(content), -1) {
			found++
			if ownGauge[filepath.Base(folder)+"/"+m[1]] != "" {
				continue
			}
			queues, err := os.ReadFile(filepath.Join(folder, "store_queues.go"))
			if err != nil || !strings.Contains(string(queues), "min("+m[2]+") from "+m[1]) {
				t.Errorf("%s: the rows of %s are due by %s, and store_queues.go of the service does not measure it (%v)", filepath.Base(f), m[1], m[2], err)
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d indexes of due rows were found", found)
	}
}
