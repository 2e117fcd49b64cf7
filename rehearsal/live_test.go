package rehearsal

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"

	"rehearse/internal/capture"
	"rehearse/results"
)

// served is a live page with one interval of a hundred requests.
func served(t *testing.T, stop func()) *live {
	t.Helper()
	l, err := startLive(&Serving{Live: "0", Metrics: MetricsAt{Address: "127.0.0.1:0", Token: "s3cret"}},
		&results.Manifest{RunID: "r", Scenario: "<acme>", Target: "http://127.0.0.1:1"}, 10*time.Second, stop)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.end("x") })
	return l
}

// interval is one of a hundred requests, of which ten were refused.
func interval() *results.Interval {
	r := results.NewRecorder(1)
	for i := range 100 {
		due := time.Duration(i) * 10 * time.Millisecond
		o := results.Outcome{
			First:  int64(i),
			Events: 1,
			Due:    due,
			Sent:   due,
			Done:   due + 20*time.Millisecond,
			Status: 200,
		}
		if i < 10 {
			o.Reason, o.Status = capture.RateLimited, 429
		}
		o.Connect = results.ConnectAttempt{Tried: i < 3, Open: i < 2}
		r.Sender(0).Record(&o)
	}
	return r.Tick(time.Second, results.Count{Requests: 3, Events: 3})
}

// do makes a request to the live page.
func do(t *testing.T, method, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestLivePageAndMetrics(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	l.observe(interval(), nil)
	base := "http://" + l.host
	if code, body := do(t, "GET", base+"/", nil); code != 200 || !strings.Contains(body, "&lt;acme&gt;") ||
		strings.Contains(body, "<acme>") {
		t.Errorf("page: %d\n%.200s", code, body)
	}
	_, metrics := do(t, "GET", base+"/metrics", nil)
	for _, want := range []string{
		`rehearse_requests_total{fate="accepted",run="r",scenario="<acme>",stream="run"} 90`,
		`rehearse_not_accepted_total{reason="rate_limited",side="server",status="429",run="r",scenario="<acme>",stream="run"} 10`,
		`rehearse_latency_seconds_bucket{le="0.01",run="r",scenario="<acme>",stream="run"} 0`,
		`rehearse_latency_seconds_bucket{le="0.025",run="r",scenario="<acme>",stream="run"} 100`,
		`rehearse_latency_seconds_bucket{le="+Inf",run="r",scenario="<acme>",stream="run"} 100`,
		`rehearse_latency_seconds_count{run="r",scenario="<acme>",stream="run"} 100`,
		`rehearse_connections_total{opened="yes",run="r",scenario="<acme>",stream="run"} 2`,
		`rehearse_connections_total{opened="no",run="r",scenario="<acme>",stream="run"} 1`,
		`rehearse_in_flight_requests{run="r",scenario="<acme>",stream="run"} 3`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %q in\n%s", want, metrics)
		}
	}
}

// The background is shown beside the run, and its metrics have the labels of the run and a
// stream of their own.
func TestLiveBackground(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	show := l.beside(&results.Manifest{RunID: "other", Scenario: "<live>"}, 10*time.Second)
	show(interval(), nil)
	l.observe(interval(), nil)
	l.observe(interval(), nil)
	_, metrics := do(t, "GET", "http://"+l.host+"/metrics", nil)
	for _, want := range []string{
		`rehearse_requests_total{fate="accepted",run="r",scenario="<acme>",stream="run"} 180`,
		`rehearse_requests_total{fate="accepted",run="r",scenario="<acme>",stream="background"} 90`,
		`rehearse_latency_seconds_count{run="r",scenario="<acme>",stream="run"} 200`,
		`rehearse_latency_seconds_count{run="r",scenario="<acme>",stream="background"} 100`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %q in\n%s", want, metrics)
		}
	}
	if n := strings.Count(metrics, "# TYPE rehearse_requests_total "); n != 1 {
		t.Errorf("%d times the type of one metric", n)
	}
	charts, err := l.view.Charts()
	if err != nil || !strings.Contains(string(charts), "<th>run</th><th>background</th>") ||
		!strings.Contains(string(charts), "The last five minutes of the background") {
		t.Errorf("%v: the background is not shown", err)
	}
	var nobody *live
	nobody.beside(nil, 0)(interval(), nil)
}

// A scraper that asks for native histograms gets the message that has them.
func TestLiveNativeMetrics(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	l.observe(interval(), nil)
	code, body := do(t, "GET", "http://"+l.host+"/metrics", func(r *http.Request) {
		r.Header.Set("Accept",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"+
				"text/plain;version=0.0.4;q=0.2")
	})
	f := &dto.MetricFamily{}
	if err := protodelim.UnmarshalFrom(strings.NewReader(body), f); code != 200 || err != nil ||
		f.GetName() != "rehearse_requests_total" {
		t.Errorf("%d: %v, %v", code, f, err)
	}
}

