package capture

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
)

func canonical(text string) string {
	return string(appendCanonical(nil, jsonscan.New([]byte(text))))
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want string }{
		{`23`, `23`},
		{`-5`, `-5`},
		{`18446744073709551615`, `18446744073709551615`}, // 2^64-1: an integer
		{`18446744073709551616`, `1.8446744073709552e19`},
		{`-9223372036854775809`, `-9.223372036854776e18`},
		{`1.0`, `1.0`},
		{`1e2`, `100.0`},
		{`-0`, `-0.0`},
		{`0.0`, `0.0`},
		{`1e15`, `1000000000000000.0`},
		{`1e16`, `1e16`},
		{`0.00001`, `0.00001`},
		{`0.0000012`, `1.2e-6`},
		{`1E+300`, `1e300`},
		{`true`, `true`},
		{`null`, `null`},
		{` [ 1 , [ ] , { } , null ] `, `[1,[],{},null]`},
		{`{"b":1,"a":{"d":2,"c":[3]},"b":4}`, `{"a":{"c":[3],"d":2},"b":4}`},
		{`{"\u0062":"\u00e9\n","a":"\""}`, `{"a":"\"","b":"é\n"}`},
		{strings.Repeat(`{"b":0,"a":`, 9) + `1` + strings.Repeat(`}`, 9), strings.Repeat(`{"a":`, 9) + `1` + strings.Repeat(`,"b":0}`, 9)},
	} {
		if got := canonical(row.in); got != row.want {
			t.Errorf("%s: got %s, want %s", row.in, got, row.want)
		}
	}
}

// TestCanonicalNumber: what is printed is the number that serde_json reads, which
// in the last digits need not be the nearest.
func TestCanonicalNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawn := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if math.IsNaN(drawn) || math.IsInf(drawn, 0) {
			return
		}
		written := strconv.FormatFloat(drawn, 'g', -1, 64)
		_, want, ok := serdejson.Number([]byte(written))
		if !ok {
			return // so near the end of the range that serde_json steps over it
		}
		text := canonical(written)
		if got, err := strconv.ParseFloat(text, 64); err != nil || got != want || !json.Valid([]byte(text)) {
			t.Fatalf("%v: got %s, %v", want, text, err)
		}
	})
}

// FuzzCursor walks any valid text to its end, and finds the members and spans
// that gjson finds.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{`{"a":[1,{"b":"\\\""}],"c":null}`, ` [ ] `, `"x"`, `{"\u0061":-1.5e3 }`, `[[],[{}]]`, `{"a":-1E700}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !utf8.Valid(text) || serdejson.Check(text) != nil {
			return
		}
		if got := appendCanonical(nil, jsonscan.New(text)); !gjson.ValidBytes(got) {
			t.Fatalf("%q: canonical form %q is not JSON", text, got)
		}
		c := jsonscan.New(text)
		if c.Kind() != '{' {
			return
		}
		for name, want := range gjson.ParseBytes(text).All() {
			if !atMember(c) {
				t.Fatalf("%q: no member at %d, want %q", text, c.Offset(), name.Str)
			}
			if key, value := c.Key(), c.Value(); string(key) != name.Str || string(value) != want.Raw {
				t.Fatalf("%q: got %q: %q, want %q: %q", text, key, value, name.Str, want.Raw)
			}
		}
	})
}

// atMember enters the object if need be, and reports whether a member follows.
func atMember(c *jsonscan.Cursor) bool {
	if c.Kind() == '{' {
		c.Enter()
	}
	return c.More()
}
