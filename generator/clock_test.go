package generator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/transport"
	"rehearse/results"
)

// TestAhead: a clock is wrong by what cannot be explained by whole seconds and by
// the time that an answer took.
func TestAhead(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		date       time.Duration // whole seconds
		sent, done time.Duration
		want       time.Duration
	}{
		{0, 300 * ms, 900 * ms, 0},                               // made in the second that it names
		{0, 300 * ms, 1900 * ms, 0},                              // or near the beginning of a slow answer
		{0, 1200 * ms, 1900 * ms, -200 * ms},                     // at 0.999… at the latest
		{2 * time.Second, 1200 * ms, 1900 * ms, 100 * ms},        // not before 2
		{time.Hour, 0, time.Second, time.Hour - time.Second},     //
		{-time.Hour, 0, time.Second, -(time.Hour - time.Second)}, //
	} {
		if got := ahead(at.Add(row.date), at.Add(row.sent), at.Add(row.done)); got != row.want {
			t.Errorf("%v between %v and %v: %v, want %v", row.date, row.sent, row.done, got, row.want)
		}
	}
}

// TestClocks: the first answer that has a date is told of, and no other; a Date in
// any case of letters, one that is none, and no answer at all.
func TestClocks(t *testing.T) {
	t.Parallel()
	dates := []string{"", "soon", "Tue, 01 Dec 2026 11:00:00 GMT", "Tue, 01 Dec 2026 12:00:00 GMT"}
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		if date := dates[served]; date != "" {
			w.Header()["Date"] = []string{date}
		}
		served++
		fmt.Fprint(w, `{"status":"Ok"}`)
	}))
	defer server.Close()
	var told []time.Duration
	c := &clocks{start: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC), tell: func(d time.Duration) { told = append(told, d) }}
	c.compare(nil, &results.Outcome{}) // no answer
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := transport.New(t.Context(), &transport.Destination{URL: at, Timeout: time.Minute, Dial: transport.Loopback(time.Minute)})
	defer w.Close()
	for range dates {
		b := &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}
		o := results.Outcome{Sent: time.Second, Done: 2 * time.Second}
		w.Prepare(b, transport.Attempt{}, 0)
		w.Exchange(&o)
		c.compare(w, &o)
	}
	if len(told) != 1 || told[0] != time.Hour-2*time.Second {
		t.Errorf("told %v, want that it is an hour ahead, but for two seconds", told)
	}
	(*clocks)(nil).compare(w, &results.Outcome{Status: 200})
}
