package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFingerprint: where a scenario is sent to does not change what it is; any
// other override does.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	sum := func(set ...string) string {
		s, err := Parse("s.yaml", []byte("name: a\nload: {profile: \"const(1, 1s)\"}\ntraffic: {}\n"),
			Options{Set: set})
		if err != nil {
			t.Fatal(err)
		}
		print, err := s.Fingerprint()
		if err != nil || print != s.source.anywhere {
			t.Errorf("%s, %v: permits of before have %s", print, err, s.source.anywhere)
		}
		return print
	}
	plain := sum()
	for _, c := range []struct {
		set  string
		same bool
	}{
		{"target.url=http://127.0.0.1:1", true},
		{"target.token=phc_other", true},
		{"traffic.seed=7", false},
		{"target.connections=65", false},
	} {
		if got := sum(c.set) == plain; got != c.same {
			t.Errorf("%s: the same is %v, want %v", c.set, got, c.same)
		}
	}
}

// TestFingerprintOfReferences: what a file refers to is part of what it is, wherever
// it lies, but for what a permit names itself.
func TestFingerprintOfReferences(t *testing.T) {
	t.Parallel()
	const text = "name: a\ntarget: {url: '${URL}', token: '${TOKEN}', connections: '${N}'}\n" +
		"load: {profile: 'const(1, 1s)', late: '${LATE:-queue}'}\n"
	print := func(recording string, variables ...string) string {
		t.Helper()
		dir := t.TempDir()
		source := "traffic: {seed: 1}\n"
		if recording != "" {
			source = "replay: {files: [a.jsonl], key: '${KEY}', clock: profile}\n"
			if err := os.WriteFile(filepath.Join(dir, "a.jsonl"), []byte(recording), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		set := map[string]string{"URL": "http://a.example", "TOKEN": "phc_one", "N": "4", "KEY": "key_of_one"}
		for k := 0; k < len(variables); k += 2 {
			set[variables[k]] = variables[k+1]
		}
		s, err := Parse("s.yaml", []byte(text+source),
			Options{Dir: dir, LookupEnv: func(name string) (string, bool) { v, ok := set[name]; return v, ok }})
		if err != nil {
			t.Fatal(err)
		}
		print, err := s.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		return print
	}
	for _, c := range []struct {
		what string
		a, b string
		same bool
	}{
		{"where it goes", print(""), print("", "URL", "http://b.example"), true},
		{"the token", print(""), print("", "TOKEN", "phc_two"), true},
		{"a number", print(""), print("", "N", "5"), false},
		{"a default", print(""), print("", "LATE", "skip"), false},
		{"the default, given", print(""), print("", "LATE", "queue"), true},
		{"a recording elsewhere", print("{}\n"), print("{}\n"), true},
		{"the key of pseudonyms", print("{}\n"), print("{}\n", "KEY", "key_of_two"), true},
		{"another recording", print("{}\n"), print("[]\n"), false},
	} {
		if (c.a == c.b) != c.same {
			t.Errorf("%s: %s and %s", c.what, c.a, c.b)
		}
	}
	s := parse(t, "name: a\nreplay: {files: ['-']}\n")
	if _, err := s.Fingerprint(); err == nil || !strings.Contains(err.Error(), "cannot take a fingerprint") {
		t.Errorf("standard input: %v", err)
	}
}
