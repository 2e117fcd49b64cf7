// Package parquet reads the rows of Parquet files as lines of JSON.
//
// In reading order: parquet (a file and its pages), node (how rows are put together from
// columns that nest), value (how each logical type is written).
package parquet
