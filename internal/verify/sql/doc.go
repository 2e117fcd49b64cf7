// Package sql asks a database over HTTP what of a run arrived: ClickHouse, or HogQL. It asks for
// counts and sums by the first digits of the uuids, compares them with those of the run, and reads
// rows only where they differ, and of a sample, whose properties are compared.
//
// Reading order:
//
//	source.go      [Open]: the source that a database is
//	query.go       the SELECT that gives the events, and what is written around it
//	buckets.go     counts and sums, and which of them are as they should be
//	reader.go      the rows of the others
//	endpoint.go    one question over HTTP, and its answer
//	clickhouse.go  how ClickHouse is asked, and answers
//	hogql.go       how HogQL is asked, and answers
package sql
