package metrics

import (
	"fmt"
	"io"
	"strings"
)

// TextType is the content type of what WriteText writes.
const TextType = "text/plain; version=0.0.4; charset=utf-8"

// kinds are the names of the kinds in the text format.
var kinds = [...]string{"counter", "gauge", "histogram"}

// WriteText writes metrics in the text format of Prometheus, version 0.0.4, with
// classic histograms.
func WriteText(w io.Writer, all []Family) error {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, kinds[f.Kind])
		for _, p := range f.Points {
			fmt.Fprintf(&b, "%s%s %s\n", f.Name, labelled(p.Labels), number(p.Value, f.Kind))
		}
		if f.Kind == Histogram {
			writeClassic(&b, f)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// number writes a count as a whole number.
func number(x float64, kind Kind) string {
	if kind == Counter {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%g", x)
}

// labelled writes labels in braces, if there are any.
func labelled(labels []Label) string {
	if len(labels) == 0 {
		return ""
	}
	parts := make([]string, len(labels))
	for i, l := range labels {
		parts[i] = fmt.Sprintf("%s=%q", l.Name, l.Value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// writeClassic writes a histogram with cumulative buckets.
func writeClassic(b *strings.Builder, f Family) {
	counts, sum := Buckets(f.Times), uint64(0)
	for i, bound := range bounds {
		sum += counts[i]
		fmt.Fprintf(b, "%s_bucket{le=\"%g\"} %d\n", f.Name, bound, sum)
	}
	n := f.Times.Count()
	fmt.Fprintf(b, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %g\n%s_count %d\n", f.Name, n, f.Name, Sum(f.Times), f.Name, n)
}
