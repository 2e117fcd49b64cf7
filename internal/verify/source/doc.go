// Package source reads what came of a run where it came to: recordings of a staging
// endpoint and exports of events. It makes rows of what it finds, and says what is
// known of them; package verify holds them against the run.
//
// Reading order:
//
//	files.go     [Files]: which of the readers a file needs
//	export.go    lines of JSON and rows of Parquet, by their columns
//	requests.go  recorded requests, read as the endpoint reads them
package source
