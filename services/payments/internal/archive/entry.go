package archive

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// Entry is an archived row of a payment's history, with whose payment it is.
type Entry struct {
	Reference     string    `json:"reference"`
	MerchantID    string    `json:"merchant_id"`
	Livemode      bool      `json:"livemode"`
	Sequence      int64     `json:"sequence"`
	From          string    `json:"from_status"`
	To            string    `json:"to_status"`
	Detail        string    `json:"status_detail,omitempty"`
	Failure       string    `json:"failure_code,omitempty"`
	Cause         string    `json:"cause"`
	ProviderState string    `json:"provider_state,omitempty"`
	At            time.Time `json:"occurred_at"`
	TraceID       string    `json:"trace_id,omitempty"`
}

// schemaVersion is of the columns of an object. A version that changes them reads the former ones too.
const schemaVersion = 1

var header = []string{
	"reference", "merchant_id", "livemode", "sequence", "from_status", "to_status", "status_detail", "failure_code", "cause", "provider_state", "occurred_at",
	"trace_id",
}

// Manifest says what an object holds. It stands beside the object as JSON, and in the table archives.
type Manifest struct {
	Object        string    `json:"object"`
	Month         string    `json:"month"`
	First         string    `json:"first_reference"`
	Last          string    `json:"last_reference"`
	Payments      int       `json:"payments"`
	Rows          int       `json:"rows"`
	Bytes         int64     `json:"bytes"`
	SHA256        string    `json:"sha256"`
	SchemaVersion int       `json:"schema_version"`
	MadeAt        time.Time `json:"made_at"`
}

func (m Manifest) json() []byte {
	text, _ := json.MarshalIndent(m, "", "  ") // texts, numbers and times cannot fail
	return append(text, '\n')
}

// encode returns the object of the entries and fills what the manifest says about it.
func encode(entries []Entry, m *Manifest) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := csv.NewWriter(zip)
	if err := w.Write(header); err != nil {
		return nil, err
	}
	for _, e := range entries {
		err := w.Write([]string{
			e.Reference, e.MerchantID, strconv.FormatBool(e.Livemode), strconv.FormatInt(e.Sequence, 10), e.From, e.To, e.Detail, e.Failure, e.Cause,
			e.ProviderState, e.At.UTC().Format(time.RFC3339Nano), e.TraceID,
		})
		if err != nil {
			return nil, err
		}
	}
	if w.Flush(); w.Error() != nil {
		return nil, w.Error()
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(out.Bytes())
	m.First, m.Last, m.Rows, m.Payments = entries[0].Reference, entries[len(entries)-1].Reference, len(entries), payments(entries)
	m.Bytes, m.SHA256, m.SchemaVersion = int64(out.Len()), hex.EncodeToString(sum[:]), schemaVersion
	return out.Bytes(), nil
}

// payments counts the different references of entries, which are in their order.
func payments(entries []Entry) int {
	return len(slices.CompactFunc(slices.Clone(entries), func(a, b Entry) bool { return a.Reference == b.Reference }))
}

// errAltered means that an object is not what its manifest says.
var errAltered = errors.New("the object is not what was archived")

// decode returns the entries of an object that is what the manifest says.
func decode(object []byte, m Manifest) ([]Entry, error) {
	if sum := sha256.Sum256(object); hex.EncodeToString(sum[:]) != m.SHA256 {
		return nil, fmt.Errorf("%w: its SHA-256 is %x and should be %s", errAltered, sum, m.SHA256)
	}
	if m.SchemaVersion != schemaVersion {
		return nil, fmt.Errorf("the object has columns of version %d, which this version does not know: use a later one", m.SchemaVersion)
	}
	zip, err := gzip.NewReader(bytes.NewReader(object))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAltered, err)
	}
	r := csv.NewReader(zip)
	r.FieldsPerRecord, r.ReuseRecord = len(header), true
	first, err := r.Read()
	if err != nil || !slices.Equal(first, header) {
		return nil, fmt.Errorf("%w: its first line does not name the columns", errAltered)
	}
	var entries []Entry
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var e Entry
		if err == nil {
			e, err = entry(record)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errAltered, err)
		}
		entries = append(entries, e)
	}
	if len(entries) != m.Rows {
		return nil, fmt.Errorf("%w: it has %d rows and should have %d", errAltered, len(entries), m.Rows)
	}
	return entries, nil
}

func entry(record []string) (Entry, error) {
	e := Entry{
		Reference: record[0], MerchantID: record[1], From: record[4], To: record[5], Detail: record[6], Failure: record[7], Cause: record[8],
		ProviderState: record[9], TraceID: record[11],
	}
	var bad [3]error
	e.Livemode, bad[0] = strconv.ParseBool(record[2])
	e.Sequence, bad[1] = strconv.ParseInt(record[3], 10, 64)
	e.At, bad[2] = time.Parse(time.RFC3339Nano, record[10])
	return e, errors.Join(bad[:]...)
}
