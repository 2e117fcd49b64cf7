package capture_test

import (
	"net/url"
	"testing"

	"rehearse/internal/capture"
)

// TestDecodeGzip: how gzip is announced or found, and what breaks it.
func TestDecodeGzip(t *testing.T) {
	checkFacts(t, []fact{
		{"gzip by magic, without a hint", sent(post(""), gzipped(t, single)), "t e:d"},
		{"gzip by Content-Encoding", sent(encoded("gzip", ""), gzipped(t, single)), "t e:d"},
		{"gzip by query", sent(postTo("/e/?compression=gzip-js&ip=1&ver=1.78.5", ""), gzipped(t, single)), "t e:d"},
		{"gzip hint, not gzip: query", postTo("/e/?compression=GZIP", single), "400 failed to decode request: invalid GZIP data"},
		{"gzip hint, not gzip: header", encoded("gzip", single), "400 failed to decode request: invalid GZIP data"},
		{"gzip cut short", sent(post(""), gzipped(t, single)[:30]), "400 failed to decode request: invalid GZIP data"},
		{"gzip of what is not UTF-8", sent(post(""), gzipped(t, "\xff")), "400 failed to decode request: invalid gzip data"},
		{"only the first gzip member is read", sent(post(""), append(gzipped(t, single), gzipped(t, "x")...)), "t e:d"},
		{"unknown hints are sniffed", postTo("/e/?compression=br", single), "t e:d"},
		{"deflate is not v0", encoded("deflate", single), "t e:d"},
		{"not UTF-8", post("\xff"), "400 failed to decode request: invalid UTF8 in request payload"},
	})
}

// TestDecodeBase64: base64 bodies and payloads in the URL.
func TestDecodeBase64(t *testing.T) {
	checkFacts(t, []fact{
		{"base64 body, length a multiple of four", post(inBase64(single + "  ")), "t e:d"},
		{"base64 of gzip", post(inBase64(string(gzipped(t, single)))), "t e:d"},
		{"what only looks like base64 is used raw", post("ab=c"), syntaxText},
		{"null is base64 by the look of it", post("null"), "400 failed to decode request: invalid UTF8 in request payload"},
		{"base64 inside gzip on a legacy path", sent(postTo("/e/", ""), gzipped(t, inBase64(single))), "t e:d"},
		{"base64 inside gzip on /batch", sent(postTo("/batch", ""), gzipped(t, inBase64(single))), syntaxText},
		{"payload in the URL", postTo("/e/?data="+url.QueryEscape(single), ""), "t e:d"},
		{"payload in the URL wins over the body", postTo("/e/?data="+url.QueryEscape(single), "{}"), "t e:d"},
		{"payload in the URL as base64", postTo("/e/?data="+url.QueryEscape(inBase64(single)), ""), "t e:d"},
	})
}

// TestDecodeForms: urlencoded bodies.
func TestDecodeForms(t *testing.T) {
	checkFacts(t, []fact{
		{"form of base64", form("/e/?ip=1&_=1694769302325&ver=1.78.5", "data="+url.QueryEscape(inBase64(single))), "t e:d"},
		{"form whose plus signs were not escaped", form("/e/", "data="+inBase64(`{"api_key":"t","event":"e","distinct_id":">>>???"}`)), "t e:>>>???"},
		{"form of plain JSON", form("/e/", "data="+url.QueryEscape(single)), "t e:d"},
		{"form with its fields in any order", form("/e/", "ver=1&data="+url.QueryEscape(single)), "t e:d"},
		{"form of base64 on /batch is not unwrapped", form("/batch", "data="+url.QueryEscape(inBase64(single))), syntaxText},
		{"form, gzip hint, not gzip", form("/e/?compression=gzip-js", "data="+url.QueryEscape(inBase64(single))), "400 failed to decode request: invalid GZIP data"},
		{"form without a known field", form("/e/", single), "400 failed to decode request: expected form data in POST request payload"},
		{"form with a field twice", form("/e/", "data=a&data=b"), "400 failed to decode request: invalid urlencoded form data"},
		{"form without data", form("/e/", "compression=gzip&ip=1"), "400 failed to decode request: invalid GZIP data"},
		{"content type must be equal", sent(&capture.Request{Path: []byte("/e/"), ContentType: []byte("application/x-www-form-urlencoded; charset=utf-8")}, []byte(single)), "t e:d"},
	})
}
