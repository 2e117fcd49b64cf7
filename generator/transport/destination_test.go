package transport

import (
	"net"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
)

// TestLoopback: this machine is reached by its addresses and names, and no other, be it
// by its address or by a name that leads there.
func TestLoopback(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	dial := Loopback(5 * time.Second)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		c, err := dial(t.Context(), net.JoinHostPort(host, port))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		c.Close()
	}
	for _, addr := range []string{"192.0.2.1:80", "[2001:db8::1]:80", "0.0.0.0:" + port} {
		if c, err := dial(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "it is not this machine") {
			t.Errorf("%s: %v, %v", addr, c, err)
		}
	}
}

// TestNoDial: without a dialer nothing is connected to, a proxy included.
func TestNoDial(t *testing.T) {
	t.Parallel()
	for _, d := range []Destination{
		{URL: parseURL(t, "http://127.0.0.1:1")},
		{URL: parseURL(t, "https://127.0.0.1:1"), Proxy: parseURL(t, "http://127.0.0.1:2")},
	} {
		d.Timeout = time.Second
		_, err := newDialer(&d).reach(t.Context())
		if err == nil || !strings.Contains(err.Error(), ErrNoDial.Error()) || dialReason(err) != capture.ConnectFailed {
			t.Errorf("%v: %v", d.URL, err)
		}
	}
}
