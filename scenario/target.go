package scenario

import (
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Target says where the events go and how they travel.
type Target struct {
	URL                 string // http or https, a host, perhaps a path prefix; empty: the embedded staging endpoint on loopback
	Client              Client // empty: none in particular
	Endpoint            Endpoint
	Path                Path // empty: that of the client or endpoint; see Route
	Token               Secret
	Compression         Compression
	Hint                Hint // empty: as the compression has it; see Hinted
	HistoricalMigration bool
	Connections         int
	Reconnect           bool          // a new connection for every request
	Timeout             time.Duration // from sending a request to the end of its answer
}

func defaultTarget() Target {
	return Target{
		Endpoint:    EndpointBatch,
		Token:       NewSecret("phc_rehearsal"),
		Compression: CompressionGzip,
		Connections: 64,
		Timeout:     15 * time.Second,
	}
}

func readTarget(v value) Target {
	t := defaultTarget()
	v.object(fields{
		"url": func(v value) { t.URL = readURL(v) },
		"client": func(v value) {
			t.Client = oneOf(v, []Client{ClientJS, ClientGo, ClientPython, ClientNode, ClientImporter})
		},
		"endpoint": func(v value) {
			t.Endpoint = oneOf(v, []Endpoint{EndpointBatch, EndpointArray, EndpointCapture, EndpointV1})
		},
		"path": func(v value) {
			t.Path = oneOf(v, []Path{PathBatch, PathBrowser, PathSingle, PathCapture, PathTrack, PathEngage})
		},
		"token": func(v value) { t.Token = NewSecret(readToken(v)) },
		"compression": func(v value) {
			t.Compression = oneOf(v, []Compression{CompressionNone, CompressionGzip, CompressionBase64, CompressionLZ64, CompressionDeflate, CompressionBrotli, CompressionZstd})
		},
		"hint":                 func(v value) { t.Hint = oneOf(v, []Hint{HintHeader, HintQuery, HintForm, HintNone}) },
		"historical_migration": func(v value) { t.HistoricalMigration = v.flag() },
		"connections":          func(v value) { t.Connections = int(v.count(1, 10_000)) },
		"keep_alive":           func(v value) { t.Reconnect = !v.flag() },
		"timeout":              func(v value) { t.Timeout = v.duration(time.Millisecond, 10*time.Minute) },
	})
	return t
}

// readToken reads the token. Its mistakes do not tell what it is.
func readToken(v value) string {
	token := v.line(1, maxLine)
	if strings.ContainsFunc(token, unicode.IsSpace) {
		v.fail("must not contain blanks", "")
	}
	v.secret(token)
	return token
}

// readURL reads the base of the endpoint's URLs. Its mistakes do not tell what it
// is, because it might hold a password.
func readURL(v value) string {
	text := v.line(0, 2000)
	if text == "" {
		return ""
	}
	const hint = "as in https://capture.staging.example, perhaps with a path"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		v.fail("cannot be read as a URL", hint)
	case u.Scheme != "http" && u.Scheme != "https":
		v.fail("must begin with http:// or https://", hint)
	case u.Hostname() == "":
		v.fail("has no host", hint)
	case u.User != nil:
		v.fail("must not hold a user or password", "the token goes to target.token")
	case strings.ContainsAny(text, "?#"):
		v.fail("must not have a query or fragment", hint)
	}
	return text
}
