package permit

import (
	"net/url"
	"strings"
	"testing"
)

// TestHostsAreOne: one host has many spellings, and two hosts none in common.
func TestHostsAreOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		permit, target string
		want           bool
	}{
		{"capture.example", "https://capture.example", true},
		{"capture.example", "http://capture.example/prefix", true},
		{"Capture.Example.", "https://cAPTURE.example:443", true},
		{"capture.example:443", "https://capture.example.", true},
		{"capture.example:443", "http://capture.example", false},
		{"capture.example", "https://capture.example:8443", false},
		{"capture.example:8443", "https://capture.example:8443", true},
		{"capture.example", "https://capture.example.evil.example", false},
		{"capture.example", "https://sub.capture.example", false},
		{"xn--bcher-kva.example", "https://XN--BCHER-KVA.example", true},
		{"127.0.0.1:80", "http://127.0.0.1", true},
		{"localhost:80", "http://127.0.0.1", false},
		{"[::1]:8010", "http://[0:0:0:0:0:0:0:1]:8010", true},
		{"[::ffff:127.0.0.1]:80", "http://127.0.0.1", true},
		{"[2001:DB8::1]", "https://[2001:db8:0::1]", true},
		{"embedded", "http://embedded", false},
	} {
		t.Run(c.permit+" "+c.target, func(t *testing.T) {
			t.Parallel()
			h, err := ParseHost(c.permit)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(c.target)
			if err != nil {
				t.Fatal(err)
			}
			target, err := TargetHost(u)
			if err != nil {
				t.Fatal(err)
			}
			if got := h.Allows(target, u.Scheme); got != c.want {
				t.Errorf("%+v allows %+v: %v", h, target, got)
			}
			if again, err := ParseHost(h.String()); err != nil || again != h {
				t.Errorf("%q is read back as %+v, %v", h, again, err)
			}
		})
	}
}

// TestWrongHosts: what is no host, or more than one.
func TestWrongHosts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "no name of a host"},
		{".", "no name of a host"},
		{"a..b", "no name of a host"},
		{"-a.example", "no name of a host"},
		{"*.example", "wildcard"},
		{"http://capture.example", "without http://"},
		{"capture.example/batch", "a host has no path"},
		{"jo@capture.example", "no '@'"},
		{"capture.example:", "port must be 1 to 65535"},
		{"capture.example:0", "port must be 1 to 65535"},
		{"capture.example:080", "port must be 1 to 65535"},
		{"capture.example:65536", "port must be 1 to 65535"},
		{"::1", "stands in brackets"},
		{"[::1", "IPv6 address"},
		{"[127.0.0.1]", "IPv6 address"},
		{"[fe80::1%eth0]", "without a zone"},
		{"127.1", "neither a name nor an address"},
		{"0x7f000001", "neither a name nor an address"},
		{"2130706433", "neither a name nor an address"},
		{"127.0.0.01", "neither a name nor an address"},
		{"bücher.example", "xn--"},
		{strings.Repeat("a", 64) + ".example", "no name of a host"},
		{strings.Repeat("a.", 127) + "aa", "neither a name"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			if h, err := ParseHost(c.text); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(c.want, "a ")) {
				t.Errorf("got %+v %v, want %q", h, err, c.want)
			}
		})
	}
	if _, err := TargetHost(&url.URL{Scheme: "http", Host: "a.example:"}); err == nil {
		t.Errorf("a URL with a colon and no port has a host")
	}
}

// FuzzHost: what is read as a host is read again from what it prints, as the same.
func FuzzHost(f *testing.F) {
	for _, text := range []string{"capture.example:443", "[2001:db8::1]:8010", "127.0.0.1", "[::ffff:1.2.3.4]", "embedded", "A.b.:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHost(text)
		if err != nil {
			return
		}
		if again, err := ParseHost(h.String()); err != nil || again != h {
			t.Errorf("%q is %+v, and %q is %+v, %v", text, h, h, again, err)
		}
	})
}
