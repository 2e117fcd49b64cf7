package permit

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"rehearse/internal/units"
)

// Embedded is the word for the endpoint that a run serves itself, where a permit
// names hosts. A URL whose host happens to be called so is not meant by it.
const Embedded = "embedded"

// Host is a host that load may be sent to, in the one spelling that all others
// come down to: names in lower case without a dot at the end, addresses in their
// shortest form. Two hosts are the same if they are equal.
type Host struct {
	Name string // a name in ASCII, or an address without brackets
	Port uint16 // 0: the usual one of what is spoken, 80, 443, or 1080 of a SOCKS proxy; or the host is Embedded
	Own  bool   // the embedded endpoint
}

// String returns the host as ParseHost reads it.
func (h Host) String() string {
	if h.Port != 0 {
		return net.JoinHostPort(h.Name, strconv.Itoa(int(h.Port)))
	}
	return h.written()
}

// written is the name with the brackets that an IPv6 address has.
func (h Host) written() string {
	if strings.Contains(h.Name, ":") {
		return "[" + h.Name + "]"
	}
	return h.Name
}

// Address returns the address that the host is, if it is one and not a name.
func (h Host) Address() (netip.Addr, bool) {
	a, err := netip.ParseAddr(h.Name)
	return a, err == nil
}

// Allows tells whether what h stands for, as it stands in a permit, holds target,
// whose Port must be that of a connection.
func (h Host) Allows(target Host, scheme string) bool {
	if h.Own || target.Own {
		return h.Own && target.Own
	}
	if h.Port == 0 {
		h.Port = usualPort(scheme)
	}
	return h == target
}

func usualPort(scheme string) uint16 {
	switch scheme {
	case "https":
		return 443
	case "socks5", "socks5h":
		return 1080
	}
	return 80
}

// TargetHost returns host and port that connections to u go to: requests, or a
// proxy's.
func TargetHost(u *url.URL) (Host, error) {
	if strings.HasSuffix(u.Host, ":") {
		return Host{}, errors.New("the port after the colon is missing")
	}
	h, err := ParseHost(u.Host)
	h.Own = false
	if h.Port == 0 {
		h.Port = usualPort(u.Scheme)
	}
	return h, err
}

// ParseHost reads host or host:port, and the word embedded. An IPv6 address
// stands in brackets. Names must be written in ASCII: those in other letters look
// alike too easily to be signed, and have an xn-- form.
func ParseHost(text string) (Host, error) {
	if text == Embedded {
		return Host{Name: Embedded, Own: true}, nil
	}
	name, port, err := splitPort(text)
	if err != nil {
		return Host{}, fmt.Errorf("cannot read %q as a host: %w", units.Clip(text), err)
	}
	if name, err = canonicalName(name); err != nil {
		return Host{}, fmt.Errorf("cannot read %q as a host: %w", units.Clip(text), err)
	}
	return Host{Name: name, Port: port}, nil
}

// splitPort cuts off the port, 0 if there is none.
func splitPort(text string) (name string, port uint16, err error) {
	if strings.Contains(text, "/") {
		return "", 0, errors.New("a host has no path (host or host:port, without http://)")
	}
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		return text, 0, nil
	}
	name, digits, found := text, "", false
	if at := strings.LastIndexByte(text, ':'); at >= 0 {
		name, digits, found = text[:at], text[at+1:], true
	}
	if !found {
		return name, 0, nil
	}
	if strings.Contains(name, ":") && !strings.HasPrefix(name, "[") {
		return "", 0, errors.New("an IPv6 address stands in brackets, as in [::1]:8010")
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != digits {
		return "", 0, errors.New("the port must be 1 to 65535")
	}
	return name, uint16(n), nil
}

// canonicalName is the one spelling of a name or address.
func canonicalName(name string) (string, error) {
	if inside, ok := strings.CutPrefix(name, "["); ok {
		a, err := netip.ParseAddr(strings.TrimSuffix(inside, "]"))
		if err != nil || !a.Is6() || a.Zone() != "" || !strings.HasSuffix(inside, "]") {
			return "", errors.New("in brackets stands an IPv6 address without a zone")
		}
		return a.Unmap().String(), nil
	}
	if a, err := netip.ParseAddr(name); err == nil && a.Is4() {
		return a.String(), nil
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name, checkName(name)
}

// inNames are the characters that names are made of.
const inNames = "-_0123456789abcdefghijklmnopqrstuvwxyz"

// checkName is an error unless name is one that the domain name system could
// hold (RFC 1123, section 2.1). All digits in the last label would be an address
// in one of its old spellings, which programs read in different ways.
func checkName(name string) error {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		for _, c := range []byte(label) {
			switch {
			case c >= 0x80:
				return errors.New("names are written in ASCII (an international one in its xn-- form)")
			case c == '*':
				return errors.New("a wildcard allows hosts that were not agreed on: name each one")
			case strings.IndexByte(inNames, c) < 0:
				return fmt.Errorf("a name has no %q in it (host or host:port, without http:// and path)", c)
			}
		}
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return errors.New("no name of a host")
		}
	}
	if first := labels[len(labels)-1][0]; len(name) > 253 || '0' <= first && first <= '9' {
		return errors.New("neither a name nor an address (an IPv4 address has four numbers, without zeros before them)")
	}
	return nil
}
