package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpproxy"

	"rehearse/generator"
)

// networkFlags say how connections to the target come about: where, and who
// vouches for it.
type networkFlags struct {
	cacert  string
	resolve []string
}

// define makes the flags.
func (f *networkFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.cacert, "cacert", "", "trust an https target (or proxy) that is certified by this `file` (PEM) instead of the system's authorities")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "connect to an address instead of looking the name up, as in `host:port:address` (repeatable)")
}

// apply writes into d what the flags say, and what the environment says of
// proxies.
func (f *networkFlags) apply(d *generator.Destination) (err error) {
	if d.Roots, err = readRoots(f.cacert); err != nil {
		return exitError{exitUsage, err}
	}
	if d.Resolve, err = readResolve(f.resolve); err != nil {
		return exitError{exitUsage, err}
	}
	if d.Proxy, err = proxyFor(httpproxy.FromEnvironment(), d.URL); err != nil {
		return exitError{exitUsage, err}
	}
	return nil
}

// readRoots reads who is to be trusted; nil stands for the system's choice.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read --cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("cannot read --cacert: %q holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", path)
	}
	return pool, nil
}

// readResolve reads entries of the form host:port:address[,address], as curl has
// them. Addresses of IPv6 may stand in brackets.
func readResolve(entries []string) (map[string][]string, error) {
	leads := map[string][]string{}
	for _, entry := range entries {
		host, rest := cutHost(entry)
		port, addresses, found := strings.Cut(rest, ":")
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || !found || host == "" {
			return nil, fmt.Errorf("cannot read --resolve %q: want host:port:address, as in capture.example:443:127.0.0.1", entry)
		}
		from := net.JoinHostPort(host, port)
		for address := range strings.SplitSeq(addresses, ",") {
			ip := net.ParseIP(strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"))
			if ip == nil {
				return nil, fmt.Errorf("cannot read --resolve %q: %q is no address", entry, address)
			}
			leads[from] = append(leads[from], net.JoinHostPort(ip.String(), port))
		}
	}
	return leads, nil
}

// cutHost cuts the host off an entry, brackets around it taken away.
func cutHost(entry string) (host, rest string) {
	if inner, bracketed := strings.CutPrefix(entry, "["); bracketed {
		host, rest, _ = strings.Cut(inner, "]:")
		return host, rest
	}
	host, rest, _ = strings.Cut(entry, ":")
	return host, rest
}

// proxyFor is the proxy that c, which comes from HTTP_PROXY, HTTPS_PROXY and
// NO_PROXY, names for a target, read as most programs do; nil: none. localhost and
// the addresses of loopback never have one.
func proxyFor(c *httpproxy.Config, target *url.URL) (*url.URL, error) {
	proxy, err := c.ProxyFunc()(target)
	if err == nil && proxy == nil {
		return nil, nil
	}
	if err != nil || !usable(proxy) { // to quote it would quote its password
		return nil, errors.New("cannot read the proxy that the environment names: want HTTP_PROXY or HTTPS_PROXY to be http, https, socks5 or socks5h and a host, as in http://proxy.example:3128, or NO_PROXY=" + target.Hostname())
	}
	return proxy, nil
}

// usable tells whether a proxy is one that can be spoken to. What is no URL at all
// has been taken for a host and a path.
func usable(proxy *url.URL) bool {
	switch proxy.Scheme {
	case "http", "https", "socks5", "socks5h":
		return proxy.Hostname() != "" && strings.Trim(proxy.Path, "/") == ""
	}
	return false
}
