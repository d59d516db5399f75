package till

import (
	"fmt"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// What the API takes: whole quarters of an hour up to noon.
const (
	quarter   = 15
	latestDay = 12 * 60
)

// readStart reads when days start.
func (v *view) readStart(r *web.Request) (err error) {
	if v.Settings, err = r.API.Till.Settings(r.Ctx()); err != nil || !v.MaySet {
		return err
	}
	for minutes := 0; minutes <= latestDay; minutes += quarter {
		at := fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
		v.Starts = append(v.Starts, map[string]any{"value": at, "label": at})
	}
	if !v.Form.Is("day_starts_at") {
		v.Form.Values.Set("day_starts_at", v.Settings.DayStartsAt)
	}
	return nil
}

// setStart sets when days start.
func setStart(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.Till.SetSettings(r.Ctx(), eupay.TillSettingsParams{DayStartsAt: f.Get("day_starts_at")}); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home, "till_saved")
}
