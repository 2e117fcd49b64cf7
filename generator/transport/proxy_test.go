package transport

import (
	"bufio"
	"context"
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

	"rehearse/internal/capture"
	"rehearse/results"
)

// tunneling is a proxy that opens tunnels to one place, to whoever knows the
// password.
func tunneling(t *testing.T, to, credentials string) *httptest.Server {
	t.Helper()
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	t.Cleanup(proxy.Close)
	return proxy
}

// listening is a SOCKS5 proxy that leads to one place, and tells what it was asked
// for. With a password it wants to hear it, of whoever.
func listening(t *testing.T, to, password string) (at string, asked <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	names := make(chan string, 8)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			if name, ok := greet(near, password); ok {
				names <- name
				go join(near, to)
			} else {
				near.Close()
			}
		}
	}()
	return listener.Addr().String(), names
}

// greet is the proxy's side of RFC 1928: it returns the name it was asked for.
func greet(near net.Conn, password string) (name string, ok bool) {
	from := bufio.NewReader(near)
	read := func(n int) []byte { p := make([]byte, n); io.ReadFull(from, p); return p }
	read(int(read(2)[1])) // the methods that are offered
	if password == "" {
		near.Write([]byte{5, 0})
	} else {
		near.Write([]byte{5, 2})
		read(int(read(2)[1]))
		right := string(read(int(read(1)[0]))) == password
		if near.Write([]byte{1, map[bool]byte{false: 1}[right]}); !right {
			return "", false
		}
	}
	if read(4)[3] != 3 { // a name is asked for, not an address
		near.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
		return "", false
	}
	name = string(read(int(read(1)[0])))
	read(2)
	near.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return name, true
}

// join leads what comes over near to a place, and back.
func join(near net.Conn, to string) {
	defer near.Close()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() { io.Copy(far, near); far.Close() }()
	io.Copy(near, far)
}

// TestSOCKS: requests pass a proxy that speaks SOCKS5, which looks the name up,
// encrypted from end to end or not; one that refuses is a connection that could
// not be opened.
func TestSOCKS(t *testing.T) {
	t.Parallel()
	plain, secure := httptest.NewServer(http.HandlerFunc(saysOk)), httptest.NewTLSServer(http.HandlerFunc(saysOk))
	defer plain.Close()
	defer secure.Close()
	for _, row := range []struct {
		scheme, url, password, said string
		server                      *httptest.Server
		want                        capture.Reason
	}{
		{"socks5", "http://example.com", "", "", plain, capture.Accepted},
		{"socks5h", "https://example.com", "", "", secure, capture.Accepted},
		{"socks5h", "http://example.com", "secret", "secret", plain, capture.Accepted},
		{"socks5", "http://example.com", "secret", "wrong", plain, capture.ConnectFailed},
		{"socks5", "http://192.0.2.1", "", "", plain, capture.ConnectFailed}, // this one leads to names only
	} {
		at, asked := listening(t, row.server.Listener.Addr().String(), row.password)
		d := Destination{URL: parseURL(t, row.url), Proxy: &url.URL{Scheme: row.scheme, Host: at}}
		if row.said != "" {
			d.Proxy.User = url.UserPassword("ada", row.said)
		}
		if row.server == secure {
			d.Roots = trusting(secure)
		}
		first, second := visit(t, d)
		if first.Reason != row.want || second.Reason != row.want || first.Connect.Open != (row.want == capture.Accepted) || second.Connect.Open {
			t.Errorf("%+v: %v %q, then %v", row, first.Reason, first.Answer, second.Reason)
		}
		if row.want != capture.Accepted {
			if sample := string(first.Answer); !strings.Contains(sample, "cannot pass the proxy") || strings.Contains(sample, "wrong") {
				t.Errorf("the sample is %q", sample)
			}
		} else if name := <-asked; name != "example.com" || len(asked) > 0 {
			t.Errorf("asked for %q, and for %d more: want one connection", name, len(asked))
		}
	}
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
		server := tunneling(t, row.server.Listener.Addr().String(), "Basic YWRhOnNlY3JldA==")
		server.Start()
		proxy := parseURL(t, server.URL)
		proxy.User = row.user
		d := Destination{URL: parseURL(t, row.url), Proxy: proxy}
		if row.server == secure {
			d.Roots = trusting(secure) // whose certificate names example.com
		}
		o, _ := visit(t, d)
		if o.Reason != row.want || o.Connect.Open != (row.want == capture.Accepted) {
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
	for _, scheme := range []string{"http", "socks5"} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			d := newDialer(&Destination{
				URL: parseURL(t, "http://capture.test"), Proxy: parseURL(t, scheme+"://proxy.test"), Timeout: 2 * time.Second,
				Dial: func(context.Context, string) (net.Conn, error) { return near, nil },
			})
			began := time.Now()
			_, err := d.dial(t.Context(), &results.ConnectAttempt{})
			if reason := dialReason(err); time.Since(began) != 2*time.Second || reason != capture.ConnectTimeout {
				t.Errorf("%s: %v after %v: %v", scheme, reason, time.Since(began), err)
			}
		})
	}
}
