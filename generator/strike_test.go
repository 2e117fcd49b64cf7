package generator

import (
	"fmt"
	"strings"
)

// each writes every byte of a text in a format.
func each(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}
