package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for text, want := range map[string][]Stage{
		"const(5, 1s)":                    {{5, 5, s}},
		" line( 0 , 300k/min , 1m30s )\n": {{0, 5000, 90 * s}},
		"line(1,2,1s)const(2,1s)":         {{1, 2, s}, {2, 2, s}},
		"step(1, 3, 1, 1s)":               {{1, 1, s}, {2, 2, s}, {3, 3, s}},
		"step(3, 1, 1, 1s)":               {{3, 3, s}, {2, 2, s}, {1, 1, s}},
		"step(0, 5, 2, 1s)":               {{0, 0, s}, {2, 2, s}, {4, 4, s}, {5, 5, s}},
		"step(2, 2, 1, 1s)":               {{2, 2, s}},
		"step(0, 0.75, 0.25, 1s)":         {{0, 0, s}, {0.25, 0.25, s}, {0.5, 0.5, s}, {0.75, 0.75, s}},
		// 0.1 + 0.1 + 0.1 is not 0.3.
		"step(0, 0.3, 0.1, 1s)": {{0, 0, s}, {0.1, 0.1, s}, {0.2, 0.2, s}, {0.3, 0.3, s}},
		"line(7, 9, 0)":         {{7, 9, 0}},
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "empty",
		"const":                      "closing ) is missing",
		"const(5, 1s":                "closing ) is missing",
		"5, 1s)":                     "opening ( is missing",
		"sine(1, 2, 3s)":             `unknown shape "sine", known are const, line, step`,
		"const(5)":                   "it reads const(rate, over)",
		"line(1, 2, 3, 4s)":          "it reads line(from, to, over)",
		"const(5, 10)":               "the unit is missing",
		"const(-5, 1s)":              "negative",
		"step(1, 2, 0, 1s)":          "by must be more than 0",
		"step(0, 10M, 1, 1s)":        "more than 10000 steps",
		"step(0, 1G, 1e-300, 1s)":    "more than 10000 steps",
		"const(1x, 1s) const(1, 1y)": "unknown unit \"x\"\ncannot read \"const(1, 1y)\"",
		"const(1, 1s), const(1, 1s)": `unknown shape ", const"`,
		"const(1, 1s) line(" + strings.Repeat("0", 1000) + ")": "…",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"line(0, 5000, 10m) const(5000, 30m) line(5000, 0, 1m)", "step(1k, 5k, 1k, 2m)", "const(300k/min, 1.5h)",
		"step(0,1,0.1,1s)", "const((1, 1s))",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stages, err := Parse(text)
		if err != nil {
			return
		}
		p, err := NewCurve(stages)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if len(p.Stages()) > 0 && err != nil {
			t.Fatalf("%q became %q: %v", text, p, err)
		}
		if diff := cmp.Diff(p.Stages(), again); len(again) > 0 && diff != "" {
			t.Errorf("%q became %q:\n%s", text, p, diff)
		}
		total := p.Total()
		if total < 0 || float64(total) > p.Count(p.Span()) {
			t.Fatalf("%q: Total = %d of %v", text, total, p.Count(p.Span()))
		}
		for _, i := range []int64{0, total / 2, total} {
			if due := p.When(float64(i)); due < 0 || due > p.Span() {
				t.Errorf("%q: When(%d) = %v", text, i, due)
			}
		}
	})
}
