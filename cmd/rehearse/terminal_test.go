package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlain: nothing that is printed commands a terminal, and JSON stays what it was.
func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain – é\n\tand so on\r\n":              "plain – é\n\tand so on\r\n",
		"\x1b[2J\x1b]0;PWNED\x07\x1b[31mall good": `\u001b[2J\u001b]0;PWNED\u0007\u001b[31mall good`,
		"over\rwritten\x7f\x00":                   `over\u000dwritten\u007f\u0000`,
		"\u009b31m \u202egnp.exe":                 `\u009b31m \u202egnp.exe`,
		"\x1b[1;31mrefuse\x1b[0m":                 "\x1b[1;31mrefuse\x1b[0m",
		"\x1b[1;31;8mhidden\x1b[0m":               `\u001b[1;31;8mhidden` + "\x1b[0m",
		"cut in the middle of \xe2\x82":           "cut in the middle of \xe2\x82",
	} {
		var out bytes.Buffer
		if n, err := fmt.Fprint(plain{to: &out}, text); err != nil || n != len(text) || out.String() != want {
			t.Errorf("%q is printed %q, want %q (%d, %v)", text, out.String(), want, n, err)
		}
	}
	const odd = "a\u0085b\u202ec\x7f\x1b"
	var out bytes.Buffer
	if err := json.NewEncoder(plain{to: &out}).Encode(odd); err != nil {
		t.Fatal(err)
	}
	var read string
	if err := json.Unmarshal(out.Bytes(), &read); err != nil || read != odd ||
		strings.ContainsFunc(out.String(), func(r rune) bool { return r != '\n' && commands(r) }) {
		t.Errorf("%q is read back as %q, %v", out.String(), read, err)
	}
}

// TestStrangersTexts: names of fields and files come to the terminal without their
// commands, whatever the verb.
func TestStrangersTexts(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;PWNED\x07"
	file := filepath.Join(t.TempDir(), "a"+evil+".yaml")
	if err := os.WriteFile(file,
		[]byte("name: a\n\"b\\x1b[2J\": 1\nload: {profile: 'const(1, 1s)'}\ntraffic: {events: {\"\\x1b[2J\": 1}, "+
			"\"\\x07\": 2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", file}, {"check", file}, {"sample", file}, {"shape", file}, {"permit", "new", file},
		{"permit", "show", file},
		{"report", file}, {"merge", file, "-o", file}, {"compare", file, file}, {"profile", file},
		{"init", "--from", file},
		{evil}, {"run", "--" + evil}, {"run", evil, evil}, {"run", file + "missing"}, {"run", file, "--set", evil},
		{"run", file, "--shard", evil},
		{"run", file, "--resolve", evil}, {"run", file, "--token-file", evil}, {"run", file, "--live", evil},
		{"stage", "--listen", evil},
	} {
		var out bytes.Buffer
		run(args, env{strings.NewReader(""), &out, &out, nil})
		if out.Len() == 0 || strings.ContainsAny(out.String(), "\x1b\x07") {
			t.Errorf("%q: %q", args, out.String())
		}
	}
}
