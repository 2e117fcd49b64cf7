package rehearsal

import (
	"bufio"
	"io"
	"net"
	"net/http"
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
	l, err := startLive("127.0.0.1:0", &results.Manifest{
		RunID:    "r",
		Scenario: "<acme>",
		Target:   "http://127.0.0.1:1",
	}, stop)
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
	l.observe(interval())
	base := "http://" + l.host
	if code, body := do(t, "GET", base+"/", nil); code != 200 || !strings.Contains(body, "&lt;acme&gt;") ||
		strings.Contains(body, "<acme>") {
		t.Errorf("page: %d\n%.200s", code, body)
	}
	_, metrics := do(t, "GET", base+"/metrics", nil)
	for _, want := range []string{
		`rehearse_requests_total{fate="accepted"} 90`,
		`rehearse_not_accepted_total{reason="rate_limited",side="server",status="429"} 10`,
		`rehearse_latency_seconds_bucket{le="0.01"} 0`, `rehearse_latency_seconds_bucket{le="0.025"} 100`,
		`rehearse_latency_seconds_bucket{le="+Inf"} 100`,
		"rehearse_latency_seconds_count 100", `rehearse_connections_total{opened="yes"} 2`,
		`rehearse_connections_total{opened="no"} 1`, "rehearse_in_flight_requests 3",
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %q in\n%s", want, metrics)
		}
	}
}

// A scraper that asks for native histograms gets the message that has them.
func TestLiveNativeMetrics(t *testing.T) {
	t.Parallel()
	l := served(t, func() {})
	l.observe(interval())
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
	l.observe(interval())
	if name := <-got; name != "charts" {
		t.Errorf("the first event is %q, want charts", name)
	}
	go l.end("report.html")
	if name := <-got; name != "end" {
		t.Errorf("the last event is %q, want end", name)
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
	for _, address := range []string{"0.0.0.0:0", ":8799", "192.0.2.1:8799", "example.org:80", "8799"} {
		if l, err := startLive(address, &results.Manifest{}, nil); KindOf(err) != Usage || l != nil {
			t.Errorf("%q: %v", address, err)
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
		l.observe(interval())
		if _, err := gone.Body.Read(make([]byte, 10)); err != nil { // the charts take a good deal more
			t.Fatal(err)
		}
		gone.Body.Close()
		l.observe(interval())
	}
	next, err := http.Get("http://" + l.host + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer next.Body.Close()
	l.observe(interval())
	line, err := bufio.NewReader(next.Body).ReadString('\n')
	if err != nil || line != "event: charts\n" {
		t.Errorf("the next browser got %q, error %v", line, err)
	}
	if _, metrics := do(t, "GET", "http://"+l.host+"/metrics", nil); !strings.Contains(metrics,
		"rehearse_latency_seconds_count 700\n") {
		t.Error("an interval was lost")
	}
}

// TestLiveAddresses: the page is served on loopback alone, which localhost stands for
// whatever the machine's list of hosts says.
func TestLiveAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", "localhost:0": "127.0.0.1", "127.9.9.9:0": "127.9.9.9",
		"[::ffff:127.0.0.1]:0": "127.0.0.1",
		"0.0.0.0:0":            "", ":0": "", "[::]:0": "", "192.0.2.1:0": "", "localhost.:0": "",
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
