package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/text"
)

// Endpoint is a database that answers queries over HTTP.
type Endpoint struct {
	URL       *url.URL          // without credentials
	Header    http.Header       // what says who asks
	Transport http.RoundTripper // opens the connections
	Timeout   time.Duration     // of one query; 0: two minutes
}

// timeout is how long a query may take.
func (e *Endpoint) timeout() time.Duration {
	if e.Timeout > 0 {
		return e.Timeout
	}
	return 2 * time.Minute
}

// answer is what a query came to: rows, each an object of JSON.
type answer interface {
	// Next returns the next row, good until the one after it; io.EOF follows the last.
	Next() ([]byte, error)
	io.Closer
}

// dialect is how a kind of database is asked.
type dialect interface {
	// request asks a query whose rows are wanted as objects.
	request(ctx context.Context, e *Endpoint, query string) (*http.Request, error)
	// answer reads the body of an answer with status 200.
	answer(body io.ReadCloser) (answer, error)
}

// mostTries is how often a query is asked that the server is too busy for.
const mostTries = 4

// ask asks a query. The context that the answer is read under ends with its Close.
func (s *database) ask(query string) (answer, error) {
	for try := 1; ; try++ {
		a, wait, err := s.askOnce(query)
		if err == nil || wait <= 0 || try == mostTries {
			return a, err
		}
		if err := sleep(s.ctx, wait); err != nil {
			return nil, err
		}
	}
}

// askOnce is ask without a second try. wait says after how long one has a meaning; 0:
// it has none.
func (s *database) askOnce(query string) (a answer, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.Endpoint.timeout(),
		fmt.Errorf("the query took longer than %v", s.Endpoint.timeout()))
	request, err := s.dialect.request(ctx, &s.Endpoint, query)
	if err != nil {
		cancel()
		return nil, 0, err
	}
	for name, values := range s.Endpoint.Header {
		request.Header[name] = values
	}
	s.queries++
	response, err := s.Endpoint.Transport.RoundTrip(request)
	if err != nil {
		defer cancel()
		return nil, 0, s.unanswered(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		defer cancel()
		defer response.Body.Close()
		return nil, waitFor(response), s.refusal(response)
	}
	a, err = s.dialect.answer(response.Body)
	if err != nil {
		defer cancel()
		return nil, 0, s.unanswered(ctx, err)
	}
	return &bounded{a, s, ctx, cancel}, 0, nil
}

// bounded is an answer that has to be read in time.
type bounded struct {
	answer
	of     *database
	ctx    context.Context
	cancel context.CancelFunc
}

func (b *bounded) Next() ([]byte, error) {
	row, err := b.answer.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.of.unanswered(b.ctx, err)
	}
	return row, err
}

func (b *bounded) Close() error {
	defer b.cancel()
	return b.answer.Close()
}

// unanswered is why a query was not answered, or not to its end.
func (s *database) unanswered(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return errors.New(s.printable(err.Error()))
}

// refusal is the error that a server answers with.
func (s *database) refusal(r *http.Response) error {
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		return fmt.Errorf("the server answers %s: redirects are not followed, so name where they lead", r.Status)
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 4096))
	return fmt.Errorf("the server answers %s: %s", r.Status, s.printable(string(body)))
}

// printable is the beginning of what a server says, without credentials.
func (s *database) printable(said string) string {
	for _, values := range s.Endpoint.Header {
		for _, secret := range values {
			secret = strings.TrimPrefix(secret, "Bearer ")
			if len(secret) > 2 {
				said = strings.ReplaceAll(said, secret, "…")
			}
		}
	}
	return text.Printable(strings.TrimSpace(said), 300)
}

// mostWait is how long a server is waited for that is busy.
const mostWait = time.Minute

// waitFor is how long a server asks to wait before the next try; 0: there is no use in
// one.
func waitFor(r *http.Response) time.Duration {
	if r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
		if seconds > int(mostWait/time.Second) {
			return 0
		}
		return time.Duration(seconds) * time.Second
	}
	return 5 * time.Second
}

// sleep waits, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
