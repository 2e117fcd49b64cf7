package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"syscall"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
)

// dialer opens connections: to the target or through a proxy,
// encrypted where the target is. All steps together may take as long as a request
// may.
type dialer struct {
	open    DialFunc    // TCP
	addrs   []string    // where the target is, the first that answers
	proxy   *proxied    // nil: none
	secure  *tls.Config // nil: not encrypted
	timeout time.Duration
}

// newDialer returns what opens connections to d.
func newDialer(d *Destination) *dialer {
	l := &dialer{timeout: d.Timeout, addrs: d.addresses()}
	l.open = func(ctx context.Context, addr string) (net.Conn, error) {
		if d.Dial == nil {
			return nil, ErrNoDial
		}
		c, err := d.Dial(ctx, addr)
		if err != nil {
			return nil, err
		}
		return newSocket(c), nil
	}
	if d.URL.Scheme == "https" {
		l.secure = &tls.Config{ServerName: d.URL.Hostname(), RootCAs: d.Roots, MinVersion: tls.VersionTLS12}
	}
	if d.Proxy != nil {
		l.proxy = &proxied{at: d.Proxy, target: l.addrs[0]}
	}
	return l
}

// dial opens a connection and notes in o how that went. hard ends it early.
func (l *dialer) dial(hard context.Context, o *results.ConnectAttempt) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(hard, l.timeout)
	defer cancel()
	o.Tried = true
	began := time.Now()
	conn, err := l.reach(ctx)
	if err != nil {
		return nil, err
	}
	o.Established = time.Since(began)
	if l.secure == nil {
		o.Open = true
		return conn, nil
	}
	secure := tls.Client(conn, l.secure)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, handshakeError{err}
	}
	o.TLS = time.Since(began) - o.Established
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
