// Package merge joins the run directories of all shards of one run.
package merge
