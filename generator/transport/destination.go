package transport

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"
)

// HeaderRehearsal names the run, its permit and whom to ask, whatever client the
// requests look like.
const HeaderRehearsal = "X-Rehearsal"

// Destination is where requests go and how they introduce themselves.
type Destination struct {
	URL       *url.URL
	UserAgent string
	Rehearsal string // the value of HeaderRehearsal; empty: without
	Timeout   time.Duration
	Dial      DialFunc // opens every connection; nil: none can be opened

	Roots   *x509.CertPool      // who is trusted to certify an https target; nil: the system's
	Resolve map[string][]string // where a host:port leads, as host:port; missing: by the name's look-up
	Proxy   *url.URL            // http, socks5 or socks5h: on the way to the target; nil: none
}

// DialFunc opens a TCP connection to a host:port. What a run may reach is decided
// here and nowhere else: it sees each address, a proxy's included, before anything
// is sent. Nothing in this package opens a connection in another way.
//
// Loopback is the one for load that stays on this machine. Load for other hosts
// needs a permit: rehearsal.Run connects to the addresses that the permit pins.
type DialFunc func(ctx context.Context, addr string) (net.Conn, error)

// ErrNoDial says that a destination has no Dial.
var ErrNoDial = errors.New("cannot connect: the destination has no Dial (transport.Loopback is one for this machine)")

// Loopback returns a DialFunc that connects to addresses of this machine alone. The
// address is looked at after names were looked up, so that no name leads elsewhere,
// now or in mid-run. A connection takes at most timeout to open.
func Loopback(timeout time.Duration) DialFunc {
	dialer := &net.Dialer{Timeout: timeout, Control: onlyLoopback}
	return func(ctx context.Context, addr string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", addr) }
}

// onlyLoopback refuses what is not this machine's.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("refused to connect to %s: it is not this machine", host)
	}
	return nil
}

// Hops are where load for d comes to, as scheme, host and port: where the target
// leads. Whoever guards a run asks about all of them, and about Proxy; Dial sees only
// the first step.
func (d *Destination) Hops() (hops []*url.URL) {
	for _, addr := range d.addresses() {
		hops = append(hops, &url.URL{Scheme: d.URL.Scheme, Host: addr})
	}
	return hops
}

// addresses are where the target is, as host:port, the first that answers.
func (d *Destination) addresses() []string {
	target := address(d.URL)
	if addrs := d.Resolve[target]; len(addrs) > 0 {
		return addrs
	}
	return []string{target}
}

// address is host and port of u.
func address(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := "80"
	switch u.Scheme {
	case "https":
		port = "443"
	case "socks5", "socks5h":
		port = "1080"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
