// Package container leads from paths to lines: it finds what lies there, in archives and
// archives in archives, decompresses it, and hands out lines. Files end where they ended
// when they were looked at, and what can be read only once is copied first.
//
// In reading order: part (a file or a member), files (all of them, and their copies),
// container (what a file is, from its first bytes), archive (zip and tar), lines, list
// (records of a JSON list as lines), sums (what identifies files), free_unix.
package container
