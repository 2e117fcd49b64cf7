package intake

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

var (
	// fieldLine is a line on which a field of a form begins.
	fieldLine = regexp.MustCompile(`^([a-z][a-z_-]*):(?:[ \t]+(.*?))?[ \t]*$`)
	// blockMark ends the line of a field whose text stands in the lines below it.
	blockMark = regexp.MustCompile(`^[|>][-+]?$`)
)

// unmailed makes a form of what an email made of it, line by line, so that places
// stay true: marks of quotation go, lines that were pasted without their blanks
// get them, and an answer that YAML would take for more than text is quoted.
func unmailed(text []byte, names []string) []byte {
	lines := strings.Split(string(bytes.TrimPrefix(text, []byte("\ufeff"))), "\n")
	block := false
	for i, line := range lines {
		line = unquoted(strings.TrimSuffix(line, "\r"))
		begins := fieldLine.FindStringSubmatch(line)
		switch {
		case begins != nil && slices.Contains(names, begins[1]):
			block = blockMark.MatchString(begins[2])
			line = begins[1] + ": " + asText(begins[2])
			if block {
				line += "2" // blanks, however many the first line below has
			}
		case begins == nil && block && line != "" && !strings.HasPrefix(line, "#"):
			line = "  " + strings.TrimPrefix(strings.TrimPrefix(line, " "), " ")
		}
		lines[i] = line
	}
	return []byte(strings.Join(lines, "\n"))
}

// unquoted takes off the marks that answering an email puts before each line.
func unquoted(line string) string {
	for strings.HasPrefix(line, ">") {
		line = strings.TrimPrefix(line[1:], " ")
	}
	return line
}

// asText quotes an answer that is not YAML, or YAML for something else.
func asText(answer string) string {
	if answer == "" || strings.ContainsRune("|>'\"[{", rune(answer[0])) {
		return answer
	}
	if strings.ContainsRune("%@`&*!,", rune(answer[0])) || strings.Contains(answer, ": ") || strings.HasSuffix(answer, ":") {
		return "'" + strings.ReplaceAll(answer, "'", "''") + "'"
	}
	return answer
}
