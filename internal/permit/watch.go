package permit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"rehearse/internal/units"
)

// The rhythm of watching. What is asked of a permit is that a run ends within a
// second of being told to.
const (
	every    = 300 * time.Millisecond // between two looks
	patience = 5 * time.Second        // how long a stop URL may be silent
	stepped  = 5 * time.Second        // how far the wall clock may part from the time that passed
)

// errSilent is a stop URL that said neither yes nor no.
var errSilent = errors.New("no answer")

// Ready is an error if the approver has stopped its runs already, or
// cannot be asked.
func (p *Permit) Ready(ctx context.Context) error {
	w := newWatch(p)
	if err := w.askFile(); err != nil {
		return err
	}
	if err := w.askURL(ctx); err != nil {
		return fmt.Errorf("the permit's stop URL %s does not say go: %w", p.Terms.Stop.URL, err)
	}
	return nil
}

// Watch returns why a run must end, as soon as it must: the window closed, the
// stop file is there, the stop URL says something else than go, or the wall clock
// was set so that nobody knows what time it is. The window closes by the monotonic
// clock, which nobody can set. It returns nil when ctx ends before.
func (p *Permit) Watch(ctx context.Context) error {
	w := newWatch(p)
	closing := time.NewTimer(time.Until(p.Terms.Until))
	defer closing.Stop()
	look := time.NewTicker(every)
	defer look.Stop()
	url := w.pollURL(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-closing.C:
			return fmt.Errorf("the permit's window closed at %s", stamp(p.Terms.Until))
		case err := <-url:
			return err
		case <-look.C:
			if err := errors.Join(w.askFile(), drifted(time.Since(w.begun),
				time.Now().Round(0).Sub(w.begun.Round(0)))); err != nil {
				return err
			}
		}
	}
}

// watch is one run under a permit.
type watch struct {
	file, url string
	client    *http.Client
	begun     time.Time
}

func newWatch(p *Permit) *watch {
	return &watch{
		file: p.Terms.Stop.File, url: p.Terms.Stop.URL, begun: time.Now(),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConns: 1, IdleConnTimeout: 10 * every},
			Timeout:       patience / 2,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// drifted is an error when the wall clock moved otherwise than time did.
func drifted(passed, shown time.Duration) error {
	if apart := (shown - passed).Abs(); apart > stepped {
		return fmt.Errorf("the clock of this machine was set by %s while the run went: whether the permit's window "+
			"is open "+
			"cannot be told", away(apart))
	}
	return nil
}

// askFile is an error if the stop file is there, or cannot be looked for.
func (w *watch) askFile() error {
	if w.file == "" {
		return nil
	}
	_, err := os.Lstat(w.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("stopped because the permit's stop file cannot be looked for: %w", err)
	}
	return fmt.Errorf("stopped by the permit's stop file %s", w.file)
}

// askURL is an error unless the stop URL says go: errSilent if it says nothing,
// which is no answer at all or one of 5xx.
func (w *watch) askURL(ctx context.Context) error {
	if w.url == "" {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return err
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64))
	switch {
	case err != nil || answer.StatusCode >= 500:
		return fmt.Errorf("%w: %s", errSilent, answer.Status)
	case answer.StatusCode/100 == 2 && strings.TrimSpace(string(text)) == "go":
		return nil
	}
	return fmt.Errorf("stopped by the permit's stop URL, which answered %d %q instead of go", answer.StatusCode,
		units.Clip(string(text)))
}

// pollURL asks the stop URL until it stops the run; the channel then has why.
func (w *watch) pollURL(ctx context.Context) <-chan error {
	stop := make(chan error, 1)
	if w.url == "" {
		return stop
	}
	go func() {
		defer w.client.CloseIdleConnections()
		heard := time.Now()
		for ctx.Err() == nil {
			err := w.askURL(ctx)
			switch {
			case err == nil:
				heard = time.Now()
			case errors.Is(err, errSilent) && time.Since(heard) < patience:
			case errors.Is(err, errSilent):
				stop <- fmt.Errorf("stopped because the permit's stop URL was silent for %s", patience)
				return
			default:
				stop <- err
				return
			}
			select {
			case <-time.After(every):
			case <-ctx.Done():
			}
		}
	}()
	return stop
}
