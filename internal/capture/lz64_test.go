package capture

import (
	_ "embed"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

//go:embed testdata/lz64_3000.txt
var packed3000 string

// unpack is what text stands for, with at most limit units.
func unpack(text string, limit int) (string, error) {
	var z lz64
	units, err := z.decode([]byte(text), limit)
	if err != nil {
		return "", err
	}
	plain, whole := appendUTF8(nil, units)
	if !whole {
		return "", errors.New("half a character")
	}
	return string(plain), nil
}

// TestLZ64 reads what lz-string 1.5.0 wrote, and writes the same.
func TestLZ64(t *testing.T) {
	t.Parallel()
	var z lz64Encoder
	var long strings.Builder
	for i := range 3000 {
		long.WriteByte(byte(32 + (i*i*7+i)%90))
	}
	for _, row := range []struct{ packed, want string }{
		{"Q===", ""},
		{"IZA=", "a"},
		{"IY18ZVkA", strings.Repeat("a", 40)},
		{"N4IgpgbmB2AuIC5wgDQgCYEsDOtPQGNYB9TdRDVEAQwAdNiBrMATwvgF8g==", `{"event":"e","distinct_id":"d","api_key":"t"}`},
		{"NobwRApgbhB2AuYBcYBrAbAZuiBjA1gASA1BGADRgAOATgPaUTXwCWEAzsuPLfnMmAEMARrnKQAtrQBWzfoF4NwAB7YAL7KAukA=", `[{"event":"Ölfleck €","properties":{"token":"abc","emoji":"😀"}}]`},
		{"IYI15I==", "abababab"},
		{"AAf8AICP//Q=", "\x00\u00ff\u0100\uffff"},
		{packed3000, long.String()},
	} {
		if got := string(z.Append([]byte("x"), []byte(row.want))); got != "x"+row.packed {
			t.Errorf("%.60q: wrote %.40q, want %.40q", row.want, got, row.packed)
		}
		if got, err := unpack(row.packed, 3000); got != row.want || err != nil {
			t.Errorf("%.40q: %.60q, %v, want %.60q", row.packed, got, err, row.want)
		}
	}
}

func TestLZ64Refused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		packed string
		want   error
	}{
		{"", errLZ64},
		{"*", errLZ64},
		{"I", errLZ64},             // breaks off in the first unit
		{"IY18ZV", errLZ64},        // lacks the end
		{"IZ////", errLZ64},        // a code that nothing has learned
		{"IY18ZVkA", nil},          // 40 of 40
		{"IY1+KXUA", errLZ64},      // another such code
		{packed3000, errLZ64Large}, // 3000 of 40
	} {
		if _, err := unpack(row.packed, 40); !errors.Is(err, row.want) {
			t.Errorf("%.40q: %v, want %v", row.packed, err, row.want)
		}
	}
}

// TestLZ64RoundTrip: whatever text is written is read again, in one go or many.
func TestLZ64RoundTrip(t *testing.T) {
	t.Parallel()
	var z lz64Encoder
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("ab\"{}é😀")), 0, 400, -1)).Draw(t, "text")
		packed := z.Append(nil, []byte(text))
		if got, err := unpack(string(packed), len(text)); err != nil || got != strings.ToValidUTF8(text, "\uFFFD") {
			t.Fatalf("%q: %q, %v", text, got, err)
		}
	})
}

// FuzzLZ64Encoder: bytes of any kind come back as the text that they are.
func FuzzLZ64Encoder(f *testing.F) {
	f.Add([]byte("{\"event\":\"\xff€\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var z lz64Encoder
		want := strings.Map(func(r rune) rune { return r }, string(text)) // each bad byte becomes U+FFFD
		if got, err := unpack(string(z.Append(nil, text)), len(text)); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	})
}

// FuzzLZ64: whatever comes, the output keeps its limit and the dictionary stays
// as small as the output.
func FuzzLZ64(f *testing.F) {
	f.Add("N4IgpgbmB2AuIC5wgDQgCYEsDOtPQGNYB9TdRDVEAQwAdNiBrMATwvgF8g==")
	f.Add("IY18ZVkA")
	f.Add("Q===")
	f.Fuzz(func(t *testing.T, text string) {
		const limit = 1000
		var z lz64
		units, err := z.decode([]byte(text), limit)
		if err == nil && len(units) > limit || len(z.phrases) > 2*len(z.out)+lz64Free+1 {
			t.Errorf("%d units, %d phrases, %v", len(units), len(z.phrases), err)
		}
		if plain, whole := appendUTF8(nil, units); whole && !utf8.Valid(plain) {
			t.Errorf("%q is no text", plain)
		}
	})
}
