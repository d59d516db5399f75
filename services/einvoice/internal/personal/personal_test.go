package personal

import (
	"testing"

	"european-pay.eu/eupay/internal/kit/privacytest"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestEveryColumnThatLooksPersonalIsOnTheList(t *testing.T) {
	t.Parallel()
	privacytest.Complete(t, Room(), migrations.FS)
}

func TestThePageSaysWhatTheListSays(t *testing.T) {
	t.Parallel()
	privacytest.Documented(t, Room(), "../../../../docs/personal-data.md")
}
