package generator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"syscall"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// dialer opens the connections of a wire: to the target or through a proxy,
// encrypted where the target is. All steps together may take as long as a request
// may.
type dialer struct {
	open    func(ctx context.Context, addr string) (net.Conn, error) // TCP
	addrs   []string                                                 // where the target is, the first that answers
	proxy   *proxied                                                 // nil: none
	secure  *tls.Config                                              // nil: not encrypted
	timeout time.Duration
}

// newDialer returns what opens connections to d.
func newDialer(d *Destination) *dialer {
	open := d.Dial
	if open == nil {
		open = func(ctx context.Context, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}
	}
	l := &dialer{timeout: d.Timeout, open: func(ctx context.Context, addr string) (net.Conn, error) {
		c, err := open(ctx, addr)
		if err != nil {
			return nil, err
		}
		return newSocket(c), nil
	}}
	if d.URL.Scheme == "https" {
		l.secure = &tls.Config{ServerName: d.URL.Hostname(), RootCAs: d.Roots, MinVersion: tls.VersionTLS12}
	}
	target := address(d.URL)
	if l.addrs = d.Resolve[target]; len(l.addrs) == 0 {
		l.addrs = []string{target}
	}
	if d.Proxy != nil {
		l.proxy = &proxied{at: d.Proxy, target: l.addrs[0]}
	}
	return l
}

// Hops are where load for d comes to, as scheme, host and port: where the target
// leads. Whoever guards a run asks about all of them, and about Proxy; Dial sees only
// the first step.
func (d *Destination) Hops() (hops []*url.URL) {
	target := address(d.URL)
	addrs := d.Resolve[target]
	if len(addrs) == 0 {
		addrs = []string{target}
	}
	for _, addr := range addrs {
		hops = append(hops, &url.URL{Scheme: d.URL.Scheme, Host: addr})
	}
	return hops
}

// dial opens a connection and notes in o how that went. hard ends it early.
func (l *dialer) dial(hard context.Context, o *results.Opening) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(hard, l.timeout)
	defer cancel()
	o.Tried = true
	began := time.Now()
	conn, err := l.reach(ctx)
	if err != nil {
		return nil, err
	}
	o.Connect = time.Since(began)
	if l.secure == nil {
		o.Open = true
		return conn, nil
	}
	secure := tls.Client(conn, l.secure)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, handshakeError{err}
	}
	o.TLS = time.Since(began) - o.Connect
	o.Open, o.Encrypted = true, true
	return secure, nil
}

// reach opens a connection on which the target can be spoken to.
func (l *dialer) reach(ctx context.Context) (conn net.Conn, err error) {
	if l.proxy != nil {
		return l.proxy.reach(ctx, l.open)
	}
	for _, addr := range l.addrs {
		if conn, err = l.open(ctx, addr); err == nil {
			break
		}
	}
	return conn, err
}

// socketOf returns what a connection of a dialer stands on.
func socketOf(c net.Conn) *socket {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return c.(*socket)
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

// handshakeError says that a connection could not be encrypted.
type handshakeError struct{ error }

// Unwrap returns the cause.
func (e handshakeError) Unwrap() error { return e.error }

// dialReason tells the ways apart in which no connection comes about.
func dialReason(err error) capture.Reason {
	var dns *net.DNSError
	var shake handshakeError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return capture.BadCertificate
	case errors.As(err, &shake):
		return capture.TLSFailed
	case errors.As(err, &dns):
		return capture.NameNotFound
	case errors.Is(err, syscall.ECONNREFUSED):
		return capture.ConnectRefused
	case isTimeout(err):
		return capture.ConnectTimeout
	case isOwnLimit(err):
		return capture.NoSocket
	}
	return capture.ConnectFailed
}

// isOwnLimit tells whether this machine had nothing left to connect with: open
// files of the process or of all, local ports, memory of the network stack.
func isOwnLimit(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// dialSample says in a few words why no connection came about.
func dialSample(err error) string {
	var authority x509.UnknownAuthorityError
	if errors.As(err, &authority) {
		return "trust it with --cacert: " + authority.Error()
	}
	return err.Error()
}
