package results

import "testing"

func TestNumbers(t *testing.T) {
	t.Parallel()
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(number(12_345_678), "12,345,678")
	f(plural(1, "event"), "1 event")
	f(plural(0, "event"), "0 events")
	f(plural(12_345, "event"), "12,345 events")

	f(rate(0), "0")
	f(rate(0.25), "0.25")
	f(rate(99.94), "99.9")
	f(rate(4999.6), "5,000")

	f(millisecondsText(0), "0 µs")
	f(millisecondsText(0.017), "17 µs")
	f(millisecondsText(5.003), "5 ms")
	f(millisecondsText(1.234), "1.23 ms")
	f(millisecondsText(12.34), "12.3 ms")
	f(millisecondsText(500.2), "500.2 ms")
	f(millisecondsText(950), "950 ms")
	f(millisecondsText(1500), "1.50 s")
	f(millisecondsText(3_600_810), "3,601 s")

	f(percent(0), "0 %")
	f(percent(1), "100 %")
	f(percent(0.001), "0.1 %")
	f(percent(0.12345), "12.35 %")
	f(percent(0.999999), "over 99.99 %")
	f(percent(0.000001), "under 0.01 %")

	f(sizeText(3_400_000), "3.4 MB")
	f(sizeText(-1), "0 B")
}
