package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// texts draws a JSON text with white space where it may stand.
func texts(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space")
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind = min(kind, 3)
	}
	switch kind {
	case 0:
		return space + rapid.SampledFrom([]string{"null", "true", "-1.5e3", "0", "12"}).Draw(t, "scalar") + space
	case 4, 5:
		var parts []string
		for i := range rapid.IntRange(0, 3).Draw(t, "length") {
			part := texts(t, depth-1)
			if kind == 4 {
				part = fmt.Sprintf("%s\"%s%d\"%s:%s", space,
					rapid.SampledFrom([]string{"a", `\u0061`, `\"`, `\\`, "é"}).Draw(t, "name"), i, space, part)
			}
			parts = append(parts, part)
		}
		brackets := "{}[]"[2*(kind-4):]
		return space + brackets[:1] + strings.Join(parts, ",") + space + brackets[1:2] + space
	}
	return space + `"` + rapid.SampledFrom([]string{"", "x", `\\`, `\"`, `\\\"`, `}`, `\u00e9`, "[,]"}).Draw(t,
		"text") + `"` + space
}

// same compares what a cursor hands out of a text with what encoding/json reads.
func same(t *rapid.T, text []byte) {
	c := New(text)
	switch c.Kind() {
	case '{':
		decoder := json.NewDecoder(bytes.NewReader(text))
		_, _ = decoder.Token() // the brace; the text is valid
		for c.Enter(); c.More(); {
			name, err := decoder.Token()
			if err != nil || string(c.Key()) != name {
				t.Fatalf("%q: a name is %v by encoding/json (%v)", text, name, err)
			}
			sameValue(t, c, decoder)
		}
		if decoder.More() {
			t.Fatalf("%q: there are more members", text)
		}
	case '[':
		decoder := json.NewDecoder(bytes.NewReader(text))
		_, _ = decoder.Token()
		for c.Enter(); c.More(); {
			sameValue(t, c, decoder)
		}
		if decoder.More() {
			t.Fatalf("%q: there are more elements", text)
		}
	}
}

func sameValue(t *rapid.T, c *Cursor, decoder *json.Decoder) {
	var want json.RawMessage
	if err := decoder.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if got := c.Value(); string(got) != string(want) {
		t.Fatalf("value %q, by encoding/json %q", got, want)
	}
	same(t, want)
}

// TestCursor holds the spans to those of encoding/json.
func TestCursor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { same(t, []byte(texts(t, 4))) })
}

// TestDeeper: brackets in texts do not count.
func TestDeeper(t *testing.T) {
	t.Parallel()
	for text, depth := range map[string]int{
		`1`:             0,
		`"[[["`:         0,
		`[]`:            1,
		`[[],{"a":[]}]`: 3,
		`{"[":"\"["}`:   1,
		`[[[`:           3,
	} {
		if Deeper([]byte(text), depth) || depth > 0 && !Deeper([]byte(text), depth-1) {
			t.Errorf("%s is not found to be %d deep", text, depth)
		}
	}
}

// FuzzCursor: whatever the text, a walk ends and stays within it.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{`{"a":[1,"\\"]}`, `["`, `{"a"`, `[1,`, `{`, `"\`, `]`, `{"a":}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := New(text)
		for c.Enter(); c.More(); {
			before := c.Offset()
			c.Key()
			c.Value()
			if c.Offset() == before {
				return
			}
		}
	})
}
