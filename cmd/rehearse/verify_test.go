package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestVerifyDocument runs the commands of docs/verify.md, each of which says how it
// exits.
func TestVerifyDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	_, yaml, _ := strings.Cut(string(text), "```yaml\n")
	yaml, _, _ = strings.Cut(yaml, "```")
	if err := os.WriteFile("small.yaml", []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			runDocumented(t, strings.TrimSpace(line))
			ran++
		}
	}
	if ran < 7 {
		t.Errorf("the document has %d commands", ran)
	}
}

// runDocumented runs a command line as a document has it: rehearse …, perhaps > FILE,
// perhaps # exit CODE or CODE.
func runDocumented(t *testing.T, line string) {
	t.Helper()
	command, comment, _ := strings.Cut(line, "#")
	command, file, redirected := strings.Cut(command, " > ")
	var args []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(command, -1) {
		args = append(args, m[1]+m[2])
	}
	var out, problems bytes.Buffer
	code := run(args[1:], env{strings.NewReader(""), &out, &problems, nil})
	want := []int{0}
	if codes := regexp.MustCompile(`exit (\d+)(?: or (\d+))?`).FindStringSubmatch(comment); codes != nil {
		want = nil
		for _, c := range codes[1:] {
			for _, known := range []int{exitPass, exitThreshold, exitInvalid} {
				if c != "" && strings.TrimSpace(c) == strconv.Itoa(known) {
					want = append(want, known)
				}
			}
		}
	}
	for _, w := range want {
		if code == w {
			if redirected {
				if err := os.WriteFile(filepath.Clean(strings.TrimSpace(file)), out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return
		}
	}
	t.Fatalf("%s: exit %d, want one of %d\n%s%s", line, code, want, &out, &problems)
}
