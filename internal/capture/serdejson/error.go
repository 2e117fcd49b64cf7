package serdejson

import (
	"bytes"
	"fmt"
)

// Code says what is wrong with a text, in the words of serde_json's ErrorCode.
type Code uint8

// The codes.
const (
	sound Code = iota
	EOFInList
	EOFInObject
	EOFInString
	EOFInValue
	ExpectedColon
	ExpectedListEnd
	ExpectedObjectEnd
	ExpectedIdent
	ExpectedValue
	InvalidEscape
	InvalidNumber
	NumberOutOfRange
	InvalidCodePoint
	ControlCharacter
	KeyNotString
	LoneSurrogate
	TrailingComma
	TrailingCharacters
	EndOfHexEscape
	RecursionLimit
)

// texts are the words of serde_json's error.rs.
var texts = [...]string{
	EOFInList:          "EOF while parsing a list",
	EOFInObject:        "EOF while parsing an object",
	EOFInString:        "EOF while parsing a string",
	EOFInValue:         "EOF while parsing a value",
	ExpectedColon:      "expected `:`",
	ExpectedListEnd:    "expected `,` or `]`",
	ExpectedObjectEnd:  "expected `,` or `}`",
	ExpectedIdent:      "expected ident",
	ExpectedValue:      "expected value",
	InvalidEscape:      "invalid escape",
	InvalidNumber:      "invalid number",
	NumberOutOfRange:   "number out of range",
	InvalidCodePoint:   "invalid unicode code point",
	ControlCharacter:   `control character (\u0000-\u001F) found while parsing a string`,
	KeyNotString:       "key must be a string",
	LoneSurrogate:      "lone leading surrogate in hex escape",
	TrailingComma:      "trailing comma",
	TrailingCharacters: "trailing characters",
	EndOfHexEscape:     "unexpected end of hex escape",
	RecursionLimit:     "recursion limit exceeded",
}

// String returns the words of serde_json.
func (c Code) String() string {
	if int(c) < len(texts) {
		return texts[c]
	}
	return "error"
}

// Error is where serde_json stops to read a text, and why.
type Error struct {
	Code   Code
	Line   int // from 1 on
	Column int // in bytes; 0: before the first of the line
}

// Error returns what serde_json says.
func (e *Error) Error() string {
	return fmt.Sprintf("%v at line %d column %d", e.Code, e.Line, e.Column)
}

// errorAt places an error behind the first n bytes of a text.
func errorAt(code Code, text []byte, n int) *Error {
	line := bytes.LastIndexByte(text[:n], '\n') + 1
	return &Error{code, 1 + bytes.Count(text[:line], []byte{'\n'}), n - line}
}
