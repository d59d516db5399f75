package qrcode

import (
	"errors"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	reader "github.com/makiuchi-d/gozxing/qrcode"
	"rsc.io/qr/coding"
)

func encode(t testing.TB, text string) *Code {
	t.Helper()
	c, err := Encode(text, H, MaxVersion)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read decodes a code with a decoder that shares no code with us.
func read(t testing.TB, c *Code) *gozxing.Result {
	t.Helper()
	const scale = 3
	m := image.NewGray(image.Rect(0, 0, scale*(c.Size+2*Quiet), scale*(c.Size+2*Quiet)))
	for i := range m.Pix {
		x, y := i%m.Stride/scale-Quiet, i/m.Stride/scale-Quiet
		if x < 0 || y < 0 || x >= c.Size || y >= c.Size || !c.Dark(x, y) {
			m.Pix[i] = 255
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(m)
	if err != nil {
		t.Fatal(err)
	}
	result, err := reader.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_PURE_BARCODE: true, gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
	})
	if err != nil {
		t.Fatalf("not readable: %v", err)
	}
	return result
}

// textOf makes a text of that many bytes, with accents in it.
func textOf(r *rand.Rand, length int) string {
	letters := []rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/?=&éàçœ€")
	var b strings.Builder
	for b.Len() < length-3 {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	for b.Len() < length {
		b.WriteByte('x')
	}
	return b.String()
}

func TestACodeIsReadBackAtItsLevel(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		"1", "12345678901234567890", "HTTPS://PAY.EXAMPLE/1", "é", "BCD\n002\n1\nSCT\n\nCafe Noisette\nFR7630006000011234567890189\nEUR29.99",
		strings.Repeat("x", 1273), strings.Repeat("7", 1273),
	}
	for length := 20; length <= 1200; length += 59 {
		texts = append(texts, textOf(r, length))
	}
	for _, text := range texts {
		for level, want := range map[Level]string{M: "M", H: "H"} {
			c, err := Encode(text, level, MaxVersion)
			if err != nil {
				t.Fatal(err)
			}
			result := read(t, c)
			if got := result.GetResultMetadata()[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL]; result.GetText() != text || got != want {
				t.Errorf("%.20q at %s: read %.20q at %v", text, want, result.GetText(), got)
			}
		}
	}
}

func TestTheVersionIsBounded(t *testing.T) {
	t.Parallel()
	const highest = 13 // as EPC069-12 allows
	for length, want := range map[int]error{331: nil, 332: ErrTooLong} {
		if c, err := Encode(strings.Repeat("x", length), M, highest); !errors.Is(err, want) || err == nil && c.Size != 17+4*highest {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
	if _, err := Encode(strings.Repeat("x", 1274), H, MaxVersion); !errors.Is(err, ErrTooLong) {
		t.Errorf("more than the largest code holds: %v", err)
	}
}

func TestTheMaskIsTheOneWithTheLeastPenalty(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("\x00", 200) // its best mask is not the first one
	chosen := encode(t, text)
	p, err := planOf(coding.Version((chosen.Size-17)/4), coding.H)
	if err != nil {
		t.Fatal(err)
	}
	least, worse := 0, 0
	for mask := range coding.Mask(masks) {
		plan, err := coding.NewPlan(p.first.Version, coding.H, mask)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := plan.Encode(segment(text))
		if err != nil {
			t.Fatal(err)
		}
		c, same := newCode(drawn.Size), true
		for y := range c.Size {
			for x := range c.Size {
				if drawn.Black(x, y) {
					c.set(x, y)
				}
				same = same && drawn.Black(x, y) == chosen.Dark(x, y)
			}
		}
		switch points := c.penalty(); {
		case points < chosen.penalty():
			t.Errorf("mask %d has %d, the chosen one %d", mask, points, chosen.penalty())
		case same:
			least++
		default:
			worse++
		}
	}
	if least != 1 || worse != masks-1 {
		t.Errorf("%d masks like the chosen one, %d worse", least, worse)
	}
}

// The examples are small enough to count by hand.
func TestThePenaltyCountsByTheStandard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int
		dark string
		want int
	}{
		// Six light lines: 3+1 for each row and column; 25 blocks; 50 % away from half.
		"blank": {6, strings.Repeat("0", 36), 12*(3+1) + 25*3 + 10*10},
		"board": {2, "0110", 0},
		"row":   {11, "10111010000" + strings.Repeat("01010101010"+"10101010101", 5), 40},
	} {
		code := newCode(c.size)
		for i, module := range c.dark {
			if module == '1' {
				code.set(i%c.size, i/c.size)
			}
		}
		got := code.penalty()
		if name == "row" {
			got = code.rows[0].penalty(11)
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// counted is the penalty as the standard words it, module by module.
func counted(c *Code) int {
	points, dark := 0, 0
	for i := range c.Size {
		for _, at := range []func(int) bool{func(j int) bool { return c.Dark(j, i) }, func(j int) bool { return c.Dark(i, j) }} {
			text := ""
			for j := range c.Size {
				text += map[bool]string{true: "1", false: "0"}[at(j)]
			}
			for j := range len(text) - 10 {
				if s := text[j : j+11]; s == "10111010000" || s == "00001011101" {
					points += 40
				}
			}
			for j := 0; j < len(text); {
				n := 1
				for j+n < len(text) && text[j+n] == text[j] {
					n++
				}
				if n >= 5 {
					points += n - 2
				}
				j += n
			}
		}
		for j := range c.Size {
			if c.Dark(i, j) {
				dark++
			}
			if i > 0 && j > 0 && c.Dark(i, j) == c.Dark(i-1, j) && c.Dark(i, j) == c.Dark(i, j-1) && c.Dark(i, j) == c.Dark(i-1, j-1) {
				points += 3
			}
		}
	}
	all := c.Size * c.Size
	return points + abs(20*dark-10*all)/all*10
}

func TestThePenaltyIsThatOfCountingModuleByModule(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for length := 1; length < 1273; length += 61 {
		c := encode(t, textOf(r, max(length, 4)))
		if got, want := c.penalty(), counted(c); got != want {
			t.Errorf("%d modules: %d, want %d", c.Size, got, want)
		}
	}
}
