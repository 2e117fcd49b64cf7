package main

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"

	"rehearse/capture"
	"rehearse/results"
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
		{"capture.example:443:", "", nil}, {"capture.example:443:localhost", "", nil}, {"capture.example:70000:127.0.0.1", "", nil}, {"", "", nil},
	} {
		got, err := readResolve([]string{row.entry})
		if (err == nil) != (row.to != nil) || err == nil && !reflect.DeepEqual(got, map[string][]string{row.from: row.to}) {
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
		{"http://proxy.test", "https://secure.test", "", "https://capture.test", "https://secure.test"},
		{"socks5://ada:secret@proxy.test", "", "", "http://capture.test", "socks5://ada:secret@proxy.test"},
		{"", "socks5h://proxy.test:9050", "", "https://capture.test/prefix", "socks5h://proxy.test:9050"},
		{"http://proxy.test", "", "", "https://capture.test", ""},
		{"http://proxy.test", "", "", "http://127.0.0.1:8000", ""}, {"http://proxy.test", "", "", "http://localhost", ""}, {"http://proxy.test", "", "", "http://[::1]", ""},
		{"http://proxy.test", "", "capture.test", "http://capture.test", ""}, {"http://proxy.test", "", ".test", "http://capture.test", ""},
		{"http://proxy.test", "", "capture.test:81,192.0.2.0/24", "http://capture.test", "http://proxy.test"},
		{"http://proxy.test", "", "192.0.2.0/24", "http://192.0.2.7", ""}, {"http://proxy.test", "", "*", "http://capture.test", ""},
		{"ftp://ada:secret@proxy.test", "", "", "http://capture.test", "error"}, {"http://ada:secret@proxy.test:port", "", "", "http://capture.test", "error"},
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

// TestRunEncrypted: a whole run to an https target under another name, with the
// flags that make that possible.
func TestRunEncrypted(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, capture.AnswerOk) }))
	defer server.Close()
	dir := t.TempDir()
	authority := filepath.Join(dir, "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(file, []byte("name: a\nload: {profile: 'const(50, 200ms)'}\ntarget: {connections: 2}\nbatching: {events: 1}\ntraffic: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(server.URL)
	var out, problems strings.Builder
	run([]string{"run", file, "--quiet", "--json", "--out", filepath.Join(dir, "out"), "--target", "https://example.com:" + at.Port(),
		"--cacert", authority, "--resolve", "example.com:" + at.Port() + ":127.0.0.1"}, env{nil, &out, &problems, nil})
	var r results.Result
	if err := json.NewDecoder(strings.NewReader(out.String())).Decode(&r); err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	if c := r.Connections; r.Requests.Accepted != 10 || c == nil || c.Opened < 1 || c.Opened > 2 || r.TLS == nil || r.TLS.Count != c.Opened || r.TLS.Mean == 0 {
		t.Errorf("%+v, %+v, %+v", r.Requests, c, r.TLS)
	}
}

// TestNetworkFlagsRefuse: what the flags get wrong is said before anything runs.
func TestNetworkFlagsRefuse(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--cacert", "missing.pem"}, exitUsage, "cannot read --cacert"},
		{[]string{"--cacert", empty}, exitUsage, "holds no certificate"},
		{[]string{"--resolve", "x"}, exitUsage, `cannot read --resolve "x"`},
		{[]string{"--target", "http://capture.test", "--resolve", "capture.test:80:192.0.2.1"}, exitRefused, "refused to send load to 192.0.2.1"},
	} {
		var problems strings.Builder
		code := run(append([]string{"run", "../../scenarios/quickstart.yaml"}, row.args...), env{nil, io.Discard, &problems, nil})
		if code != row.code || !strings.Contains(problems.String(), row.want) {
			t.Errorf("%v: exit %d, %s", row.args, code, problems.String())
		}
	}
}
