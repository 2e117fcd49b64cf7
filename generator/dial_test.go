package generator

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/staging"
)

// saysOk answers everything with yes.
func saysOk(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, capture.AnswerOk) }

// visit sends one request to d twice, and returns what came of both.
func visit(t *testing.T, d Destination) (first, second results.Outcome) {
	t.Helper()
	d.UserAgent, d.Timeout = "test", time.Minute
	w := newWire(t.Context(), &d)
	defer w.close()
	b := &Batch{Path: "/batch/", ContentType: contentJSON, Body: []byte("{}")}
	for _, o := range []*results.Outcome{&first, &second} {
		w.prepare(b, 0)
		w.exchange(o)
		o.Answer = []byte(string(o.Answer))
	}
	return first, second
}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// trusting returns who vouches for a server.
func trusting(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}

// TestEncrypted: https is spoken to who is trusted, over one connection whose
// opening is timed in two parts; who is not trusted gets nothing.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(saysOk))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	server.StartTLS()
	defer server.Close()
	first, second := visit(t, Destination{URL: parseURL(t, server.URL), Roots: trusting(server)})
	if o := first.Opening; first.Reason != capture.Accepted || !o.Open || !o.Encrypted || o.Connect <= 0 || o.TLS <= 0 {
		t.Errorf("the first request: %v, %+v", first.Reason, o)
	}
	if second.Reason != capture.Accepted || second.Opening.Tried {
		t.Errorf("the second request: %v, %+v, want the connection kept", second.Reason, second.Opening)
	}
	stranger, _ := visit(t, Destination{URL: parseURL(t, server.URL), Roots: x509.NewCertPool()})
	if o := stranger.Opening; stranger.Reason != capture.BadCertificate || !o.Tried || o.Open || !strings.Contains(string(stranger.Answer), "--cacert") {
		t.Errorf("an authority that is not known: %v %q, %+v", stranger.Reason, stranger.Answer, o)
	}
	other := parseURL(t, server.URL)
	leads := map[string][]string{"other.test:" + other.Port(): {other.Host}}
	other.Host = "other.test:" + other.Port()
	if o, _ := visit(t, Destination{URL: other, Roots: trusting(server), Resolve: leads}); o.Reason != capture.BadCertificate || strings.Contains(string(o.Answer), "--cacert") {
		t.Errorf("a certificate for another host: %v %q", o.Reason, o.Answer)
	}
	plain := parseURL(t, server.URL)
	plain.Scheme = "http"
	if o, _ := visit(t, Destination{URL: plain}); o.Reason != capture.BadRequest {
		t.Errorf("http to an https port: %v", o.Reason)
	}
}

// TestNotEncrypted: an endpoint that does not speak TLS is told from one whose
// certificate is bad.
func TestNotEncrypted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(saysOk))
	defer server.Close()
	u := parseURL(t, server.URL)
	u.Scheme = "https"
	if o, _ := visit(t, Destination{URL: u}); o.Reason != capture.TLSFailed {
		t.Errorf("%v %q", o.Reason, o.Answer)
	}
}

// TestResolve: a name leads where it is said to, over IPv6 as well, and the
// endpoint still hears the name.
func TestResolve(t *testing.T) {
	t.Parallel()
	hosts := make(chan string, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Host
		saysOk(w, r)
	}))
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 on this machine:", err)
	}
	server.Listener = listener
	server.Start()
	defer server.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, row := range []struct{ url, host string }{
		{"http://[::1]:" + port, "[::1]:" + port},
		{"http://capture.test:" + port, "capture.test:" + port},
	} {
		leads := map[string][]string{"capture.test:" + port: {"[::1]:" + port}}
		o, _ := visit(t, Destination{URL: parseURL(t, row.url), Resolve: leads})
		if host := <-hosts; o.Reason != capture.Accepted || host != row.host {
			t.Errorf("%s: %v %q, the endpoint heard %q", row.url, o.Reason, o.Answer, host)
		}
		<-hosts
	}
}

