package invoice

import (
	_ "embed" // the list of codes
	"strings"
)

// unitPiece is the unit of lines without one (UN/ECE Recommendation 20: one).
const unitPiece = "C62"

// unitWords are the units that the public API takes in words.
var unitWords = map[string]string{
	"": unitPiece, "piece": unitPiece, "unit": unitPiece, "minute": "MIN", "hour": "HUR", "day": "DAY", "week": "WEE", "month": "MON", "quarter": "QAN",
	"year": "ANN", "g": "GRM", "kg": "KGM", "tonne": "TNE", "ml": "MLT", "cl": "CLT", "litre": "LTR", "mm": "MMT", "cm": "CMT", "m": "MTR", "km": "KMT",
	"m2": "MTK", "m3": "MTQ", "kwh": "KWH", "set": "SET", "pair": "PR", "dozen": "DZN", "package": "XPK", "box": "XBX", "bottle": "XBO", "pallet": "XPX",
	"flat_rate": "LS",
}

// unitList has the codes of UN/ECE Recommendations 20 and 21 that EN 16931 allows (BR-CL-23).
//
//go:embed units.txt
var unitList string

var unitCodes = codeSet(unitList)

// unitCode returns the code (BT-130) of a word or code, whatever its case.
func unitCode(unit string) (code string, known bool) {
	if code, known := unitWords[strings.ToLower(unit)]; known {
		return code, true
	}
	code = strings.ToUpper(unit)
	return code, unitCodes[code]
}
