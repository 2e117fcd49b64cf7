// Package capture is the language of event-capture endpoints: what requests and
// answers look like, and what they mean.
package capture
