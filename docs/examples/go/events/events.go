// Package events reads entries of bsls streams as CloudEvents.
package events

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/redis/go-redis/v9"
)

// Connect uses $REDIS_URL for host, database and user, and $REDIS_PASSWORD.
//
// With rediss:// over TLS, trusting the CA in $REDIS_CA_FILE, or those of the system. With a Redis Cluster use
// redis.NewClusterClient, with Sentinel redis.NewFailoverClient: the calls are the same.
func Connect() (*redis.Client, error) {
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return nil, fmt.Errorf("$REDIS_URL: %w", err)
	}
	if password := os.Getenv("REDIS_PASSWORD"); password != "" {
		options.Password = password
	}
	if file := os.Getenv("REDIS_CA_FILE"); file != "" && options.TLSConfig != nil {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		options.TLSConfig.RootCAs = x509.NewCertPool()
		if !options.TLSConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", file)
		}
	}
	options.MaxRetries = -1 // a read of a group that is sent again would take other entries: the caller starts over
	return redis.NewClient(options), nil
}

// Of returns the events of an entry: one in a server's stream ("event"), a JSON batch in the firehose ("events").
func Of(values map[string]any) ([]event.Event, error) {
	text, ok := values["events"].(string)
	if !ok {
		one, _ := values["event"].(string)
		text = "[" + one + "]"
	}
	var found []event.Event
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return nil, err
	}
	for _, one := range found {
		if err := one.Validate(); err != nil {
			return nil, err
		}
	}
	return found, nil
}
