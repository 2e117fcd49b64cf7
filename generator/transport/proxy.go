package transport

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/net/proxy"
)

// proxied is a target behind a proxy: one that opens tunnels over HTTP, or one that
// speaks SOCKS5. Names are the proxy's to look up, whichever kind it is.
type proxied struct {
	at     *url.URL
	target string // host and port
}

// reach opens a connection on which the target can be spoken to.
func (p *proxied) reach(ctx context.Context, open DialFunc) (net.Conn, error) {
	conn, err := open(ctx, address(p.at))
	if err != nil {
		return nil, err
	}
	if err := p.pass(ctx, conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot pass the proxy: %w", err)
	}
	return conn, nil
}

// pass makes conn, which ends at the proxy, lead to the target.
func (p *proxied) pass(ctx context.Context, conn net.Conn) error {
	switch p.at.Scheme {
	case "http":
		return connectTunnel(ctx, conn, connectRequest(p.target, p.at.User))
	case "socks5", "socks5h":
		return p.ask(ctx, conn)
	}
	return fmt.Errorf("it is none that can be spoken to: want http, socks5 or socks5h, not %q", p.at.Scheme)
}

// ask speaks SOCKS5 (RFC 1928, and RFC 1929 where there is a user) on conn.
func (p *proxied) ask(ctx context.Context, conn net.Conn) error {
	var auth *proxy.Auth
	if user := p.at.User; user != nil {
		password, _ := user.Password()
		auth = &proxy.Auth{User: user.Username(), Password: password}
	}
	already := proxyDialer(func(context.Context, string) (net.Conn, error) { return conn, nil })
	socks, err := proxy.SOCKS5("tcp", address(p.at), auth, already)
	if err != nil {
		return err
	}
	_, err = socks.(proxy.ContextDialer).DialContext(ctx, "tcp", p.target) // it is conn, in a wrap
	return err
}

// proxyDialer is a DialFunc as package proxy wants it.
type proxyDialer DialFunc

// Dial opens a connection.
func (o proxyDialer) Dial(_, addr string) (net.Conn, error) { return o(context.Background(), addr) }

// DialContext is Dial until ctx ends.
func (o proxyDialer) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	return o(ctx, addr)
}

// maxTunnelAnswer bounds what a proxy may say before its tunnel stands, in bytes.
const maxTunnelAnswer = maxHead

// connectTunnel asks a proxy for a tunnel with CONNECT (RFC 9110, section 9.3.6).
func connectTunnel(ctx context.Context, conn net.Conn, request string) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	from := bufio.NewReader(io.LimitReader(conn, maxTunnelAnswer))
	answer, err := http.ReadResponse(from, &http.Request{Method: http.MethodConnect})
	for err == nil && answer.StatusCode/100 == 1 { // informational, and followed by the answer
		answer, err = http.ReadResponse(from, &http.Request{Method: http.MethodConnect})
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case answer.StatusCode/100 != 2:
		// In no words of its own: it knows a password.
		return fmt.Errorf("it answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
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
		credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request += "Proxy-Authorization: Basic " + credentials + "\r\n"
	}
	return request + "\r\n"
}
