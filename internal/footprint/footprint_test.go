package footprint

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// smapsOf is the text of a mapping, cut to the lines that matter.
func smapsOf(head string, anonymous string) string {
	return head + "\nSize:              14256 kB\nRss:               11312 kB\nPrivate_Dirty:     11312 kB\n" +
		"Anonymous:        " + anonymous + " kB\nVmFlags: rd ex mr mw me \n"
}

// Only what is on disk as it is in memory may be let go: anything else would be lost.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	const file = "/opt/two words/rehearse"
	for _, c := range []struct {
		name, head, anonymous string
		want                  []region
	}{
		{"code", "00400000-011ec000 r-xp 00000000 fe:00 9978443      " + file, "0", []region{{0x400000, 0x11ec000}}},
		{"constants", "7f0011ec0000-7f0021490000 r--p 00dec000 fe:00 9978443 " + file, "0",
			[]region{{0x7f0011ec0000, 0x7f0021490000}}},
		{"variables", "02149000-0236e000 rw-p 01d49000 fe:00 9978443 " + file, "0", nil},
		{"addresses that a loader moved", "02149000-0236e000 r--p 01d49000 fe:00 9978443 " + file, "12", nil},
		{"shared with others", "00400000-011ec000 r-xs 00000000 fe:00 9978443 " + file, "0", nil},
		{"another file", "00400000-011ec000 r-xp 00000000 fe:00 9978443 /usr/lib/libc.so.6", "0", nil},
		{"no file", "00400000-011ec000 r-xp 00000000 00:00 0 ", "0", nil},
		{"backwards", "011ec000-00400000 r-xp 00000000 fe:00 9978443 " + file, "0", nil},
		{"no addresses", "soon-later r-xp 00000000 fe:00 9978443 " + file, "0", nil},
		{"cut off", "00400000-011ec000 r-xp " + file, "0", nil},
	} {
		stack := smapsOf("7fff00000000-7fff00021000 rw-p 00000000 00:00 0 [stack]", "16")
		text := stack + smapsOf(c.head, c.anonymous) + stack
		if got := unchanged([]byte(text), file); !slices.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", c.name, got, c.want)
		}
	}
	text := smapsOf("00400000-011ec000 r-xp 00000000 fe:00 1 "+file, "0")
	cut, _, _ := strings.Cut(text, "Anonymous")
	if got := unchanged([]byte(cut), file); got != nil {
		t.Errorf("a mapping of which it is not said whether it was written: %x", got)
	}
}

// The program goes on as if nothing had happened.
func TestReleaseProgram(t *testing.T) {
	t.Parallel()
	size := ReleaseProgram()
	if runtime.GOOS == "linux" && size < 1<<20 {
		t.Errorf("%d bytes of a program that is larger than a megabyte", size)
	}
	runtime.GC() // which goes through tables in the file
	if got := strings.Repeat("ab", 2); got != "abab" {
		t.Errorf("got %q", got)
	}
}

// What the environment says of collections holds.
func TestCollectAt(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	defer debug.SetGCPercent(debug.SetGCPercent(80))
	restore := CollectAt(30)
	during := debug.SetGCPercent(30)
	restore()
	if after := debug.SetGCPercent(80); during != 30 || after != 80 {
		t.Errorf("%d %% and afterwards %d %%, want 30 and 80", during, after)
	}
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv(name, "200")
		restore := CollectAt(30)
		if got := debug.SetGCPercent(80); got != 80 {
			t.Errorf("%d %% though %s is set", got, name)
		}
		restore()
		t.Setenv(name, "")
	}
}
