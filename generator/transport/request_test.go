package transport

import (
	"bufio"
	"bytes"
	"io"
	"net/url"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/generator/body"
	"rehearse/internal/recording"
	"rehearse/scenario"
)

// shapes are scenarios whose requests look different.
func shapes(t testing.TB) (all []*scenario.Scenario) {
	t.Helper()
	for _, target := range []string{
		"{}", "{client: posthog-js}", "{client: posthog-node}", "{endpoint: v1}", "{keep_alive: false}",
	} {
		s, err := scenario.Parse("t.yaml", []byte("name: t\nload: {profile: 'const(10, 1s)'}\ntarget: "+target+
			"\ntraffic: {events: {a: 1}}\n"), scenario.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// anyRequest draws a request that differs from others in few things.
func anyRequest(t *rapid.T) *body.Request {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	r := &body.Request{
		Path: pick("path", "/batch/", "/batch/", "/e/?beacon=1"), ContentType: pick("type", "application/json", "text/plain"),
		ContentEncoding: pick("coding", "", "", "gzip"), ForwardedFor: pick("for", "", "", "192.0.2.1"),
		Body: bytes.Repeat([]byte("x"), rapid.SampledFrom([]int{1, 9, 10, 350, 9000, 40_000}).Draw(t, "length")),
	}
	if rapid.IntRange(0, 5).Draw(t, "recorded") == 0 {
		r.Headers = []recording.Header{{Name: "X-Recorded", Value: pick("value", "a", "b")}}
	}
	return r
}

// TestHeadWrittenAgain: a head that is copied from the request before has the bytes of
// one that was made again.
func TestHeadWrittenAgain(t *testing.T) {
	t.Parallel()
	all := shapes(t)
	to := &Destination{URL: &url.URL{Scheme: "http", Host: "endpoint:1", Path: "/prefix/"}, UserAgent: "test/1", Rehearsal: "run=1"}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(all).Draw(t, "shape")
		kept, fresh := newRequestHead(to), newRequestHead(to)
		kept.shape(s, time.Unix(0, 0))
		fresh.shape(s, time.Unix(0, 0))
		for range rapid.IntRange(1, 12).Draw(t, "requests") {
			r, a := anyRequest(t), Attempt{Number: rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "attempt")}
			fresh.written = writtenHead{}
			var texts [2]bytes.Buffer
			for i, h := range []*requestHead{&kept, &fresh} {
				w := bufio.NewWriter(&texts[i])
				h.set(r, a, time.Second)
				if err := h.write(w); err != nil || w.Flush() != nil {
					t.Fatal(err)
				}
			}
			if got, want := texts[0].String(), texts[1].String(); got != want {
				t.Fatalf("written\n%.400s\nwant\n%.400s", got, want)
			}
		}
	})
}

// BenchmarkHead is head and body of a request of one event, from a built body to the
// buffer of a connection.
func BenchmarkHead(b *testing.B) {
	h := newRequestHead(&Destination{URL: &url.URL{Scheme: "http", Host: "endpoint"}, UserAgent: "test"})
	r := &body.Request{Path: "/i/v0/e/", ContentType: "application/json", Body: bytes.Repeat([]byte("x"), 350)}
	w := bufio.NewWriterSize(io.Discard, writeBuffer)
	b.ReportAllocs()
	for b.Loop() {
		h.set(r, Attempt{}, 0)
		if err := h.write(w); err != nil || w.Flush() != nil {
			b.Fatal(err)
		}
	}
}
