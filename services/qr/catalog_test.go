package qr

import (
	"maps"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const seller = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"

func TestAProductWithoutAnImageGetsOne(t *testing.T) {
	t.Parallel()
	svc, _ := start(t)
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.QR, svc.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := qrv1.NewCatalogServiceClient(conn)
	res, err := client.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: seller, Fields: &qrv1.ProductFields{
		Name: proto.String("Café Noisette"), PriceTtcCents: proto.Int64(350),
	}})
	if err != nil || res.GetProduct().GetImageUrl() != "" {
		t.Fatalf("%v, %v", res, err)
	}
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		got, err := client.GetProduct(t.Context(), &qrv1.GetProductRequest{MerchantId: seller, Id: res.GetProduct().GetId()})
		if err != nil {
			t.Fatal(err)
		}
		if image := got.GetProduct().GetImageUrl(); image != "" {
			if image != "https://api.european-pay.eu/static/product-images/coffee.svg" {
				t.Errorf("got %s", image)
			}
			return
		}
		select {
		case <-poll.C:
		case <-t.Context().Done():
			t.Fatal("no image came")
		}
	}
}

func TestCatalogSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{
		"a store without keys":     {"EUPAY_S3_ENDPOINT": "https://s3.eu-west-3.amazonaws.com", "EUPAY_S3_SECRET_KEY": "hush"},
		"an unknown search":        {"EUPAY_IMAGE_SEARCH": "web"},
		"a model without a store":  {"EUPAY_IMAGE_SEARCH": "bedrock", "EUPAY_BEDROCK_ACCESS_KEY": "a", "EUPAY_BEDROCK_SECRET_KEY": "hush"},
		"a gateway that is no URL": {"EUPAY_PUBLIC_URL": "api.example"},
	} {
		vars["EUPAY_DATABASE_URL"], vars["EUPAY_QR_SIGNING_KEY"] = "postgres://x", key
		maps.Copy(vars, anyIdentity.Settings())
		if err := config.Parse(&Config{}, vars); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
