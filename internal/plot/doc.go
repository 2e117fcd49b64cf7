// Package plot draws SVG pictures: what all pictures of the project have in common,
// in a report's page or in a file of their own.
//
// Reading order:
//
//	scale.go    where a value lies on an axis, and which values an axis names
//	path.go     lines, areas and blocks as path data
//	picture.go  a picture in a file of its own, for light and dark paper
//	ink.go      the colours by what they stand for
package plot
