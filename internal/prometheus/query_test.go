package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rehearse/scenario"
)

// serve returns a server that answers as told, each time.
func serve(t *testing.T, answer http.HandlerFunc) *Instance {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/prefix/")
	if err != nil {
		t.Fatal(err)
	}
	s := NewInstance(u, (&net.Dialer{}).DialContext)
	t.Cleanup(s.Close)
	return s
}

func vector(values ...string) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf(`{"metric":{"a":"b"},"value":[1700000000.1,"%s"]}`, v))
	}
	return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(all, ",") + `]}}`
}

// One finite number is an answer; whatever else comes is an error that says what it was,
// and no panic.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		vector("12.5"): "12.5",
		`{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1e3"]}}`: "1000",
		vector():         "finds no series",
		vector("1", "2"): "finds 2 series and has to find one",
		vector("NaN"):    "no finite number",
		vector("+Inf"):   "no finite number",
		vector("x\x1b"):  "no JSON",
		`{"status":"success","data":{"resultType":"matrix","result":[]}}`:     "comes to a matrix",
		`{"status":"success","data":{"resultType":"vector","result":{}}}`:     "is no vector",
		`{"status":"success","data":{"resultType":"scalar","result":[5]}}`:    "no finite number",
		`{"status":"success","data":{"resultType":"scalar","result":"five"}}`: "is no scalar",
		`{"status":"error","error":"parse error: \u001b[2J"}`:                 "refuses the query: parse error: ",
		"<html>not found</html>":         "answers with status 200 and no JSON",
		"":                               "no JSON",
		strings.Repeat(" ", 1<<20) + "1": "larger than 1 MiB",
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/prefix/api/v1/query" || r.PostFormValue("query") != `max(a{b="c"})` {
				http.Error(w, "other", http.StatusTeapot)
				return
			}
			fmt.Fprint(w, body)
		})
		got, err := s.Ask(t.Context(), `max(a{b="c"})`)
		said := fmt.Sprint(got)
		if err != nil {
			said = err.Error()
		}
		if !strings.Contains(said, want) || strings.ContainsRune(said, 0x1b) {
			t.Errorf("%.60q: %q, want %q", body, said, want)
		}
	}
}

// Nothing follows a redirect, and nothing connects but by the dialer.
func TestNowhereElse(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
	})
	if _, err := s.Ask(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "status 302") {
		t.Errorf("a redirect: %v", err)
	}
	u, _ := url.Parse("http://127.0.0.1:1")
	refused := errors.New("the guard says no")
	s = NewInstance(u, func(context.Context, string, string) (net.Conn, error) { return nil, refused })
	if _, err := s.Ask(t.Context(), "a"); !errors.Is(err, refused) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("a dialer that refuses: %v", err)
	}
}

// asking asks a server.
func asking(s *Instance) Ask {
	return func(ctx context.Context, q *scenario.Query) (float64, error) { return s.Ask(ctx, q.PromQL) }
}

// A watch asks before and after, and counts what was not answered, with the first reason.
func TestWatch(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("query") == "down" {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, vector(fmt.Sprint(10*asked.Add(1))))
	})
	w := Start(t.Context(), asking(s), []scenario.Query{{Name: "lag", PromQL: "up"}, {Name: "other", PromQL: "down"}})
	rows := w.Stop(t.Context())
	w.Stop(t.Context())
	if lag := rows[0]; lag.Samples != 2 || lag.First != 10 || lag.Last != 20 || lag.Max != 20 || lag.Mean != 15 {
		t.Errorf("%+v", lag)
	}
	if other := rows[1]; other.Samples != 0 || other.Failed != 2 || !strings.Contains(other.Because, "status 502") {
		t.Errorf("%+v", other)
	}
	if (*Watch)(nil).Stop(t.Context()) != nil {
		t.Error("no watch has metrics")
	}
}

// A queue is awaited until it is short enough, and no longer than that may take.
func TestAwait(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, vector("7")) })
	if _, last, ok := Await(t.Context(), asking(s), &scenario.Query{PromQL: "up"}, 7, time.Minute); !ok || last != 7 {
		t.Errorf("one that is short enough: %v, %v", last, ok)
	}
	if _, last, ok := Await(t.Context(), asking(s), &scenario.Query{PromQL: "up"}, 6, 0); ok || last != 7 {
		t.Errorf("one that is not: %v, %v", last, ok)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, _, ok := Await(ended, asking(s), &scenario.Query{PromQL: "up"}, 7, time.Minute); ok {
		t.Error("nobody was asked, and it is short enough")
	}
}
