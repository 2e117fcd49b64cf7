package generator

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// dialer opens the connections of a wire: to the target or through a proxy's
// tunnel, encrypted where the target is. All steps together may take as long as
// a request may.
type dialer struct {
	open    func(ctx context.Context, addr string) (net.Conn, error) // TCP
	addrs   []string                                                 // where to connect to, the first that answers: the target, or its proxy
	tunnel  string                                                   // what to ask the proxy for; empty: there is none
	secure  *tls.Config                                              // nil: not encrypted
	timeout time.Duration
}

// newDialer returns what opens connections to d.
func newDialer(d *Destination) *dialer {
	l := &dialer{open: d.Dial, timeout: d.Timeout}
	if l.open == nil {
		l.open = func(ctx context.Context, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}
	}
	if d.URL.Scheme == "https" {
		l.secure = &tls.Config{ServerName: d.URL.Hostname(), RootCAs: d.Roots, MinVersion: tls.VersionTLS12}
	}
	target := address(d.URL)
	if l.addrs = d.Resolve[target]; len(l.addrs) == 0 {
		l.addrs = []string{target}
	}
	if d.Proxy != nil {
		l.tunnel = connectRequest(l.addrs[0], d.Proxy.User)
		l.addrs = []string{address(d.Proxy)}
	}
	return l
}

// Hosts are the names and addresses that load for d comes to: where the target
// leads, and the proxy on the way there. Whoever guards a run asks about all of
// them; Dial sees only the first step.
func (d *Destination) Hosts() (hosts []string) {
	for _, addr := range d.Resolve[address(d.URL)] {
		host, _, _ := net.SplitHostPort(addr)
		hosts = append(hosts, host)
	}
	if len(hosts) == 0 {
		hosts = []string{d.URL.Hostname()}
	}
	if d.Proxy != nil {
		hosts = append(hosts, d.Proxy.Hostname())
	}
	return hosts
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
	for _, addr := range l.addrs {
		if conn, err = l.open(ctx, addr); err == nil {
			break
		}
	}
	if err != nil || l.tunnel == "" {
		return conn, err
	}
	if err := l.burrow(ctx, conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot pass the proxy: %w", err)
	}
	return conn, nil
}

// maxTunnelAnswer bounds what a proxy may say before its tunnel stands, in bytes.
const maxTunnelAnswer = 16 << 10

// burrow asks a proxy for a tunnel (RFC 9110, section 9.3.6).
func (l *dialer) burrow(ctx context.Context, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, l.tunnel); err != nil {
		return err
	}
	from := bufio.NewReader(io.LimitReader(conn, maxTunnelAnswer))
	answer, err := http.ReadResponse(from, &http.Request{Method: http.MethodConnect})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("it answered %s", answer.Status)
	case from.Buffered() > 0:
		return errors.New("it spoke before it was spoken to")
	}
	return nil
}

// connectRequest asks for a tunnel to addr, in the name of a user if there is one.
func connectRequest(addr string, user *url.Userinfo) string {
	request := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if user != nil {
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	return request + "\r\n"
}

// address is host and port of u.
func address(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

// handshakeError says that a connection could not be encrypted.
type handshakeError struct{ error }

// Unwrap returns the cause.
func (e handshakeError) Unwrap() error { return e.error }

// dialReason tells the ways apart in which no connection comes about.
func dialReason(err error) capture.Reason {
	var dns *net.DNSError
	var timeout net.Error
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
	case errors.As(err, &timeout) && timeout.Timeout():
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
