package strict

import (
	"errors"
	"fmt"
	"strings"
)

// A value may refer to the environment: ${NAME}, or ${NAME:-default} as in a
// shell. Any other $ stays as it is.
const opening = "${"

// expand replaces the references of a text. Errors name variables, never values.
func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, opening)
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		inside, rest, closed := strings.Cut(after, "}")
		if !closed {
			return "", errors.New("a reference that begins with ${ has no closing }")
		}
		value, err := resolve(inside, lookup)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		text = rest
	}
}

// resolve returns what the inside of a reference stands for. The default stands
// in for a variable that is unset or empty.
func resolve(inside string, lookup func(string) (string, bool)) (string, error) {
	name, fallback, optional := strings.Cut(inside, ":-")
	if !isVariable(name) {
		return "", errors.New("a reference is ${NAME} or ${NAME:-default}")
	}
	value, set := lookup(name)
	switch {
	case value != "" || set && !optional:
		return value, nil
	case optional:
		return fallback, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}

// isVariable tells whether a name is one that shells accept.
func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if digit := '0' <= c && c <= '9'; !letter && (i == 0 || !digit) {
			return false
		}
	}
	return name != ""
}

// mapLiterals replaces what a text says itself, outside its references and as
// their defaults, and keeps the names of variables.
func mapLiterals(text string, replace func(literal string) string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, opening)
		if before != "" {
			out.WriteString(replace(before))
		}
		inside, rest, closed := strings.Cut(after, "}")
		if !found || !closed {
			return out.String()
		}
		name, fallback, optional := strings.Cut(inside, ":-")
		out.WriteString(opening + name)
		if optional {
			out.WriteString(":-" + replace(fallback))
		}
		out.WriteString("}")
		text = rest
	}
}
