package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"rehearse/scenario"
)

// readme returns README.md.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeScenario: the scenario that the README teaches by loads.
func TestReadmeScenario(t *testing.T) {
	t.Parallel()
	_, text, _ := strings.Cut(readme(t), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	if _, err := scenario.Parse("README.md", []byte(text), scenario.Options{}); err != nil {
		t.Error(err)
	}
}

// TestReadmeExitCodes: the table has each exit code of the program, and no other.
func TestReadmeExitCodes(t *testing.T) {
	t.Parallel()
	codes := []int{exitPass, exitInternal, exitUsage, exitThreshold, exitScenario, exitInterrupted, exitAborted,
		exitInvalid, exitRefused}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| `).FindAllStringSubmatch(readme(t), -1)
	if len(rows) != len(codes) {
		t.Fatalf("%d exit codes in the README, %d in the program", len(rows), len(codes))
	}
	for i, c := range codes {
		if rows[i][1] != fmt.Sprint(c) {
			t.Errorf("row %d is exit code %s, want %d", i, rows[i][1], c)
		}
	}
}

// TestReadmeCommands: every verb is in the README, and every verb and flag in
// the README exists.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	text := readme(t)
	root := newRoot(env{})
	for _, c := range root.Commands() {
		if !c.Hidden && c.Name() != "help" && !strings.Contains(text, "| `rehearse "+c.Name()) {
			t.Errorf("the README has no row for %s", c.Name())
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `rehearse (\\w+)[^|]*\\|.*$").FindAllStringSubmatch(text, -1) {
		if row[1] == "completion" {
			continue // made when the program runs
		}
		c, _, err := root.Find(row[1:2])
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, flag := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(row[0], -1) {
			if c.Flags().Lookup(flag[1]) == nil {
				t.Errorf("rehearse %s has no flag --%s", row[1], flag[1])
			}
		}
	}
}

// TestReadmeLength keeps the README a page.
func TestReadmeLength(t *testing.T) {
	t.Parallel()
	if n := strings.Count(readme(t), "\n"); n > 150 {
		t.Errorf("the README has %d lines, want at most 150", n)
	}
}
