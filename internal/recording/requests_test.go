package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"rehearse/internal/recording/event"
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
		err := requests.Next(&q, func(*Request) event.Reason { return "" })
		if err == io.EOF {
			return found, *requests.Counts()
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%s %s %s %s %q", q.Time.UTC().Format(time.RFC3339Nano), q.Path,
			q.ContentType, q.ContentEncoding, q.Body))
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
	goReplay := "1 8e01 1767225600500000000 0\nPOST /e/?ip=1 HTTP/1.1\r\nHost: a\r\n" +
		"Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}" + goReplaySeparator +
		"2 8e01 1767225600600000000 100\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + goReplaySeparator +
		"1 8e02 1767225600700000000 0\nGET /flags HTTP/1.1\r\nHost: a\r\n\r\n" + goReplaySeparator +
		fmt.Sprintf("1 8e03 1767225601000000000 0\nPOST /batch/ HTTP/1.1\r\nHost: a\r\n"+
			"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s",
			packed.Len(), packed.String()) + goReplaySeparator
	base64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	archive := `{"log": {"version": "1.2", "creator": {"entries": 1}, "entries": [
		{"startedDateTime":"2026-01-01T01:00:00.500+01:00","request":{"method":"POST",` +
		`"url":"https://a.example/e/?ip=1","headers":[{"name":"content-type","value":"application/json"}],` +
		`"postData":{"mimeType":"x","text":"{\"a\":1}"}}},
		{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"GET","url":"https://a.example/app.js"}},
		{"startedDateTime":5},
		{"startedDateTime":"2026-01-01T00:00:01Z","request":{"method":"POST","url":"https://a.example/batch/",` +
		`"headers":[{"name":"Content-Encoding","value":"gzip"}],"postData":{"mimeType":"application/json",` +
		`"encoding":"base64","text":"` + base64(packed.String()) + `"}}}
	]}}`
	lines := `{"path":"/e/?ip=1","method":"POST","content_type":"application/json","now":"2026-01-01T00:00:00.5Z",` +
		`"body":"` + base64(`{"a":1}`) + `"}
# a comment
{"path":"/flags","method":"GET","now":"2026-01-01T00:00:00.7Z","body":""}
{"path":"/batch/","content_type":"application/json","content_encoding":"gzip","now":1767225601,"body":"` +
		base64(packed.String()) + `"}
`
	for _, c := range []struct {
		name, content string
		bad, lines    int64
	}{{"GoReplay", goReplay, 0, 4}, {"HAR", archive, 1, 4}, {"lines", lines, 0, 3}} {
		got, counts := requestsOf(t, c.content)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: requests are\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if counts.Bad != c.bad || counts.Lines != c.lines || counts.Events != 2 {
			t.Errorf("%s: %+v", c.name, counts)
		}
	}
}

// leftOut counts what was left out, by reason.
func leftOut(c *Counts) map[event.Reason]int64 {
	left := map[event.Reason]int64{}
	for _, l := range c.Left {
		left[l.Reason] = l.Lines
	}
	return left
}

// requestsIn decodes the requests of a file, and names the events in them.
func requestsIn(t *testing.T, path string) (events []string, counts Counts) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := written(t, string(content))
	requests, err := OpenRequests(r)
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	var decoder RequestDecoder
	for q := (Request{}); ; {
		err := requests.Next(&q, func(*Request) event.Reason { return "" })
		if err == io.EOF {
			return events, *requests.Counts()
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := decoder.Decode(&q)
		if err != nil {
			t.Errorf("%s: the endpoint would refuse %q: %v", path, q.Body, err)
			continue
		}
		for _, e := range got.Events {
			events = append(events, string(e.Event)+" "+string(e.DistinctID))
		}
	}
}

