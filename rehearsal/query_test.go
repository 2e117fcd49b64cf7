package rehearsal

import (
	"net/url"
	"strings"
	"testing"
)

// TestQueryTransport: a database is asked on this machine, or where it is named besides.
func TestQueryTransport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ to, named, refused string }{
		{"http://127.0.0.1:8123/", "", ""},
		{"http://[::1]:8123/", "", ""},
		{"http://192.0.2.1:8123/", "", "it is not this machine"},
		{"http://192.0.2.1:8123/", "192.0.2.1:8123", ""},
		{"https://192.0.2.1/", "192.0.2.1", ""},
		{"http://192.0.2.1:8123/", "192.0.2.1:9000", "--query-to names"},
		{"http://192.0.2.1:8123/", "192.0.2.2", "--query-to names"},
		{"http://192.0.2.1:8123/", "http://x", "--query-to"},
	} {
		to, err := url.Parse(c.to)
		if err != nil {
			t.Fatal(err)
		}
		transport, err := queryTransport(to, c.named)
		if c.refused == "" && (err != nil || transport == nil) ||
			c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s, named %q: %v, want %q", c.to, c.named, err, c.refused)
		}
	}
}
