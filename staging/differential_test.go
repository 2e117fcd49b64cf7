package staging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"

	"rehearse/internal/capture"
	"rehearse/internal/jsonfuzz"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"
)

// bodies is how many bodies a test makes up: a few thousand, or as many as the
// environment says.
func bodies(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("REHEARSE_BODIES")); err == nil {
		return n
	}
	return 2000
}

// looksEncoded tells bodies that the service may take for base64 or gzip, of which
// the oracle knows nothing.
var looksEncoded = regexp.MustCompile(`^[A-Za-z0-9+/= ]{128}|^[A-Za-z0-9+/= ]{0,127}$|^\x1f\x8b\x08`)

// TestDifferential: of bodies at the edges of JSON, over every route and in every
// wrapping, the endpoint says what the oracle of serde_json's rules says.
func TestDifferential(t *testing.T) {
	t.Parallel()
	var z zipper
	servers := map[bool]*Server{true: New(Config{Generation: capture.Generation2024}), false: New(Config{})}
	for i := range bodies(t) {
		source := jsonfuzz.New(uint64(i))
		body := source.Body()
		if looksEncoded.MatchString(body) {
			continue
		}
		zipped := z.pack(t, body)
		for in24, s := range servers {
			for _, w := range wrapped(source, body, zipped, in24) {
				want := jsonfuzz.Expect(body, in24, w.engage)
				if !utf8.ValidString(body) {
					want = jsonfuzz.Expectation{Status: 400, Text: "failed to decode request: " + w.noText}
				}
				before := acceptedBy(s)
				got := said(handled(s, w.request))
				took := int(acceptedBy(s) - before)
				if got != text(want) || took != want.Events {
					t.Errorf("seed %d, 2024 %v, %s: %q\n got %s, %d events\nwant %s, %d", i, in24, w.target, body, got,
						took, text(want), want.Events)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// acceptedBy is how many events an endpoint has accepted, without all else that
// Stats counts.
func acceptedBy(s *Server) (n int64) {
	for i := range s.shards {
		n += s.shards[i].accepted
	}
	return n
}

func text(e jsonfuzz.Expectation) string {
	if e.Status == 200 {
		return ok
	}
	return fmt.Sprintf("%d %s", e.Status, e.Text)
}

// wrapping is a body on its way over one route.
type wrapping struct {
	request
	engage bool
	noText string // what is said of a body that is not UTF-8
}

// wrapped returns the body in one wrapping after the other, each on a route that
// the source chooses.
func wrapped(source *jsonfuzz.Source, body, zipped string, in24 bool) []wrapping {
	plain, inGzip := "invalid UTF8 in request payload", "invalid gzip data"
	routes := []string{"/batch", "/batch/", "/e", "/e/", "/i/v0/e", "/i/v0/e/"}
	if in24 {
		plain = "invalid body encoding"
	} else {
		routes = append(routes, "/capture/", "/track", "/engage", "/engage/")
	}
	list := []wrapping{
		{request: request{kind: "application/json", body: []byte(body)}, noText: plain},
		{request: request{kind: "text/plain", body: []byte(zipped)}, noText: inGzip},
		{request: request{kind: "application/json", encoding: "gzip", body: []byte(zipped)}, noText: inGzip},
		{
			request: request{target: "?compression=gzip-js&ver=1", kind: "text/plain", body: []byte(zipped)},
			noText:  inGzip,
		},
		{
			request: request{
				kind: "application/x-www-form-urlencoded",
				body: []byte("data=" + url.QueryEscape(inBase64(zipped))),
			},
			noText: inGzip,
		},
	}
	if in24 {
		list = append(list, wrapping{
			request: request{
				kind: "application/x-www-form-urlencoded",
				body: []byte("data=" + url.QueryEscape(inBase64(body))),
			},
			noText: plain,
		})
	} else {
		list = append(list[:4], wrapping{request: request{target: "?data=" + url.QueryEscape(body)}, noText: plain})
		if !utf8.ValidString(body) {
			list = list[:4] // what a URL holds that is not UTF-8 is replaced
		}
	}
	for i := range list {
		route := routes[source.IntN(len(routes))]
		list[i].method, list[i].target = "POST", route+list[i].target
		list[i].engage = len(route) > 7 && route[:7] == "/engage" || route == "/engage"
	}
	return list
}

// TestDifferentialV1: the same of v1, in its codings.
func TestDifferentialV1(t *testing.T) {
	t.Parallel()
	var z zipper
	s := New(Config{})
	for i := range bodies(t) {
		source := jsonfuzz.New(uint64(i))
		body := source.BodyV1()
		events, readable := jsonfuzz.ExpectV1(body)
		headers := headersV1()
		if i%2 == 0 {
			headers["Content-Encoding"] = "gzip"
		}
		packed := body
		if i%2 == 0 {
			packed = z.pack(t, body)
		}
		ctx := handledV1(s, headers, packed)
		if got := judgedV1(t, ctx); got.refused == readable && len(body) > 0 || readable && got.results >= 0 &&
			got.results != events {
			t.Fatalf("seed %d: %q\n got %s\nwant %d events, readable %v", i, body, said(ctx), events, readable)
		}
	}
}

// zipper packs one text after the other.
type zipper struct {
	out bytes.Buffer
	w   *gzip.Writer
}

func (z *zipper) pack(t *testing.T, text string) string {
	t.Helper()
	z.out.Reset()
	if z.w == nil {
		var err error
		if z.w, err = gzip.NewWriterLevel(&z.out, gzip.BestSpeed); err != nil {
			t.Fatal(err)
		}
	}
	z.w.Reset(&z.out)
	_, err := io.WriteString(z.w, text)
	if err := errors.Join(err, z.w.Close()); err != nil {
		t.Fatal(err)
	}
	return z.out.String()
}

// judgement is what v1 made of a body.
type judgement struct {
	refused bool // it could not be read
	results int  // verdicts, -1 if the body was refused for another reason
}

func judgedV1(t *testing.T, ctx *fasthttp.RequestCtx) judgement {
	t.Helper()
	var answer struct {
		Error   string                     `json:"error"`
		Results map[string]json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(ctx.Response.Body(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != "" {
		return judgement{answer.Error == "request_parsing_error", -1}
	}
	return judgement{false, len(answer.Results)}
}