// TestRecordedRequests: what browsers and proxies wrote becomes what was sent, or is
// left out for a reason; a refusal would be one that the recording made.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path string
		want int // events
		left map[event.Reason]int64
	}{
		{"testdata/har-params/a.har", 3, map[event.Reason]int64{}},
		{"testdata/har-latin1/a.har", 9, map[event.Reason]int64{}},
		{"testdata/har-latin1/nobody.har", 1, map[event.Reason]int64{event.NoBody: 1}},
		{"testdata/goreplay-gets/a.gor", 5, map[event.Reason]int64{event.NoEvents: 6, event.CutOff: 1}},
	} {
		got, counts := requestsIn(t, c.path)
		if len(got) != c.want || !strings.HasPrefix(got[0], "viewed u") || !maps.Equal(leftOut(&counts), c.left) {
			t.Errorf("%s: events %q, left out %v", c.path, got, leftOut(&counts))
		}
	}
}

// TestHARBodies: each way in which an archive writes a body, and what went over the
// wire.
func TestHARBodies(t *testing.T) {
	t.Parallel()
	const plain = `{"api_key":"k","event":"e","distinct_id":"ü"}`
	zipped := string(compressed([]byte(plain)))
	text := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	characters := func(s string) string {
		var runes []rune
		for _, b := range []byte(s) {
			runes = append(runes, rune(b))
		}
		return text(string(runes))
	}
	base64Of := base64.StdEncoding.EncodeToString([]byte(zipped))
	const json1, form = `"mimeType":"application/json",`, `"mimeType":"application/x-www-form-urlencoded",`
	for _, c := range []struct {
		name, request string
		body          string
		left          event.Reason
	}{
		{"text", `"postData":{` + json1 + `"text":` + text(plain) + `}`, plain, ""},
		{"base64", `"postData":{` + json1 + `"encoding":"base64","text":"` + base64Of + `"}`, zipped, ""},
		{"base64 for URLs, without padding", `"postData":{"encoding":"base64","text":"_-8"}`, "\xff\xef", ""},
		{"base64 that does not say so", fmt.Sprintf(`"bodySize":%d,"postData":{"text":%q}`, len(zipped), base64Of),
			zipped, ""},
		{"bytes as characters", `"postData":{"mimeType":"text/plain","text":` + characters(zipped) + `}`, zipped, ""},
		{"zstd as characters", `"postData":{"text":` + characters("\x28\xb5\x2f\xfd\x00\x01") + `}`,
			"\x28\xb5\x2f\xfd\x00\x01", ""},
		{"zlib as characters", `"postData":{"text":` + characters("\x78\x9c\x03\x00\x00\x00\x00\x01") + `}`,
			"\x78\x9c\x03\x00\x00\x00\x00\x01", ""},
		{"a text that begins with x", `"postData":{"text":"x^2"}`, "x^2", ""},
		{"lost bytes", `"postData":{"mimeType":"text/plain","text":` +
			text(strings.ToValidUTF8(zipped, "\ufffd")) + `}`, "", event.BrokenBody},
		{"HTTP Toolkit's bytes", `"postData":{"text":""},"_content":{"encoding":"base64","text":"` + base64Of + `"}`,
			zipped, ""},
		{"left out by HTTP Toolkit", `"bodySize":0,"_requestBodyStatus":"discarded:too-large"`, "", event.NoBody},
		{"not recorded", `"bodySize":812`, "", event.NoBody},
		{"not recorded, by its header", `"headers":[{"name":"content-length","value":"812"}],"bodySize":-1`, "",
			event.NoBody},
		{"nobody knows", `"bodySize":-1,"postData":null`, "", event.NoBody},
		{"none", `"bodySize":0`, "", ""},
		{"cut off", `"bodySize":812,"postData":{` + json1 + `"text":"{\"event\":\"e"}`, "", event.NoBody},
		{"unpacked, with its header", `"headers":[{"name":"Content-Encoding","value":"gzip"}],"postData":{` + json1 +
			`"text":` + text(plain) + `}`, zipped, ""},
		{"parameters that are escaped", `"postData":{` + form +
			`"params":[{"name":"data","value":"ey%3D%3D"},{"name":"compression","value":"base64"}]}`,
			"data=ey%3D%3D&compression=base64", ""},
		{"parameters that are not", `"postData":{` + form + `"params":[{"name":"data","value":"e+/ü=="}]}`,
			"data=e%2B%2F%C3%BC%3D%3D", ""},
		{"parameters whose size decides", `"bodySize":13,"postData":{` + form +
			`"params":[{"name":"data","value":"a+b"},{"name":"b","value":""}]}`, "data=a%2Bb&b=", ""},
		{"parameters as they were", `"bodySize":8,"postData":{` + form + `"params":[{"name":"data","value":"a+="}]}`,
			"data=a+=", ""},
		{"text and parameters", `"postData":{` + form + `"text":"data=x","params":[{"name":"data","value":"y"}]}`,
			"data=x", ""},
		{"a multipart form", `"postData":{"mimeType":"multipart/form-data; boundary=b",` +
			`"params":[{"name":"data","value":"y"}]}`, "", event.NoBody},
		{"a charset", `"postData":{"mimeType":"application/json; charset=ISO-8859-1","text":` + text(plain) + `}`,
			strings.ReplaceAll(plain, "ü", "\xfc"), ""},
		{"a charset without the character", `"postData":{"mimeType":"application/json; charset=ISO-8859-1",` +
			`"text":"\u4e2d"}`, "", event.BrokenBody},
		{"HTTP/2", `"headers":[{"name":":method","value":"POST"},{"name":":path","value":"/x"}],` +
			`"postData":{"text":"{}"}`, "{}", ""},
	} {
		entry := `{"startedDateTime":"2026-01-01T00:00:00.000+0000","request":{"method":"POST",` +
			`"url":"https://a.example/e/?ip=1",` + c.request + `}}`
		var q Request
		reason := q.parseHAR([]byte(entry))
		if reason != c.left || reason == "" && string(q.Body) != c.body || reason == "" && q.Path != "/e/?ip=1" {
			t.Errorf("%s: %q, body %q, want %q", c.name, reason, q.Body, c.body)
		}
	}
	asked := `{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"POST",` +
		`"url":"https://a.example/e/?compression=gzip-js","postData":{"text":` + text(plain) + `}}}`
	var q Request
	if reason := q.parseHAR([]byte(asked)); reason != "" || string(q.Body) != zipped {
		t.Errorf("compression in the query: %q, body %q", reason, q.Body)
	}
}

