package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rehearse/scenario"
)

// requestsOf reads all requests of a recording of this content.
func requestsOf(t *testing.T, content string) (found []string, counts Counts) {
	t.Helper()
	r := written(t, content)
	if format, err := Detect(r); err != nil || format != scenario.FormatCapture {
		t.Errorf("taken for %s, %v", format, err)
	}
	requests, err := OpenRequests(r)
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	for q := (Request{}); ; {
		err := requests.Next(&q, func(*Request) Reason { return "" })
		if err == io.EOF {
			return found, *requests.Counts()
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%s %s %s %s %q", q.Time.UTC().Format(time.RFC3339Nano), q.Path, q.ContentType, q.ContentEncoding, q.Body))
	}
}

// TestRequestFormats: the same two requests as lines, as an HTTP archive and as
// GoReplay records them, with what has to be passed over in between.
func TestRequestFormats(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, "{\n}")
	z.Close()
	want := []string{
		`2026-01-01T00:00:00.5Z /e/?ip=1 application/json  "{\"a\":1}"`,
		fmt.Sprintf(`2026-01-01T00:00:01Z /batch/ application/json gzip %q`, packed.String()),
	}
	goReplay := "1 8e01 1767225600500000000 0\nPOST /e/?ip=1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}" + goReplaySeparator +
		"2 8e01 1767225600600000000 100\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + goReplaySeparator +
		"1 8e02 1767225600700000000 0\nGET /flags HTTP/1.1\r\nHost: a\r\n\r\n" + goReplaySeparator +
		fmt.Sprintf("1 8e03 1767225601000000000 0\nPOST /batch/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String()) + goReplaySeparator
	base64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	archive := `{"log": {"version": "1.2", "creator": {"entries": 1}, "entries": [
		{"startedDateTime":"2026-01-01T01:00:00.500+01:00","request":{"method":"POST","url":"https://a.example/e/?ip=1","headers":[{"name":"content-type","value":"application/json"}],"postData":{"mimeType":"x","text":"{\"a\":1}"}}},
		{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"GET","url":"https://a.example/app.js"}},
		{"startedDateTime":5},
		{"startedDateTime":"2026-01-01T00:00:01Z","request":{"method":"POST","url":"https://a.example/batch/","headers":[{"name":"Content-Encoding","value":"gzip"}],"postData":{"mimeType":"application/json","encoding":"base64","text":"` + base64(packed.String()) + `"}}}
	]}}`
	lines := `{"path":"/e/?ip=1","method":"POST","content_type":"application/json","now":"2026-01-01T00:00:00.5Z","body":"` + base64(`{"a":1}`) + `"}
# a comment
{"path":"/flags","method":"GET","now":"2026-01-01T00:00:00.7Z","body":""}
{"path":"/batch/","content_type":"application/json","content_encoding":"gzip","now":1767225601,"body":"` + base64(packed.String()) + `"}
`
	for _, c := range []struct {
		name, content string
		bad, lines    int64
	}{{"GoReplay", goReplay, 1, 4}, {"HAR", archive, 1, 4}, {"lines", lines, 1, 3}} {
		got, counts := requestsOf(t, c.content)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: requests are\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if counts.Bad != c.bad || counts.Lines != c.lines || counts.Events != 2 {
			t.Errorf("%s: %+v", c.name, counts)
		}
	}
}

// FuzzRequests: no recording of requests makes the reader panic.
func FuzzRequests(f *testing.F) {
	f.Add([]byte(`{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"POST","url":"/"}}]}}`))
	f.Add([]byte("1 a 5\nPOST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := written(t, string(content))
		requests, err := OpenRequests(r)
		if err != nil {
			return
		}
		for q := (Request{}); err == nil; {
			err = requests.Next(&q, func(*Request) Reason { return "" })
		}
		requests.Close()
	})
}
