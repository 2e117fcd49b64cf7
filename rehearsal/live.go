package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"rehearse/results"
	"rehearse/results/metrics"
	"rehearse/results/report"
)

// errStopped is a run stopped from its live page.
var errStopped = errors.New("stopped from the live page")

// live serves the charts of a run while it goes. Like the progress bar it sees
// finished intervals only. Charts are drawn when a browser looks, every other
// second, and never for nobody.
type live struct {
	view   *report.Live
	server *http.Server
	stop   func()
	host   string // what a browser must have asked for

	mu    sync.Mutex
	tick  chan struct{} // closed at every interval
	ended string        // the report, once there is one
}

// startLive serves the live page of a run on a loopback address. stop is called
// when somebody presses the button. A nil live, without an address, does nothing.
func startLive(address string, m *results.Manifest, stop func()) (*live, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := listenLoopback(address)
	if err != nil {
		return nil, err
	}
	l := &live{view: report.NewLive(m), stop: stop, host: listener.Addr().String(), tick: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", l.page)
	mux.HandleFunc("GET /events", l.events)
	mux.HandleFunc("GET /metrics", l.metrics)
	mux.HandleFunc("POST /stop", l.pressed)
	l.server = &http.Server{Handler: l.guard(mux), ReadHeaderTimeout: 5 * time.Second}
	go l.server.Serve(listener) // ends with an error when it is shut down, which is no news
	return l, nil
}

// announce says where the page is.
func (l *live) announce(note noteFunc) {
	if l != nil {
		note("live on http://%s/", l.host)
	}
}

// listenLoopback listens on an address of this machine alone: whoever reaches
// the page can stop the run.
func listenLoopback(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage(fmt.Errorf("cannot read --live %q: want an address as in 127.0.0.1:8799", address))
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, usage(fmt.Errorf("cannot serve the live page on %q: whoever reaches it can stop the run, so it "+
			"must be on loopback, as in 127.0.0.1:8799", address))
	}
	if host == "localhost" { // whatever else the machine's list of hosts may say
		address = net.JoinHostPort("127.0.0.1", port)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot serve the live page: %w", err)
	}
	return listener, nil
}

// guard refuses requests for another host: a name that points here may be
// anybody's.
func (l *live) guard(next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(l.host)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != l.host && r.Host != "localhost:"+port {
			http.Error(w, "not served under this name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// observe shows an interval.
func (l *live) observe(iv *results.Interval) {
	if l == nil {
		return
	}
	l.view.Observe(iv)
	l.wake()
}

// wake tells whoever waits that there is news.
func (l *live) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.tick)
	l.tick = make(chan struct{})
}

// end says where the report is, and stops serving.
func (l *live) end(reportPath string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.ended = reportPath
	l.mu.Unlock()
	l.wake()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		l.server.Close() // a browser that does not let go
	}
}

// now is what closes at the next interval, and where the report is, once the
// run is over.
func (l *live) now() (tick <-chan struct{}, ended string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tick, l.ended
}

func (l *live) page(w http.ResponseWriter, _ *http.Request) {
	text, err := l.view.Page()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(text) // a browser that is gone is no news
}

// events sends the charts, at most every other second, until the run ends or
// the browser goes.
func (l *live) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	tick, ended := l.now()
	var sent time.Time
	for http.NewResponseController(w).Flush() == nil && ended == "" {
		select {
		case <-tick:
		case <-r.Context().Done():
			return
		}
		tick, ended = l.now()
		if ended != "" || time.Since(sent) < 1500*time.Millisecond {
			continue
		}
		sent = time.Now()
		charts, err := l.view.Charts()
		if err != nil || send(w, "charts", string(charts)) != nil {
			return
		}
	}
	if ended != "" {
		send(w, "end", ended) // a browser that is gone is no news
	}
}

// send writes one event, its text as JSON so that it has no line ends.
func send(w http.ResponseWriter, name, text string) error {
	data, err := json.Marshal(text)
	if err == nil {
		_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, data)
	}
	return err
}

// metrics are what Prometheus scrapes: native histograms if it asks for them,
// else classic ones as text. A scraper that is gone is no news.
func (l *live) metrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if metrics.Wants(r.Header.Get("Accept")) {
		w.Header().Set("Content-Type", metrics.NativeType)
		l.view.WriteNative(w)
		return
	}
	w.Header().Set("Content-Type", metrics.TextType)
	l.view.WriteMetrics(w)
}

// pressed is the stop button. Only a page of ours can send the header.
func (l *live) pressed(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Rehearse") != "stop" {
		http.Error(w, "not from the live page", http.StatusForbidden)
		return
	}
	l.stop()
	w.WriteHeader(http.StatusAccepted)
}