// TestOtherRequests: what a browser asks for besides is passed over, whatever its
// method, and what a proxy in front put before the path is no obstacle.
func TestOtherRequests(t *testing.T) {
	t.Parallel()
	body := base64.StdEncoding.EncodeToString([]byte(`{"api_key":"k","event":"e","distinct_id":"u"}`))
	other := base64.StdEncoding.EncodeToString([]byte(`{"token":"k","distinct_id":"u"}`))
	var lines strings.Builder
	for path, body := range map[string]string{
		// 4 that post events
		"/e/": body, "/batch": body, "/ingest/i/v0/e/?ip=1": body,
		"/i/v1/analytics/events": other,
		"/flags/?v=2":            other, "/g/collect?v=2": other, "/decide?v=3": other, "/s/?ip=1": body,
		"/api/x": body[:4],
	} {
		fmt.Fprintf(&lines, `{"path":%q,"method":"POST","now":"2026-01-01T00:00:00Z","body":%q}`+"\n", path, body)
	}
	got, counts := requestsOf(t, lines.String())
	if len(got) != 4 || leftOut(&counts)[event.NoEvents] != 5 || counts.Bad != 0 {
		t.Errorf("%d requests of 4: %+v", len(got), counts)
	}
}

// FuzzRequests: no recording of requests makes the reader panic.
func FuzzRequests(f *testing.F) {
	f.Add([]byte(`{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z",` +
		`"request":{"method":"POST","url":"/"}}]}}`))
	f.Add([]byte("1 a 5\nPOST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		requests, err := OpenRequests(fuzzed(t, dir, content))
		if err != nil {
			return
		}
		for q := (Request{}); err == nil; {
			err = requests.Next(&q, func(*Request) event.Reason { return "" })
		}
		requests.Close()
	})
}
