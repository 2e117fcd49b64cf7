package serdejson_test

import (
	"os"
	"strconv"
	"testing"
	"unicode/utf8"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonfuzz"
)

// TestReal: of every text, serde_json itself says the same, to the column. It runs
// where .ci/serde has built the program that it is linked into.
func TestReal(t *testing.T) {
	program := os.Getenv("REHEARSE_SERDE")
	if program == "" {
		t.Skip("no program with a real serde_json: see .ci/serde")
	}
	bodies, _ := strconv.Atoi(os.Getenv("REHEARSE_BODIES"))
	real := jsonfuzz.Start(t, program)
	for i := range max(bodies, 10_000) {
		s := jsonfuzz.New(uint64(i))
		text := s.Body()
		if i%2 == 0 {
			text = s.Break(s.Value(6))
		}
		if utf8.ValidString(text) {
			same(t, real, 'v', text, said(serdejson.Check([]byte(text))))
		}
		skipped := "ok"
		if !serdejson.Passes([]byte(text)) {
			skipped = "no"
		}
		same(t, real, 'r', text, skipped)
		if t.Failed() {
			return
		}
	}
}

func said(err *serdejson.Error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func same(t *testing.T, real *jsonfuzz.Real, kind byte, text, got string) {
	t.Helper()
	want, err := real.Ask(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	if got == "no" && want != "ok" {
		return
	}
	if got != want {
		t.Errorf("%q:\n got %s\nwant %s", text, got, want)
	}
}
