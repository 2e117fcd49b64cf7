package staging

import (
	"strings"
	"testing"
)

// TestMetrics: the counts go by the service's own names, and each family is
// described once.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	handled(s, post("/batch", batch(event+","+event)))
	handled(s, post("/e", "{"))
	handled(s, post("/batch", batch(event+`,{"event":""}`)))
	ctx := handled(s, get("/metrics"))
	text := string(ctx.Response.Body())
	for _, line := range []string{
		"capture_events_received_total 4", "capture_events_ingested_total 2",
		`capture_events_dropped_total{cause="refused"} 2`,
		`rehearse_requests_total{route="/batch",status="200"} 1`, `rehearse_requests_total{route="/e",status="400"} 1`,
		`capture_events_rerouted_overflow{reason="rate_limited"} 0`,
		`rehearse_order_violations_total{kind="backwards"} 0`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	if n := strings.Count(text, `lane="main"`); n != 64 {
		t.Errorf("%d partitions", n)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			if seen[name] || !strings.HasSuffix(name, " counter\n") {
				t.Errorf("%s", line)
			}
			seen[name] = true
		}
	}
	if kind := string(ctx.Response.Header.ContentType()); !strings.HasPrefix(kind, "text/plain; version=0.0.4") ||
		len(seen) != 8 {
		t.Errorf("%s, %d families", kind, len(seen))
	}
}
