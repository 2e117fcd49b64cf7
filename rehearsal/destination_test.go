package rehearsal

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

func TestReadResolve(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		entry, from string
		to          []string
	}{
		{"capture.example:443:127.0.0.1", "capture.example:443", []string{"127.0.0.1:443"}},
		{"capture.example:443:127.0.0.1,[::1]", "capture.example:443", []string{"127.0.0.1:443", "[::1]:443"}},
		{"capture.example:80:::1", "capture.example:80", []string{"[::1]:80"}},
		{"[::1]:80:127.0.0.1", "[::1]:80", []string{"127.0.0.1:80"}},
		{"capture.example:127.0.0.1", "", nil}, {"capture.example:443", "", nil}, {":443:127.0.0.1", "", nil},
		{"capture.example:443:", "", nil}, {"capture.example:443:localhost", "", nil},
		{"capture.example:70000:127.0.0.1", "", nil}, {"", "", nil},
	} {
		got, err := readResolve([]string{row.entry})
		if (err == nil) != (row.to != nil) || err == nil &&
			!reflect.DeepEqual(got, map[string][]string{row.from: row.to}) {
			t.Errorf("%q: %v, %v", row.entry, got, err)
		}
	}
}

// TestProxyFor: which proxy the environment names for a target, by the rules that
// most programs follow; what cannot be used is refused without quoting it.
func TestProxyFor(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ http, https, no, target, want string }{
		{"proxy.test:3128", "", "", "http://capture.test", "http://proxy.test:3128"},
		{"http://proxy.test", "http://secure.test", "", "https://capture.test", "http://secure.test"},
		{"", "https://ada:secret@secure.test", "", "https://capture.test", "error"},
		{"socks5://ada:secret@proxy.test", "", "", "http://capture.test", "socks5://ada:secret@proxy.test"},
		{"", "socks5h://proxy.test:9050", "", "https://capture.test/prefix", "socks5h://proxy.test:9050"},
		{"http://proxy.test", "", "", "https://capture.test", ""},
		{"http://proxy.test", "", "", "http://127.0.0.1:8000", ""},
		{"http://proxy.test", "", "", "http://localhost", ""}, {"http://proxy.test", "", "", "http://[::1]", ""},
		{"http://proxy.test", "", "capture.test", "http://capture.test", ""},
		{"http://proxy.test", "", ".test", "http://capture.test", ""},
		{"http://proxy.test", "", "capture.test:81,192.0.2.0/24", "http://capture.test", "http://proxy.test"},
		{"http://proxy.test", "", "192.0.2.0/24", "http://192.0.2.7", ""},
		{"http://proxy.test", "", "*", "http://capture.test", ""},
		{"ftp://ada:secret@proxy.test", "", "", "http://capture.test", "error"},
		{"http://ada:secret@proxy.test:port", "", "", "http://capture.test", "error"},
	} {
		target, err := url.Parse(row.target)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := proxyFor(&httpproxy.Config{HTTPProxy: row.http, HTTPSProxy: row.https, NoProxy: row.no}, target)
		got := ""
		if proxy != nil {
			got = proxy.String()
		}
		if err != nil {
			got = "error"
		}
		if got != row.want || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %s, %v", row, got, err)
		}
	}
}
