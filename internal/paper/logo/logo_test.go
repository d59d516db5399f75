package logo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func refused(err error) bool {
	var r Refused
	return errors.As(err, &r)
}

// A PNG of a few bytes may claim to be of any size.
func TestADecompressionBombIsNotDecoded(t *testing.T) {
	t.Parallel()
	bomb := pngFile(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	for size, want := range map[[2]uint32]string{
		{60_000, 60_000}: "2048 pixels", {2049, 1}: "2048 pixels", {1, 2049}: "2048 pixels", {0, 1}: "whole", {1 << 31, 1}: "whole",
	} {
		binary.BigEndian.PutUint32(bomb[16:], size[0])
		binary.BigEndian.PutUint32(bomb[20:], size[1])
		binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
		if _, err := Decode(bomb, 512); !refused(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want it refused for %q", size, err, want)
		}
	}
	if p, err := Decode(pngFile(t, image.NewGray(image.Rect(0, 0, 2048, 2048))), 512); err != nil || p.Image.Rect != image.Rect(0, 0, 512, 512) {
		t.Errorf("the largest logo: %v", err)
	}
}

func TestIncompletePicturesAreRefused(t *testing.T) {
	t.Parallel()
	whole := pngFile(t, image.NewGray(image.Rect(0, 0, 40, 40)))
	for name, file := range map[string][]byte{
		"nothing": nil, "half a file": whole[:len(whole)/2], "other": []byte("GIF89a"), "JPEG": {0xff, 0xd8, 0xff}, "large": make([]byte, MaxFile+1),
	} {
		if _, err := Decode(file, 512); !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALogoIsPutOnWhiteAndScaledDown(t *testing.T) {
	t.Parallel()
	m := image.NewNRGBA(image.Rect(0, 0, 4, 2))
	for x := range 2 {
		m.Set(x, 0, color.NRGBA{200, 100, 0, 255})
	}
	p, err := Decode(pngFile(t, m), 2)
	if err != nil || p.Photo {
		t.Fatal(p, err)
	}
	// Each pixel is the mean of four: two of the colour and two of white, or four of white.
	for x, want := range []color.RGBA{{228, 178, 128, 255}, {255, 255, 255, 255}} {
		if got := p.Image.RGBAAt(x, 0); p.Image.Rect != image.Rect(0, 0, 2, 1) || got != want {
			t.Errorf("pixel %d of %v is %v, want %v", x, p.Image.Rect, got, want)
		}
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, m, nil); err != nil {
		t.Fatal(err)
	}
	if p, err := Decode(photo.Bytes(), 9); err != nil || !p.Photo || p.Image.Rect.Dx() != 4 {
		t.Errorf("a JPEG: %v", err)
	}
}

func TestTheNumberOfCachedLogosIsLimited(t *testing.T) {
	t.Parallel()
	const most = 3
	m, made := NewMemory[string](most), 0
	get := func(file string) string {
		got, err := m.Get([]byte(file), func(f []byte) (string, error) { made++; return string(f), nil })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for i := range 3 * most {
		file := fmt.Sprint(i)
		first, again := get(file), get(file)
		if first != file || again != file || made != i+1 || len(m.made) > most {
			t.Fatalf("%d were made of %d logos, %d are kept", made, i+1, len(m.made))
		}
	}
	wrong := errors.New("wrong")
	for range 2 {
		if _, err := m.Get([]byte("bad"), func([]byte) (string, error) { made++; return "", wrong }); !errors.Is(err, wrong) {
			t.Error(err)
		}
	}
	if made != 3*most+2 {
		t.Error("what failed was kept")
	}
}
