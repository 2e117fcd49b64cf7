// Package event is one recorded event, whatever format it came in, and why a line did
// not become one.
//
// In reading order: event, reason, merge (which ids it joins), personal (whether its name
// tells of a person), time (recorded times: a clock reads them), written (times in words),
// doubt (those that may mean several things), untimely (what is said of one that is none).
package event
