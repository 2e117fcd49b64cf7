// Package rundir is the ground that a run directory stands on: how it is made so
// that no two runs share one, how its files are read and replaced, and what is
// known of a run that ended without a word.
//
//	file.go   Open and ReadFile read regular files only; Replace swaps a file whole
//	make.go   Make makes the directory, or fails and leaves nothing of its own
//	lock.go   run.lock: who holds the directory, and how far a run may have got
//
// A run directory comes from elsewhere as often as not: unpacked from an archive,
// or written by another user. Nothing in it is followed: not a symbolic link, not
// a named pipe. What it holds may be ids of persons, so that only its owner can
// read what is made here.
package rundir
