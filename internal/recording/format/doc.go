// Package format reads lines of the formats of products, tables and access logs as
// events. Each format is a small decoder from a line to an event; which one a part needs
// is told from its beginning.
//
// A line is scanned once: the scanner that finds the members is the one that makes sure
// that the line is valid JSON. Nothing is allocated a line.
//
// In reading order: format (which one it is), decoder, posthog, mixpanel, amplitude,
// segment, snowplow, accesslog, w3c, mapped (any members, as a scenario maps them), nested
// (lists of events in a line), table and rows.
package format
