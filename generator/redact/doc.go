// Package redact takes out of an endpoint's answers what must not be kept: the token,
// and whatever of the request they quote.
//
// Reading order: redact.go is an answer and what is compared with it; redaction.go finds
// what is to go in a text; unescape.go reads texts that are escaped.
package redact
