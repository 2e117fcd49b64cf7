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
	"strings"
	"testing"

	"rehearse/internal/capture"
	"rehearse/results"
)

// TestRunEncrypted: a whole run to an https target under another name, with the
// flags that make that possible.
func TestRunEncrypted(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, capture.AnswerOk)
	}))
	defer server.Close()
	dir := t.TempDir()
	authority := filepath.Join(dir, "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(file,
		[]byte("name: a\nload: {profile: 'const(50, 200ms)'}\ntarget: {connections: 2}\nbatching: {events: 1}\n"+
			"traffic: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(server.URL)
	var out, problems strings.Builder
	run([]string{"run", file, "--quiet", "--json", "--out", filepath.Join(dir, "out"), "--target",
		"https://example.com:" + at.Port(),
		"--cacert", authority, "--resolve", "example.com:" + at.Port() + ":127.0.0.1"}, env{nil, &out, &problems, nil})
	var r results.Result
	if err := json.NewDecoder(strings.NewReader(out.String())).Decode(&r); err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	if c := r.Connections; r.Requests.Accepted != 10 || c == nil || c.Opened < 1 || c.Opened > 2 || r.TLS == nil ||
		r.TLS.Count != c.Opened || r.TLS.Mean == 0 {
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
		{[]string{"--target", "http://capture.test", "--resolve", "capture.test:80:192.0.2.1"}, exitRefused,
			"refused to send load to 192.0.2.1"},
	} {
		var problems strings.Builder
		code := run(append([]string{"run", "../../scenarios/quickstart.yaml"}, row.args...),
			env{nil, io.Discard, &problems, nil})
		if code != row.code || !strings.Contains(problems.String(), row.want) {
			t.Errorf("%v: exit %d, %s", row.args, code, problems.String())
		}
	}
}
