package results

// FormatCount is 12,345.
func FormatCount(n int64) string { return number(n) }

// FormatRate is a number a second: 12,345 or 1.2.
func FormatRate(perSecond float64) string { return rate(perSecond) }

// FormatMilliseconds is 340 µs, 1.2 ms or 1.5 s.
func FormatMilliseconds(ms float64) string { return millisecondsText(ms) }

// FormatShare is a share in percent, 100 % and 0 % only where it is all or nothing.
func FormatShare(share float64) string { return percent(share) }

// FormatSize is 3.4 MB.
func FormatSize(bytes int64) string { return sizeText(bytes) }

// Printable is text of others, a server's words say, as it may be shown: on one
// line, without anything that commands a terminal, cut to limit bytes.
func Printable(text string, limit int) string { return printable([]byte(text), limit) }
