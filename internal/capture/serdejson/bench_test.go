package serdejson_test

import (
	"bytes"
	"testing"

	"rehearse/internal/capture/serdejson"
)

// aBatch is a body of a hundred events of about 360 bytes.
var aBatch = append(append([]byte(`{"api_key":"phc_a","batch":[`), bytes.Repeat([]byte(
	`{"event":"$pageview","distinct_id":"user-1","uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","timestamp":"2026-01-01T00:00:00.000Z",`+
		`"properties":{"$lib":"web","$current_url":"https://shop.example/products/42?ref=home","$screen_width":1920,"$screen_height":1080,"plan":"pro","seats":12,"ratio":0.25,"a":[true,false,null]}},`),
	99)...), `{}]}`...)

func BenchmarkCheck(b *testing.B) {
	b.SetBytes(int64(len(aBatch)))
	b.ReportAllocs()
	for b.Loop() {
		if err := serdejson.Check(aBatch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSkipped(b *testing.B) {
	b.SetBytes(int64(len(aBatch)))
	for b.Loop() {
		if _, ok := serdejson.Skipped(aBatch); !ok {
			b.Fatal("refused")
		}
	}
}
