package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPicture: a picture is XML, and every shape and text has its colour as an
// attribute too, since some renderers know no style: there it would be black.
func TestPicture(t *testing.T) {
	t.Parallel()
	p := New(300, 200)
	p.Text(10, 20, Start, Title, Text, `<b>"&'`)
	p.Rule(0, 1, 2, 3, Limit, "2 3")
	p.Path(Line([]float64{0, 1}, []float64{2, 3}), 2, Data, "")
	p.Fill(Area([]float64{0, 1}, []float64{2, 3}, []float64{4, 4}), Pale)
	p.Fill("", Pale)
	p.Dot(1, 1, Second)
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	said, shapes := "", 0
	in := xml.NewDecoder(&out)
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			said += string(token)
		case xml.StartElement:
			if slices.Contains([]string{"svg", "style"}, token.Name.Local) {
				continue
			}
			shapes++
			if !coloured(token) {
				t.Errorf("%s %v has no colour of its own", token.Name.Local, token.Attr)
			}
		}
	}
	if shapes != 6 || !strings.Contains(said, `<b>"&'`) {
		t.Errorf("%d shapes, text %q", shapes, said)
	}
}

func coloured(e xml.StartElement) bool {
	return slices.ContainsFunc(e.Attr, func(a xml.Attr) bool {
		return (a.Name.Local == "fill" || a.Name.Local == "stroke") && strings.HasPrefix(a.Value, "#")
	})
}

// TestAxis: greater values lie further on, and none outside.
func TestAxis(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(0.001, 1000).Draw(t, "low")
		a := Axis{low, low * rapid.Float64Range(1, 1e6).Draw(t, "ratio"), 10, 200, rapid.Bool().Draw(t, "log")}
		v := rapid.Float64Range(0, 1e9).Draw(t, "value")
		at, more := a.At(v), a.At(v*rapid.Float64Range(1, 10).Draw(t, "times"))
		if at > more || at < 10 || more > 200 || a.At(a.Low) != 10 {
			t.Fatalf("%+v: %v lies at %v, what is more at %v", a, v, at, more)
		}
	})
}

// TestTicks: they rise, are few, and those of an axis that begins or ends with them
// span what is shown.
func TestTicks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(0.01, 1e5).Draw(t, "low")
		high := low + rapid.Float64Range(0.1, 1e7).Draw(t, "span")
		for name, ticks := range map[string][]float64{
			"time":  TimeTicks(low, high),
			"log":   LogTicks(low, high),
			"count": CountTicks(high),
		} {
			if len(ticks) > 13 || !slices.IsSorted(ticks) || slices.Contains(ticks, math.Inf(1)) {
				t.Fatalf("%s: %v to %v: %v", name, low, high, ticks)
			}
		}
		if l := LogTicks(low, high); l[0] > low*1.000001 || l[len(l)-1] < high*0.999999 {
			t.Fatalf("%v to %v: %v", low, high, l)
		}
		if c := CountTicks(high); c[0] != 0 || c[len(c)-1] < high*0.999999 || len(c) > 7 {
			t.Fatalf("0 to %v: %v", high, c)
		}
	})
}
