package capture

import (
	_ "embed"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
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

// TestLZ64 reads what lz-string 1.5.0 wrote.
func TestLZ64(t *testing.T) {
	t.Parallel()
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
		{packed3000, long.String()},
	} {
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
