package transport

import (
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// saysOk answers everything with yes.
func saysOk(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, capture.AnswerOk) }

// visit sends one request to d twice, and returns what came of both.
func visit(t *testing.T, d Destination) (first, second results.Outcome) {
	t.Helper()
	d.UserAgent, d.Timeout, d.Dial = "test", time.Minute, Loopback(time.Minute)
	w := New(t.Context(), &d)
	defer w.Close()
	b := &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}
	for _, o := range []*results.Outcome{&first, &second} {
		w.Prepare(b, Attempt{}, 0)
		w.Exchange(o)
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
	if o := first.Connect; first.Reason != capture.Accepted || !o.Open || !o.Encrypted || o.Established <= 0 || o.TLS <= 0 {
		t.Errorf("the first request: %v, %+v", first.Reason, o)
	}
	if second.Reason != capture.Accepted || second.Connect.Tried {
		t.Errorf("the second request: %v, %+v, want the connection kept", second.Reason, second.Connect)
	}
	stranger, _ := visit(t, Destination{URL: parseURL(t, server.URL), Roots: x509.NewCertPool()})
	if o := stranger.Connect; stranger.Reason != capture.BadCertificate || !o.Tried || o.Open || !strings.Contains(string(stranger.Answer), "--cacert") {
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

// TestOwnLimits: a machine that has no file, port or buffer left is our own fault,
// and none of the network's.
func TestOwnLimits(t *testing.T) {
	t.Parallel()
	for code, want := range map[syscall.Errno]capture.Reason{
		syscall.EMFILE: capture.NoSocket, syscall.ENFILE: capture.NoSocket, syscall.EADDRNOTAVAIL: capture.NoSocket,
		syscall.ENOBUFS: capture.NoSocket, syscall.ENETUNREACH: capture.ConnectFailed, syscall.ECONNREFUSED: capture.ConnectRefused,
	} {
		err := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", code)}
		if got := dialReason(err); got != want {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
	}
}
