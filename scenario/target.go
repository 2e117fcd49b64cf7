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
		"token":                func(v value) { t.Token = NewSecret(readToken(v)) },
		"compression":          func(v value) { t.Compression = readCompression(v) },
		"hint":                 func(v value) { t.Hint = readHint(v) },
		"historical_migration": func(v value) { t.HistoricalMigration = v.flag() },
		"connections":          func(v value) { t.Connections = int(v.count(1, 10_000)) },
		"keep_alive":           func(v value) { t.Reconnect = !v.flag() },
		"timeout":              func(v value) { t.Timeout = v.duration(time.Millisecond, 10*time.Minute) },
	})
	return t
}

// replayForms says how bodies are sent that pages of old put into forms.
const replayForms = "recorded forms are sent byte for byte with replay.format: capture"

// readCompression reads how bodies are compressed.
func readCompression(v value) Compression {
	if text, ok := v.scalar("text", tagText); ok && (text == "base64" || text == "lz64") {
		v.fail(text+" bodies, which are forms, are not made", "write gzip; "+replayForms)
		return CompressionGzip
	}
	return oneOf(v, []Compression{CompressionNone, CompressionGzip, CompressionDeflate, CompressionBrotli, CompressionZstd})
}

// readHint reads where requests say how they are compressed.
func readHint(v value) Hint {
	if text, ok := v.scalar("text", tagText); ok && text == "form" {
		v.fail("forms are not made", "write header, query or none; "+replayForms)
		return HintHeader
	}
	return oneOf(v, []Hint{HintHeader, HintQuery, HintNone})
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
