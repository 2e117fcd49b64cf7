package generator

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/report"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// TestBadEndpoints: a run against what is no capture endpoint, or one that takes
// nothing, is a fail, whatever its scenario demands; it says what came in place of an
// acceptance, and of no rate that it held.
func TestBadEndpoints(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("what happens at the same time here does in other tests as well")
	}
	for _, c := range []struct {
		name    string
		scheme  string // http unless it is said
		serve   func(net.Conn)
		because string
	}{
		{"503", "", repeating("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"), "unavailable 503"},
		{"404", "", repeating("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "not_found 404"},
		{"401", "", repeating("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"), "unauthorized 401"},
		{"login page", "", repeating("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), "unknown_answer 200 (not the answer of a capture endpoint)"},
		{"empty 200", "", repeating("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "unknown_answer 200"},
		{"an error in a 200", "", repeating("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"error\":\"quota\"}"), "unknown_answer 200"},
		{"204", "", repeating("HTTP/1.1 204 No Content\r\n\r\n"), "unknown_answer 204"},
		{"redirect", "", repeating("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"), "redirected 302 (redirects are not followed)"},
		{"hangs up", "", func(c net.Conn) { readRequest(bufio.NewReader(c)) }, "closed_before_answer (it hung up"},
		{"silence", "", func(c net.Conn) { io.Copy(io.Discard, c) }, "answer_timeout (no answer in time)"},
		{"greeting of another protocol", "", repeating("220 mail.example.com ESMTP\r\n"), "garbled_answer (not an HTTP answer"},
		{"TLS port", "", speakTLS, "it hung up: the port may speak TLS"},
		{"plain port", "https", repeating("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "tls_failed (no encrypted connection: the port may not speak TLS)"},
		{"nobody", "", nil, "connect_refused (connection refused: nothing listens there)"},
	} {
		for _, demands := range []string{"[]", "[p99 < 500ms]", "['rejected <= 100%', 'ambiguous <= 100%']"} {
			synctest.Test(t, func(t *testing.T) {
				s := parse(t, "name: a\nload: {profile: 'const(50, 3s) const(100, 3s)'}\ntarget: {connections: 2, compression: none, timeout: 1s}\nbatching: {events: 5}\ntraffic: {}\nthresholds: "+demands+"\n")
				r := runAgainst(t, s, c.scheme, c.serve)
				if r.Verdict == results.Pass || len(r.Failures) != 1 || !strings.Contains(r.Failures[0], c.because) || r.Events.Accepted != 0 {
					t.Errorf("%s, %s: %s because %q, want %q", c.name, demands, r.Verdict, judge.Because(r), c.because)
				}
				if held := report.Capacity(r); strings.HasPrefix(held, "the thresholds held up to") {
					t.Errorf("%s, %s: %s", c.name, demands, held)
				}
			})
		}
	}
}

// readRequest consumes a request.
func readRequest(from *bufio.Reader) error {
	request, err := http.ReadRequest(from)
	if err == nil {
		_, err = io.Copy(io.Discard, request.Body)
	}
	return err
}

// repeating says the same to every request.
func repeating(answer string) func(net.Conn) {
	return func(c net.Conn) {
		for from := bufio.NewReader(c); readRequest(from) == nil; {
			io.WriteString(c, answer)
		}
	}
}

// speakTLS expects a client that does.
func speakTLS(c net.Conn) {
	tls.Server(c, &tls.Config{Certificates: []tls.Certificate{{}}}).Handshake()
}

// runAgainst runs a scenario against whatever serves each connection, nil for nobody,
// and judges it.
func runAgainst(t *testing.T, s *scenario.Scenario, scheme string, serve func(net.Conn)) *results.Result {
	t.Helper()
	dial := func(context.Context, string) (net.Conn, error) {
		if serve == nil {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			serve(theirs)
		}()
		return ours, nil
	}
	source, plan, err := opened(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	d, err := rundir.Create(filepath.Join(t.TempDir(), "run"), results.Manifest{
		StartedAt: start, Planned: results.Planned{Events: plan.Events, Requests: plan.Requests, PeakEvents: plan.Peak},
		Thresholds: s.Thresholds, Stages: s.Load.Stages,
	})
	if err != nil {
		t.Fatal(err)
	}
	if scheme == "" {
		scheme = "http"
	}
	if _, err := Run(t.Context(), t.Context(), Config{
		Scenario: s, Source: source, Plan: plan, Start: start, Builders: 1, Sleep: time.Sleep,
		Destination: transport.Destination{URL: &url.URL{Scheme: scheme, Host: "endpoint"}, UserAgent: "test", Timeout: s.Target.Timeout, Dial: dial},
		Observe: func(iv *results.Interval) {
			if err := d.Write(iv); err != nil {
				t.Error(err)
			}
		},
	}); err != nil {
		t.Fatal(err)
	}
	r, err := d.Close(results.Final{Ended: results.Completed})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
