package rehearsal

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"rehearse/results"
	"rehearse/results/metrics"
	"rehearse/results/report"
	"rehearse/results/rundir"
)

// errStopped is a run stopped from its live page.
var errStopped = errors.New("stopped from the live page")

// reportFile is the report that a run leaves in its directory.
const reportFile = "report.html"

// live serves the charts of a run while it goes, and its metrics. Like the progress bar
// it sees finished intervals only. Charts are drawn when a browser looks, every other
// second, and never when no page waits.
type live struct {
	view    *report.Live
	servers []*http.Server
	stop    func()
	linger  func(end func()) // nil: the page ends with the run
	host    string           // what a browser must have asked for; empty: there is no page
	scraped string           // where metrics are served alone; empty: nowhere

	mu        sync.Mutex
	tick      chan struct{} // closed at every interval
	directory string        // of the run, once it is over
}

// startLive serves the live page of a run on a loopback address, and its metrics where
// they are asked for. stop is called when a person presses the button. A nil live, without
// an address, does nothing.
func startLive(o *Serving, m *results.Manifest, span time.Duration, stop func()) (*live, error) {
	if o.Live == "" && o.Metrics.Address == "" {
		return nil, nil
	}
	l := &live{view: report.NewLive(m, span), stop: stop, linger: o.Linger, tick: make(chan struct{})}
	if o.Live != "" {
		listener, err := listenLoopback(o.Live)
		if err != nil {
			return nil, err
		}
		l.host = listener.Addr().String()
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{$}", l.page)
		mux.HandleFunc("GET /events", l.events)
		mux.HandleFunc("GET /report", l.report)
		mux.HandleFunc("GET /metrics", l.metrics)
		mux.HandleFunc("POST /stop", l.pressed)
		l.serve(listener, l.guard(mux))
	}
	if o.Metrics.Address != "" {
		listener, err := listenForScrapers(&o.Metrics)
		if err != nil {
			l.shut()
			return nil, err
		}
		l.scraped = listener.Addr().String()
		l.serve(listener, bearing(o.Metrics.Token, l.metrics))
	}
	return l, nil
}

// serve answers on a listener until the live is shut.
func (l *live) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	l.servers = append(l.servers, server)
	go server.Serve(listener) // ends with an error when it is shut down, which is no news
}

// announce says where the page and the metrics are.
func (l *live) announce(note noteFunc) {
	if l != nil && l.host != "" {
		note("live on http://%s/", l.host)
	}
	if l != nil && l.scraped != "" {
		note("metrics on http://%s/metrics", l.scraped)
	}
}

// listenLoopback listens on an address of this machine alone: anyone who reaches
// the page can stop the run. A port alone is one of 127.0.0.1.
func listenLoopback(address string) (net.Listener, error) {
	if _, err := strconv.ParseUint(address, 10, 16); err == nil {
		address = "127.0.0.1:" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage(fmt.Errorf("cannot read --live %q: want a port or an address, as in 8799 or 127.0.0.1:8799",
			address))
	}
	if !onLoopback(host) {
		return nil, usage(fmt.Errorf("cannot serve the live page on %q: anyone who reaches it can stop the run, so it "+
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

// onLoopback says whether a host is this machine alone.
func onLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// listenForScrapers listens where metrics are asked for. What a run comes to is told off
// this machine only to clients with a token.
func listenForScrapers(at *MetricsAt) (net.Listener, error) {
	host, _, err := net.SplitHostPort(at.Address)
	if err != nil {
		return nil, usage(fmt.Errorf("cannot read --metrics %q: want an address as in :9464 or 127.0.0.1:9464",
			at.Address))
	}
	if at.Token == "" && !onLoopback(host) {
		return nil, usage(fmt.Errorf("cannot serve metrics on %q: off loopback they take a token "+
			"(--metrics-token-file FILE)", at.Address))
	}
	listener, err := net.Listen("tcp", at.Address)
	if err != nil {
		return nil, fmt.Errorf("cannot serve metrics: %w", err)
	}
	return listener, nil
}

// bearing answers GET /metrics to clients with a token; empty: to all.
func bearing(token string, metrics http.HandlerFunc) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token)) // of one length, so that comparing tells nothing
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if token != "" && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token is needed", http.StatusUnauthorized)
			return
		}
		metrics(w, r)
	})
	return mux
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

// observe shows an interval, and what the run has come to with it.
func (l *live) observe(iv *results.Interval, latest *results.Result) {
	if l == nil {
		return
	}
	l.view.Observe(iv, latest)
	l.wake()
}

// beside shows the background beside the run. It returns what is told of its intervals.
func (l *live) beside(m *results.Manifest, span time.Duration) func(*results.Interval, *results.Result) {
	if l == nil {
		return func(*results.Interval, *results.Result) {}
	}
	return l.view.Beside(m, span).Observe // it is drawn with the next interval of the run
}

// wake tells the pages that wait that there is news.
func (l *live) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.tick)
	l.tick = make(chan struct{})
}

// end says that the run is over, and stops serving, unless it was asked to linger. A run
// that left no report ends the page at once.
func (l *live) end(directory string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.directory = directory
	l.mu.Unlock()
	l.wake()
	if _, err := os.Lstat(filepath.Join(directory, reportFile)); err == nil && l.linger != nil {
		l.linger(l.shut)
		return
	}
	l.shut()
}

// shut stops serving.
func (l *live) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range l.servers {
		if server.Shutdown(ctx) != nil {
			server.Close() // a browser that does not let go
		}
	}
}

// now is what closes at the next interval, and the directory of the run, once it is over.
func (l *live) now() (tick <-chan struct{}, directory string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tick, l.directory
}

// report serves the report of a run that is over.
func (l *live) report(w http.ResponseWriter, _ *http.Request) {
	_, directory := l.now()
	text, err := rundir.ReadFile(directory, reportFile)
	if directory == "" || err != nil {
		http.Error(w, "there is no report yet", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(text) // a browser that is gone is no news
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
	if charts, err := l.view.Charts(); ended != "" && err == nil && send(w, "charts", string(charts)) == nil {
		send(w, "end", filepath.Join(ended, reportFile)) // a browser that is gone is no news
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
