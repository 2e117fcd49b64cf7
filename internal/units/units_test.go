package units

import (
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0": 0, "5000": 5000, "5000/s": 5000, "300k/min": 5000, "1M/h": 1e6 / 3600, "2.5/s": 2.5,
		"1_000/s": 1000, "1e3": 1000, "5k": 5000, "86.4k/d": 1, " 5 k / s ": 5000, ".5/s": 0.5, "1G/s": 1e9,
	} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("ParseRate(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "5/", "5/m", "5/sec", "5m/s", "k/s", "NaN", "Inf", "1e400", "1e308G",
		"1..2", "5/s/s", "0x10"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseCount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "64": 64, "1_000": 1000, "10k": 10_000, "1M": 1_000_000, "1.5M": 1_500_000, "1.1M": 1_100_000,
		"2G": 2e9, "1e3": 1000, "9007199254740992": maxCount, "4.35k": 4350,
	} {
		if got, err := ParseCount(text); err != nil || got != want {
			t.Errorf("ParseCount(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "1.5", "1m", "1K", "1kk", "9007199254740994", "1.0001k", "5%", "1e-3"} {
		if got, err := ParseCount(text); err == nil {
			t.Errorf("ParseCount(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "400": 400, "400B": 400, "20MB": 20_000_000, "20MiB": 20 << 20, "1.5KiB": 1536, "2 GB": 2e9,
		"64kB": 64_000, "1GiB": 1 << 30,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1B", "0.5", "5mb", "5M", "5KB", "5TB", "1.0001kiB", "9007199254740993KiB"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("ParseBytes(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseShare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0%": 0, "5%": 0.05, "0.1%": 0.001, "99.9%": 0.999, "100%": 1, "33 %": 0.33,
	} {
		if got, err := ParseShare(text); err != nil || got != want {
			t.Errorf("ParseShare(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0.05", "%", "-1%", "101%", "5%%", "5k%"} {
		if got, err := ParseShare(text); err == nil {
			t.Errorf("ParseShare(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "1m30s": 90 * time.Second,
		"2d": 48 * time.Hour, "1w": 168 * time.Hour, "1d4h": 28 * time.Hour, "0.3d": 25920 * time.Second,
		"1.5d": 36 * time.Hour,
		"1us":  time.Microsecond, "1µs": time.Microsecond, " 1s ": time.Second, "106751d": 106751 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "s", "-1s", "1M", "1 s", "1y", "1..5s", "1s5", ".s", "106752d", "1e3s",
		"106751d100000d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		FormatRate(5000): "5000/s", FormatRate(0.1): "0.1/s",
		FormatBytes(0): "0B", FormatBytes(5_000_000): "5MB", FormatBytes(1 << 20): "1MiB", FormatBytes(1234): "1234B",
		FormatDuration(0): "0s", FormatDuration(90 * time.Minute): "1h30m", FormatDuration(10 * time.Minute): "10m",
		FormatDuration(48 * time.Hour): "2d", FormatDuration(time.Hour): "1h",
		FormatDuration(1500 * time.Millisecond):    "1.5s",
		FormatDuration(time.Hour + 30*time.Second): "1h0m30s", FormatDuration(20 * time.Second): "20s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFormatIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 1e15).Draw(t, "rate")
		if got, err := ParseRate(FormatRate(rate)); err != nil || got != rate {
			t.Fatalf("rate %v became %v, %v", rate, got, err)
		}
		n := rapid.Int64Range(0, maxCount).Draw(t, "n")
		if got, err := ParseCount(strconv.FormatInt(n, 10)); err != nil || got != n {
			t.Fatalf("count %v became %v, %v", n, got, err)
		}
		if got, err := ParseBytes(FormatBytes(n)); err != nil || got != n {
			t.Fatalf("size %v became %v, %v", n, got, err)
		}
		d := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "d"))
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			t.Fatalf("duration %v became %v, %v", d, got, err)
		}
	})
}

func FuzzUnits(f *testing.F) {
	for _, text := range []string{"5000/s", "300k/min", "1M", "1_000", "1.5e3", "20MiB", "5%", "1m30s", "2d", "1.5w",
		"106751d23h47m16.854775807s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if rate, err := ParseRate(text); err == nil {
			if again, err := ParseRate(FormatRate(rate)); err != nil || again != rate || rate < 0 {
				t.Errorf("rate %q: %v became %v, %v", text, rate, again, err)
			}
		}
		if n, err := ParseCount(text); err == nil {
			if again, err := ParseCount(strconv.FormatInt(n, 10)); err != nil || again != n || n < 0 {
				t.Errorf("count %q: %v became %v, %v", text, n, again, err)
			}
		}
		if n, err := ParseBytes(text); err == nil {
			if again, err := ParseBytes(FormatBytes(n)); err != nil || again != n || n < 0 {
				t.Errorf("size %q: %v became %v, %v", text, n, again, err)
			}
		}
		if d, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(FormatDuration(d)); err != nil || again != d || d < 0 {
				t.Errorf("duration %q: %v became %v, %v", text, d, again, err)
			}
		}
		if share, err := ParseShare(text); err == nil && (share < 0 || share > 1) {
			t.Errorf("share %q: %v", text, share)
		}
	})
}
