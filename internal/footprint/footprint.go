// Package footprint keeps small what a process takes of the machine's memory.
//
// Pages of the program's own file are one part. Linux maps the 64 KB around each byte of
// code or constants that is touched for the first time. What is set up before main
// touches so much of a large program that most of it counts as memory of the process, and
// stays, though a run needs a fraction. Pages that are let go remain in the page cache of
// the machine, which gives them up when others need it; those that are needed again come
// back from there, without being read from the disk.
//
// Garbage is the other: how much may gather before it is collected.
package footprint

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

// CollectAt has garbage collected once it is so many percent of what is in use, until
// restore is called. It changes nothing where the environment says when to collect.
func CollectAt(percent int) (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}

// region is a stretch of addresses.
type region struct{ from, to uintptr }

// unchanged are the regions in which a file is mapped as it is, from the text of
// /proc/PID/smaps: not to be written, and without a page that was written nevertheless,
// as a loader does that moves addresses, or a debugger that sets breakpoints. Such a page
// would be lost.
func unchanged(smaps []byte, file string) (regions []region) {
	var open *region
	for line := range bytes.Lines(smaps) {
		fields := bytes.Fields(line)
		switch {
		case len(fields) < 2:
		case !bytes.HasSuffix(fields[0], []byte(":")):
			open = mapping(line, fields, file)
		case open != nil && string(fields[0]) == "Anonymous:":
			if string(fields[1]) == "0" {
				regions = append(regions, *open)
			}
			open = nil
		}
	}
	return regions
}

// mapping is the region of a line that begins one, nil unless file is mapped there to be
// read alone: 00401000-011ed000 r-xp 00001000 fe:01 1234   /usr/bin/rehearse
func mapping(line []byte, fields [][]byte, file string) *region {
	if len(fields) < 6 || len(fields[1]) != 4 || fields[1][1] != '-' || fields[1][3] != 'p' ||
		!bytes.HasSuffix(bytes.TrimRight(line, "\n"), []byte(" "+file)) {
		return nil
	}
	first, last, _ := bytes.Cut(fields[0], []byte("-"))
	from, err := strconv.ParseUint(string(first), 16, 64)
	if err != nil {
		return nil
	}
	to, err := strconv.ParseUint(string(last), 16, 64)
	if err != nil || to <= from {
		return nil
	}
	return &region{uintptr(from), uintptr(to)}
}
