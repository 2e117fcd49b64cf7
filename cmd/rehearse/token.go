package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// tokenFileFlag is the flag that keeps a token out of the command line, which all
// users of a machine can see.
const tokenFileFlag = "token-file"

// maxTokenFile is how large a file with a token may be, in bytes.
const maxTokenFile = 4 << 10

// readToken reads the token from a file, if there is one, with the white space around
// it taken away.
func readToken(token *string, path string) error {
	if path == "" {
		return nil
	}
	if *token != "" {
		return exitError{exitUsage, errors.New("--token and --" + tokenFileFlag + " exclude each other")}
	}
	file, err := os.Open(path)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot read --%s: %w", tokenFileFlag, err)}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
	if *token = strings.TrimSpace(string(text)); err != nil || *token == "" || len(text) > maxTokenFile {
		return exitError{exitUsage, fmt.Errorf("cannot read --%s: %q holds no token", tokenFileFlag, path)}
	}
	return nil
}
