package anonymize

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

// anyJSON draws a value of at most so many levels.
func anyJSON(levels int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just(any(nil)), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(),
		rapid.String().AsAny(),
		rapid.SampledFrom([]string{"a \"quote\"", "back\\slash", "new\nline", "\u2028 ☃ 😀", "x@example.com"}).AsAny(),
	}
	if levels == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := anyJSON(levels - 1)
	return rapid.OneOf(append(scalars,
		rapid.SliceOfN(inner, 0, 4).AsAny(),
		rapid.MapOfN(rapid.OneOf(rapid.StringMatching(`[a-z_$]{1,8}`), rapid.String()), inner, 0, 4).AsAny())...)
}

// sameShape reports whether two values are alike but for what was masked.
func sameShape(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) < len(b) { // Two names that are data might become one, but never three.
			return false
		}
		for name, value := range a {
			if other, kept := b[name]; isName([]byte(name)) && (!kept || !sameShape(value, other)) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameShape)
	case string:
		_, ok := b.(string)
		return ok
	case float64:
		_, ok := b.(float64)
		return ok
	}
	return a == b
}

// TestMaskingKeepsTheShape: whatever the properties are, written in whatever way, the
// masked ones are valid and of the same form, against encoding/json.
func TestMaskingKeepsTheShape(t *testing.T) {
	t.Parallel()
	p := &Anonymizer{key: [32]byte{1}}
	w := &Scratch{}
	rapid.Check(t, func(t *rapid.T) {
		value := map[string]any{"outer": anyJSON(3).Draw(t, "value"), "z": 1}
		text, err := json.Marshal(value)
		if rapid.Bool().Draw(t, "indented") {
			text, err = json.MarshalIndent(value, " ", "\t")
		}
		if err != nil {
			t.Skip("no JSON")
		}
		var was, is any
		if err := json.Unmarshal(text, &was); err != nil {
			t.Fatal(err)
		}
		e := capture.Event{DistinctID: []byte("u"), Properties: text}
		p.Mask(&e, w)
		if err := json.Unmarshal(e.Properties, &is); err != nil || !sameShape(was, is) {
			t.Fatalf("%s became %s: %v", text, e.Properties, err)
		}
	})
}

// TestMaskingOfNames: the name of an event stays, unless it tells of a person.
func TestMaskingOfNames(t *testing.T) {
	t.Parallel()
	p, w := &Anonymizer{key: [32]byte{1}}, &Scratch{}
	mask := func(name string) (masked, id string) {
		e := capture.Event{Name: []byte(name), DistinctID: []byte("u"), Properties: []byte("{}")}
		p.Mask(&e, w)
		return string(e.Name), string(e.DistinctID)
	}
	name, id := mask("$pageview")
	if name != "$pageview" || len(id) != shortest {
		t.Errorf("$pageview by %q became %q", id, name)
	}
	masked, same := mask("invited jane@example.com")
	if strings.Contains(masked, "jane") || strings.Contains(masked, "example") ||
		len(masked) != len("invited jane@example.com") || same != id {
		t.Errorf("an address became %q by %q", masked, same)
	}
	if again, _ := mask("invited jane@example.com"); again != masked {
		t.Errorf("one name became %q and %q", masked, again)
	}
}

// TestMaskingReadsEscapes: a text is what it says, however it is written, and an id
// is the same as one that is written plainly.
func TestMaskingReadsEscapes(t *testing.T) {
	t.Parallel()
	p := &Anonymizer{key: [32]byte{1}, keep: []string{"plan"}}
	w := &Scratch{}
	masked := func(properties string) string {
		e := capture.Event{DistinctID: []byte("u"), Properties: []byte(properties)}
		p.Mask(&e, w)
		return string(e.Properties)
	}
	for plain, escaped := range map[string]string{
		`{"$device_id":"anna"}`:        `{"\u0024device_id":"\u0061nna"}`,
		`{"alias":"é/😀"}`:              `{"alias":"\u00e9\/\ud83d\ude00"}`,
		`{"alias":"\ufffd-"}`:          `{"alias":"\ud83d-"}`,
		`{"text":"a\tb\\"}`:            `{"text":"\u0061\u0009b\u005c"}`,
		`{"a":{"alias":["x","anna"]}}`: `{"a" : { "alias":[ "x" , "\u0061nna" ] } }`,
	} {
		one, other := masked(plain), masked(escaped)
		one, other = strings.ReplaceAll(one, `\u0024`, "$"), strings.ReplaceAll(other, `\u0024`, "$")
		if one != other {
			t.Errorf("%s became %s, and %s became %s", plain, one, escaped, other)
		}
	}
	want := `{"plan":{"a":["b",1]},"n":true,"m":null}`
	if got := masked(`{"plan":{"a":["b",1]},"n":true,"m":null}`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := masked(`{"distinct_id":17}`); got != masked(`{"distinct_id":"17"}`) {
		t.Errorf("an id that is a number became %s", got)
	}
}

// TestMaskingAllocatesNothing: a warm workbench masks without allocating.
func TestMaskingAllocatesNothing(t *testing.T) {
	p := &Anonymizer{key: [32]byte{1}}
	w := &Scratch{}
	id := []byte("user-1")
	properties := []byte(`{"$device_id":"0190a7e2-4b35-7c66-825e-8b0eeae65714","list":[1,"two",{"a@b":-3.5}],` +
		`"text":"a \"quote\"","at":"2026-01-01T00:00:00Z"}`)
	mask := func() {
		e := capture.Event{DistinctID: id, Properties: properties}
		p.Mask(&e, w)
	}
	mask()
	if n := testing.AllocsPerRun(100, mask); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}
