// Package report writes what a verification came to, for people and for build servers.
// Every sentence about it stands here; package verify has the numbers.
//
// Reading order:
//
//	words.go     what the codes of a report mean
//	text.go      the report as text
//	markdown.go  as Markdown
//	html.go      as a page
//	junit.go     as tests
//	drain.go     how events became visible, as a table and a picture
package report
