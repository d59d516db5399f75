package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/sandbox/s3"
	paymentsschema "european-pay.eu/eupay/services/payments/migrations"
)

// archived is an object in the form that is documented, by which it can be read without this program.
const archived = `reference,merchant_id,livemode,sequence,from_status,to_status,status_detail,failure_code,cause,provider_state,occurred_at,trace_id
PAY-20250131-0B25921FB72918ED,` + shop + `,true,1,,pending,,,create,,2025-01-31T10:00:00.5Z,
PAY-20250131-0B25921FB72918ED,` + shop + `,true,2,pending,completed,,,webhook,done,2025-01-31T10:00:40Z,
PAY-20250130-0B25921FB72918EE,` + "0b259210-0000-7000-8000-000000000002" + `,false,1,,pending,,,create,,2025-01-30T10:00:00Z,
`

// TestTheArchiveIsReadByReferenceMerchantAndDay, and an object that is not as it was is named.
func TestTheArchiveIsReadByReferenceMerchantAndDay(t *testing.T) {
	pool, url := pgtest.New(t, "payments", paymentsschema.FS)
	const bucket, region, access, secret, object = "archive", "eu-west-3", "test-access-key", "test-secret-key-of-the-store", "payment_history/2025-01/PAY-1.csv.gz"
	server, err := s3.New(s3.Config{Dir: t.TempDir(), Bucket: bucket, Region: region, AccessKey: access, SecretKey: secret, Public: "none/"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server.Handler())
	defer srv.Close()
	client, err := minio.New(strings.TrimPrefix(srv.URL, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(access, secret, ""), Region: region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	zip := gzip.NewWriter(&content)
	if _, err := zip.Write([]byte(archived)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	put := func(content []byte) {
		t.Helper()
		if _, err := client.PutObject(t.Context(), bucket, object, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put(content.Bytes())
	sum := sha256.Sum256(content.Bytes())
	if _, err := pool.Exec(t.Context(), `insert into archives (object, month, first_reference, last_reference, payments, rows, bytes, sha256, schema_version, made_at)
		values ($1, '2025-01-01', 'PAY-20250130-0B25921FB72918EE', 'PAY-20250131-0B25921FB72918ED', 2, 3, $2, $3, 1, now())`, object, content.Len(), sum[:]); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EUPAY_DATABASE_URL", url)

	contains(t, ok(t, "archive", "list"), "2025-01", object)
	contains(t, ok(t, "archive", "list", "-o", "json"), `"month":"2025-01","first_reference":"PAY-20250130-0B25921FB72918EE"`, `"rows":3`)
	contains(t, ok(t, "archive", "show", object), object, "schema version", "2025-01")
	if got := eupayctl(t, "archive", "show", "another"); got.code != exitUsage {
		t.Errorf("an unknown object: %+v", got)
	}
	if got := eupayctl(t, "archive", "verify"); got.code != exitFailed {
		t.Errorf("without a store: %+v", got)
	}
	for name, value := range map[string]string{"ENDPOINT": srv.URL, "BUCKET": bucket, "REGION": region, "ACCESS_KEY": access, "SECRET_KEY": secret} {
		t.Setenv("EUPAY_ARCHIVE_S3_"+name, value)
	}
	contains(t, ok(t, "archive", "verify"), "1 of 1 objects are as they were")
	for filter, want := range map[string]int{
		"--reference PAY-20250131-0B25921FB72918ED": 2, "--merchant " + shop: 2, "--day 2025-01-30": 1, "--day 2025-01-31": 2, "--day 2025-02-01": 0,
		"--merchant " + shop + " --day 2025-01-30": 0,
	} {
		lines := ok(t, append([]string{"archive", "read", "-o", "json"}, strings.Fields(filter)...)...)
		if n := strings.Count(lines, "\n"); n != want {
			t.Errorf("%s finds %d rows, want %d:\n%s", filter, n, want, lines)
		}
	}
	contains(t, ok(t, "archive", "read", "--reference", "PAY-20250131-0B25921FB72918ED"), "2025-01-31T10:00:40.000Z", "completed", "webhook")
	for _, wrong := range [][]string{{"archive", "read"}, {"archive", "read", "--day", "yesterday"}} {
		if got := eupayctl(t, wrong...); got.code != exitUsage {
			t.Errorf("%v: %+v", wrong, got)
		}
	}
	put(content.Bytes()[:content.Len()-1])
	got := eupayctl(t, "archive", "verify", object)
	if got.code != exitFailed {
		t.Errorf("a cut object: %+v", got)
	}
	contains(t, got.err, object, "SHA-256")
	if got := eupayctl(t, "archive", "read", "--merchant", shop); got.code != exitFailed {
		t.Errorf("a cut object is read: %+v", got)
	}
}
