package sql

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/verify"
)

// TestServers: whatever is wrong with a server is named, and is never a loss.
func TestServers(t *testing.T) {
	t.Parallel()
	run, table := sent(t, 3000, "")
	rows := func(query string) bool { return strings.HasPrefix(query, "SELECT uuid") }
	counting := func(query string) bool { return countedBy.MatchString(query) }
	for name, c := range map[string]struct {
		want  string
		hogql bool
		edit  func(query string, answer []row) []row
		spoil func(query string, answer []row) *http.Response
	}{
		"caps rows": {want: "the server answered 100 of", edit: func(q string, a []row) []row {
			if rows(q) {
				return a[:min(len(a), 100)]
			}
			return a
		}},
		"caps buckets": {want: "it caps answers", edit: func(q string, a []row) []row {
			if counting(q) {
				return a[:min(len(a), 100)]
			}
			return a
		}},
		"pages overlap": {want: "pages that overlap", edit: func(q string, a []row) []row {
			if rows(q) && len(a) > 1 {
				a[len(a)-1] = a[0]
			}
			return a
		}},
		"buckets twice": {want: "pages that overlap", edit: func(q string, a []row) []row {
			if counting(q) {
				return append(a, a[0])
			}
			return a
		}},
		"other rows": {want: "was not asked for", edit: func(q string, a []row) []row {
			if rows(q) {
				for i := range a {
					a[i] = row{quoted("ffffffff" + a[i][0][9:45-8]), a[i][1], a[i][2], a[i][3], a[i][4]}
				}
			}
			return a
		}},
		"fails in mid-answer": {want: "in mid-answer: Code: 159", spoil: func(q string, a []row) *http.Response {
			if !rows(q) {
				return nil
			}
			return respond(200, "\nCode: 159. DB::Exception: Timeout exceeded\n")
		}},
		"refuses": {want: "500: Code: 241", spoil: func(q string, _ []row) *http.Response {
			if !rows(q) {
				return nil
			}
			return respond(500, "Code: 241. DB::Exception: Memory limit exceeded")
		}},
		"redirects": {want: "redirects are not followed", spoil: func(q string, _ []row) *http.Response {
			if !counting(q) {
				return nil
			}
			return respond(302, "")
		}},
		"has more": {want: "it caps answers", hogql: true, spoil: func(q string, a []row) *http.Response {
			if !rows(q) {
				return nil
			}
			return respond(200, `{"columns":["uuid"],"results":[],"hasMore":true}`)
		}},
		"cached": {want: "cache", hogql: true, spoil: func(q string, a []row) *http.Response {
			if !counting(q) {
				return nil
			}
			return respond(200, `{"columns":["uuid"],"results":[],"is_cached":true}`)
		}},
		"no JSON": {want: "no JSON", hogql: true, spoil: func(q string, a []row) *http.Response {
			if !counting(q) {
				return nil
			}
			return respond(200, `<html>`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{table: table, hogql: c.hogql, edit: c.edit, spoil: c.spoil}
			r, _ := ask(t, run, f, Options{})
			if r == nil || r.Source.Complete || r.Verdict != verify.Invalid || r.Events.Accepted.Lost != 0 ||
				!strings.Contains(r.Source.Why, c.want) {
				t.Errorf("want %q: %+v", c.want, r)
			}
		})
	}
}

// TestEmpty: a table without a row is nothing that is lost.
func TestEmpty(t *testing.T) {
	t.Parallel()
	run, _ := sent(t, 1000, "")
	if r, _ := ask(t, run, &fake{}, Options{}); r == nil || r.Verdict != verify.Invalid || r.Because != verify.NoRows ||
		r.Events.Accepted.Lost != 0 {
		t.Errorf("%+v", r)
	}
}

// hang never answers.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestTimes: a server that does not answer is not waited for without end, and one that is
// busy is asked again when it says.
func TestTimes(t *testing.T) {
	run, table := sent(t, 1000, "")
	synctest.Test(t, func(t *testing.T) {
		to, _ := url.Parse("https://db.example/")
		_, err := Open(t.Context(), run, Options{Kind: "clickhouse", Since: began, Properties: Sample,
			Endpoint: Endpoint{URL: to, Transport: hang{}, Timeout: time.Minute}})
		if err == nil || !strings.Contains(err.Error(), "longer than 1m0s") {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		busy := 2
		f := &fake{table: table, spoil: func(string, []row) *http.Response {
			if busy--; busy < 0 {
				return nil
			}
			r := respond(429, "slow down")
			r.Header.Set("Retry-After", "30")
			return r
		}}
		start := time.Now()
		if r, why := ask(t, run, f, Options{}); r == nil || r.Verdict != verify.Pass {
			t.Errorf("%+v %s", r, why)
		}
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
	})
}

// TestQueries: what is wrong with a query, an address or what a server says to it.
func TestQueries(t *testing.T) {
	t.Parallel()
	run, table := sent(t, 1000, "")
	for _, c := range []struct{ query, want string }{
		{"-- nothing", "the query is empty"},
		{"SELECT 1 WHERE distinct_id LIKE {prefix}", "has no traffic.distinct_ids.prefix"},
	} {
		if _, why := ask(t, run, &fake{table: table}, Options{Query: c.query}); !strings.Contains(why, c.want) {
			t.Errorf("%s: %s", c.query, why)
		}
	}
	f := &fake{spoil: func(string, []row) *http.Response { return respond(403, "no user hunter2\x1b[2J") }}
	_, why := ask(t, run, f, Options{Endpoint: Endpoint{Header: http.Header{"X-Clickhouse-Key": {"hunter2"}}}})
	if strings.Contains(why, "hunter2") || strings.Contains(why, "\x1b") || !strings.Contains(why, "403") {
		t.Error(why)
	}
	if got := Quote(`it's \ `); got != `'it\'s \\ '` {
		t.Error(got)
	}
}
