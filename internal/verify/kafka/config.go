package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Config says how brokers are reached.
type Config struct {
	Brokers []string
	TLS     *tls.Config // nil: without
	SASL    string      // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty: none
	User    string
	Secret  string

	Timeout time.Duration // that may pass without a message; 0: 30 s
}

// FromEnvironment reads the variables by which brokers are reached: KAFKA_BROKERS, a list
// with commas; KAFKA_TLS, true for TLS by the certificates of the system; KAFKA_TLS_CA, a
// file of certificates to trust instead; KAFKA_TLS_CERT and KAFKA_TLS_KEY, files with the
// client's own; KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD; and
// KAFKA_TIMEOUT.
func FromEnvironment(get func(string) string) (c Config, err error) {
	for broker := range strings.SplitSeq(get("KAFKA_BROKERS"), ",") {
		if broker = strings.TrimSpace(broker); broker != "" {
			c.Brokers = append(c.Brokers, broker)
		}
	}
	if len(c.Brokers) == 0 {
		return c, errors.New("no broker is named: set KAFKA_BROKERS, as in host:9092,host:9092")
	}
	c.SASL = strings.ToUpper(get("KAFKA_SASL_MECHANISM"))
	c.User, c.Secret = get("KAFKA_SASL_USERNAME"), get("KAFKA_SASL_PASSWORD")
	switch c.SASL {
	case "", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
	default:
		return c, fmt.Errorf("KAFKA_SASL_MECHANISM is %.40q: want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", c.SASL)
	}
	if text := get("KAFKA_TIMEOUT"); text != "" {
		if c.Timeout, err = time.ParseDuration(text); err != nil || c.Timeout <= 0 {
			return c, fmt.Errorf("KAFKA_TIMEOUT is %.40q: want a duration such as 30s", text)
		}
	}
	c.TLS, err = tlsFrom(get)
	return c, err
}

// tlsFrom reads what the environment says of TLS; nil: none.
func tlsFrom(get func(string) string) (*tls.Config, error) {
	ca, cert, key := get("KAFKA_TLS_CA"), get("KAFKA_TLS_CERT"), get("KAFKA_TLS_KEY")
	if get("KAFKA_TLS") != "true" && ca == "" && cert == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("cannot read KAFKA_TLS_CA: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("KAFKA_TLS_CA holds no certificate in PEM form")
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("cannot read KAFKA_TLS_CERT and KAFKA_TLS_KEY: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// options are those of the library.
func (c *Config) options() []kgo.Opt {
	all := []kgo.Opt{kgo.SeedBrokers(c.Brokers...), kgo.ClientID("rehearse"), kgo.RetryTimeout(c.timeout())}
	if c.TLS != nil {
		all = append(all, kgo.DialTLSConfig(c.TLS))
	}
	switch c.SASL {
	case "PLAIN":
		all = append(all, kgo.SASL(plain.Auth{User: c.User, Pass: c.Secret}.AsMechanism()))
	case "SCRAM-SHA-256":
		all = append(all, kgo.SASL(scram.Auth{User: c.User, Pass: c.Secret}.AsSha256Mechanism()))
	case "SCRAM-SHA-512":
		all = append(all, kgo.SASL(scram.Auth{User: c.User, Pass: c.Secret}.AsSha512Mechanism()))
	}
	return all
}

// timeout is how long to wait for the next message.
func (c *Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 30 * time.Second
}