// tunneling is a proxy that opens tunnels to one place, to whoever knows the
// password.
func tunneling(t *testing.T, to, credentials string) *httptest.Server {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != credentials {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(near, "HTTP/1.1 200 Connection established\r\nX-For: ", r.Host, "\r\n\r\n")
		go func() { io.Copy(far, near); far.Close() }()
		io.Copy(near, far)
		near.Close()
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

// TestProxy: requests pass a proxy's tunnel, encrypted from end to end or not; a
// proxy that refuses is a connection that could not be opened.
func TestProxy(t *testing.T) {
	t.Parallel()
	plain, secure := httptest.NewServer(http.HandlerFunc(saysOk)), httptest.NewTLSServer(http.HandlerFunc(saysOk))
	defer plain.Close()
	defer secure.Close()
	for _, row := range []struct {
		url    string
		server *httptest.Server
		user   *url.Userinfo
		want   capture.Reason
	}{
		{"http://capture.test", plain, url.UserPassword("ada", "secret"), capture.Accepted}, // YWRhOnNlY3JldA== is ada:secret
		{"https://example.com", secure, url.UserPassword("ada", "secret"), capture.Accepted},
		{"http://capture.test", plain, nil, capture.ConnectFailed},
	} {
		proxy := parseURL(t, tunneling(t, row.server.Listener.Addr().String(), "Basic YWRhOnNlY3JldA==").URL)
		proxy.User = row.user
		d := Destination{URL: parseURL(t, row.url), Proxy: proxy}
		if row.server == secure {
			d.Roots = trusting(secure) // whose certificate names example.com
		}
		o, _ := visit(t, d)
		if o.Reason != row.want || o.Opening.Open != (row.want == capture.Accepted) {
			t.Errorf("%s through %v: %v %q", row.url, row.user, o.Reason, o.Answer)
		}
		if row.want != capture.Accepted && !strings.Contains(string(o.Answer), "407 Proxy Authentication Required") {
			t.Errorf("the sample does not tell what the proxy said: %q", o.Answer)
		}
	}
}

// TestProxyStandsStill: a proxy that takes the connection and says nothing costs
// the timeout and no more.
func TestProxyStandsStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go io.Copy(io.Discard, far)
		d := newDialer(&Destination{
			URL: parseURL(t, "http://capture.test"), Proxy: parseURL(t, "http://proxy.test:3128"), Timeout: 2 * time.Second,
			Dial: func(context.Context, string) (net.Conn, error) { return near, nil },
		})
		began := time.Now()
		_, err := d.dial(t.Context(), &results.Opening{})
		if reason := dialReason(err); reason != capture.ConnectTimeout || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v: %v", reason, time.Since(began), err)
		}
	})
}

// TestConnecting: what it takes to open connections is recorded apart, once a
// connection, and lies in latency and service, not in lag.
func TestConnecting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := fasthttputil.NewInmemoryListener()
		server := staging.New(staging.Config{})
		served := make(chan error)
		go func() { served <- server.Serve(listener) }()
		const slow = 300 * time.Millisecond
		tries := 0
		r := stageRun{
			scenario: parse(t, "name: a\nload: {profile: 'const(100, 10s)'}\ntarget: {connections: 1}\nbatching: {events: 100}\ntraffic: {}\n"),
			dial: func(context.Context, string) (net.Conn, error) {
				if tries++; tries == 1 {
					return nil, io.ErrClosedPipe
				}
				time.Sleep(slow)
				return listener.Dial()
			},
		}
		r.run(t)
		// Ten requests a second apart: the first finds no connection, the second opens one, the others use it.
		if c := r.total.Connections; c != (results.Connections{Opened: 1, Failed: 1}) || r.total.TLS != nil {
			t.Errorf("%+v", c)
		}
		within := func(d time.Duration) bool { return d >= slow && d < slow+slow/500 }
		if c := r.total.Connect; c == nil || c.Count() != 1 || !within(c.Max()) {
			t.Errorf("%+v", c)
		}
		if !within(r.total.Latency.Max()) || !within(r.total.Service.Max()) || r.total.Service.Quantile(0.8) > time.Millisecond || r.total.Lag.Max() > time.Millisecond {
			t.Errorf("latency %v, service %v, lag %v at most", r.total.Latency.Max(), r.total.Service.Max(), r.total.Lag.Max())
		}
		listener.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // lets the cleaners end
	})
}
