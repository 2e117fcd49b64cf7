package anonymize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rehearse/internal/capture"
)

// TestMasksKeepTheShape: values keep their length and their type.
func TestMasksKeepTheShape(t *testing.T) {
	t.Parallel()
	p := &Anonymizer{key: [32]byte{1}}
	for text, shape := range map[string]string{
		"Anna-7 é": "Aaaa-0 a", "2026-01-31T10:20:30.123Z": "0000-00-00T00:00:00.000Z", "2026-01-31": "0000-00-00",
		"1767225600": "0000000000",
	} {
		got := string(p.appendText(nil, []byte(text)))
		form := strings.Map(func(c rune) rune {
			switch {
			case c >= '0' && c <= '9':
				return '0'
			case c >= 'a' && c <= 'z':
				return 'a'
			case c >= 'A' && c <= 'Z' && !strings.HasPrefix(text, "20"):
				return 'A'
			}
			return c
		}, got)
		if form != shape || got == text {
			t.Errorf("%s became %s, of the shape %s", text, got, form)
		}
	}
	for _, number := range []string{"0", "-12", "0.5", "1e9", "-0.25E-3", "12345678901234567890"} {
		if got := p.appendNumber(nil, []byte(number)); !json.Valid(got) || len(got) != len(number) {
			t.Errorf("%s became %s", number, got)
		}
	}
}

// BenchmarkMask masks an event of twenty properties.
func BenchmarkMask(b *testing.B) {
	p := &Anonymizer{key: [32]byte{1}}
	var properties bytes.Buffer
	for i := range 20 {
		fmt.Fprintf(&properties, `,"property_%d":"some value of a property %d"`, i, i)
	}
	properties.WriteByte('}')
	text := append([]byte{'{'}, properties.Bytes()[1:]...)
	w, id := &Scratch{}, []byte("user-1")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		e := capture.Event{DistinctID: id, Properties: text}
		p.Mask(&e, w)
	}
}