// A browser gets the charts at the next interval, and the end.
func TestLiveEvents(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	response, err := http.Get("http://" + l.host + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := make(chan string, 8)
	go func() {
		defer close(got)
		for lines := bufio.NewReader(response.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if name, ok := strings.CutPrefix(line, "event: "); ok {
				got <- strings.TrimSpace(name)
			}
		}
	}()
	l.observe(interval(), nil)
	if name := <-got; name != "charts" {
		t.Errorf("the first event is %q, want charts", name)
	}
	go l.end("run")
	if last, end := <-got, <-got; last != "charts" || end != "end" {
		t.Errorf("at last come %q and %q, want the last charts and the end", last, end)
	}
}

// Only the page itself, under its own name, can stop the run.
func TestLiveStop(t *testing.T) {
	t.Parallel()
	pressed := 0
	l := served(t, func() { pressed++ })
	url := "http://" + l.host + "/stop"
	header := func(r *http.Request) { r.Header.Set("X-Rehearse", "stop") }
	if code, _ := do(t, "POST", url, nil); code != http.StatusForbidden || pressed != 0 {
		t.Errorf("without the header: %d, pressed %d times", code, pressed)
	}
	if code, _ := do(t, "POST", url, func(r *http.Request) {
		header(r)
		r.Host = "evil.example"
	}); code != http.StatusMisdirectedRequest || pressed != 0 {
		t.Errorf("under another name: %d, pressed %d times", code, pressed)
	}
	if code, _ := do(t, "POST", url, header); code != http.StatusAccepted || pressed != 1 {
		t.Errorf("the button: %d, pressed %d times", code, pressed)
	}
}

func TestLiveStaysOnLoopback(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":8799", "192.0.2.1:8799", "example.org:80", "65536"} {
		if l, err := startLive(&Serving{Live: address}, &results.Manifest{}, 0, nil); KindOf(err) != Usage || l != nil {
			t.Errorf("%q: %v", address, err)
		}
		o := &Serving{Metrics: MetricsAt{Address: address}}
		if l, err := startLive(o, &results.Manifest{}, 0, nil); KindOf(err) != Usage || l != nil {
			t.Errorf("metrics without a token on %q: %v", address, err)
		}
	}
}

// A browser that goes away, in the middle of an event or between two, harms
// neither the run nor the next browser.
func TestLiveDisconnect(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	for range 3 {
		gone, err := http.Get("http://" + l.host + "/events")
		if err != nil {
			t.Fatal(err)
		}
		l.observe(interval(), nil)
		if _, err := gone.Body.Read(make([]byte, 10)); err != nil { // the charts take a good deal more
			t.Fatal(err)
		}
		gone.Body.Close()
		l.observe(interval(), nil)
	}
	next, err := http.Get("http://" + l.host + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer next.Body.Close()
	l.observe(interval(), nil)
	line, err := bufio.NewReader(next.Body).ReadString('\n')
	if err != nil || line != "event: charts\n" {
		t.Errorf("the next browser got %q, error %v", line, err)
	}
	if _, metrics := do(t, "GET", "http://"+l.host+"/metrics", nil); !strings.Contains(metrics,
		`rehearse_latency_seconds_count{run="r",scenario="<acme>",stream="run"} 700`+"\n") {
		t.Error("an interval was lost")
	}
}

// TestLiveAddresses: the page is served on loopback alone, which localhost stands for
// whatever the machine's list of hosts says.
func TestLiveAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", "localhost:0": "127.0.0.1", "127.9.9.9:0": "127.9.9.9",
		"[::ffff:127.0.0.1]:0": "127.0.0.1", "0": "127.0.0.1",
		"0.0.0.0:0": "", ":0": "", "[::]:0": "", "192.0.2.1:0": "", "localhost.:0": "",
		"localhost.test:0": "", "2130706433:0": "", "127.0.0.1": "",
	} {
		l, err := listenLoopback(address)
		if (err == nil) != (want != "") {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil {
			continue
		}
		if host, _, _ := net.SplitHostPort(l.Addr().String()); host != want {
			t.Errorf("%q is served on %s, want %s", address, host, want)
		}
		l.Close()
	}
}

// TestMetricsAlone: whoever does not have the token gets no metrics, and nobody gets
// anything else there.
func TestMetricsAlone(t *testing.T) {
	t.Parallel()
	l := served(t, func() { t.Error("stopped") })
	l.observe(interval(), nil)
	at := "http://" + l.scraped
	bear := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", text) }
	}
	for _, text := range []string{"", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Basic s3cret", "bearer  s3cret"} {
		if code, said := do(t, "GET", at+"/metrics", bear(text)); code != http.StatusUnauthorized ||
			strings.Contains(said, "rehearse_") {
			t.Errorf("%q: %d", text, code)
		}
	}
	if code, said := do(t, "GET", at+"/metrics", bear("Bearer s3cret")); code != http.StatusOK ||
		!strings.Contains(said, `rehearse_events_total{fate="accepted",run="r",scenario="<acme>",stream="run"} 90`) {
		t.Errorf("with the token: %d\n%s", code, said)
	}
	for _, path := range []string{"/", "/events", "/report"} {
		if code, _ := do(t, "GET", at+path, bear("Bearer s3cret")); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _ := do(t, "POST", at+"/stop", bear("Bearer s3cret")); code != http.StatusNotFound {
		t.Errorf("stop: %d", code)
	}
}

// TestLiveLingers: the page shows where the report is until it is ended.
func TestLiveLingers(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	l.observe(interval(), &results.Result{Thresholds: []results.ThresholdRow{{Text: "p99 < 1ms", Value: "20 ms"}}})
	var end func()
	l.linger = func(stop func()) { end = stop }
	if code, _ := do(t, "GET", "http://"+l.host+"/report", nil); code != http.StatusNotFound {
		t.Errorf("a report before the end: %d", code)
	}
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, reportFile), []byte("the report"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.end(directory)
	if code, said := do(t, "GET", "http://"+l.host+"/report", nil); code != http.StatusOK || said != "the report" {
		t.Errorf("the report: %d, %q", code, said)
	}
	if _, said := do(t, "GET", "http://"+l.host+"/events", nil); !strings.Contains(said, "p99 \\u0026lt; 1ms") ||
		!strings.Contains(said, "not met") || !strings.Contains(said, "event: end") {
		t.Errorf("who comes late sees %q", said)
	}
	end()
	if _, err := http.Get("http://" + l.host + "/report"); err == nil {
		t.Error("it goes on after its end")
	}
}
