package staging

import (
	"strings"
	"testing"

	"rehearse/internal/capture"
)

// TestWireLimits: 20 MiB now, the framework's 2 MiB in 2024.
func TestWireLimits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		generation capture.Generation
		limit      int
		text       string
	}{
		{capture.Current, 20 << 20, "413 maximum event size exceeded: Request body exceeds limit of 20971520 bytes"},
		{capture.Generation2024, 2 << 20, "413 Failed to buffer the request body: length limit exceeded"},
	} {
		c := Config{Generation: row.generation}
		refusal := row.generation.RefuseWire(c.maxBody())
		if c.maxBody() != row.limit || refusal.Status != 413 || "413 "+refusal.Text != row.text {
			t.Errorf("%v: %d bytes, %d %s", row.generation, c.maxBody(), refusal.Status, refusal.Text)
		}
	}
}

// TestAllow: a method that a route does not take is answered with those that it
// does.
func TestAllow(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{"/batch": "POST,GET,HEAD,OPTIONS", "/": "GET,HEAD"} {
		ctx := handled(New(Config{}), request{method: "DELETE", target: target})
		if got := string(ctx.Response.Header.Peek("Allow")); ctx.Response.StatusCode() != 405 || got != want {
			t.Errorf("%s: %s, allowed %q, want %q", target, said(ctx), got, want)
		}
	}
}

func TestParseGeneration(t *testing.T) {
	t.Parallel()
	for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
		if got, err := capture.ParseGeneration(g.String()); got != g || err != nil {
			t.Errorf("%v: %v, %v", g, got, err)
		}
	}
	if g, err := capture.ParseGeneration("2023"); err == nil || !strings.Contains(err.Error(), "2024") {
		t.Errorf("%v, %v, want an error that says what there is", g, err)
	}
}
