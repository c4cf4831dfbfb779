// A consumer group: consume STREAM GROUP CONSUMER FOLDER.
//
// Writes each event of the stream to a file of the folder, once, however often consumers are killed. Start as many as
// you like with the same STREAM and GROUP, each with a CONSUMER name of its own that it keeps after a restart.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bsls.example/events"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/redis/go-redis/v9"
)

const count = 100

type consumer struct {
	redis                       *redis.Client
	stream, group, name, folder string
	claimAfter                  time.Duration // longer than the work on `count` entries ever takes
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: consume STREAM GROUP CONSUMER FOLDER")
	}
	client, err := events.Connect()
	if err != nil {
		log.Fatal(err)
	}
	claimAfter := time.Minute
	if given := os.Getenv("CLAIM_AFTER"); given != "" {
		if claimAfter, err = time.ParseDuration(given); err != nil {
			log.Fatal("$CLAIM_AFTER: ", err)
		}
	}
	c := consumer{client, os.Args[1], os.Args[2], os.Args[3], os.Args[4], claimAfter}
	for {
		err := c.run(context.Background())
		var refused redis.Error
		switch {
		case errors.As(err, &refused) && !startsOver(refused):
			log.Fatal(err)
		case errors.Is(err, errWork):
			log.Fatal(err) // not acknowledged: it is done again after a restart, or by another consumer
		}
		log.Print("Redis is away, or lost its data: ", err)
		time.Sleep(time.Second) // then from the start: an answer may have been lost, whose entries are ours
	}
}

var errWork = errors.New("cannot process")

func startsOver(refused redis.Error) bool {
	for _, code := range []string{"NOGROUP", "UNBLOCKED", "LOADING", "READONLY"} {
		if strings.HasPrefix(refused.Error(), code) {
			return true
		}
	}
	return false
}

func (c consumer) run(ctx context.Context) error {
	// From the oldest event on; with "$" from now on.
	err := c.redis.XGroupCreateMkStream(ctx, c.stream, c.group, "0").Err()
	if err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return err
	}
	for { // what this consumer had read, but not acknowledged, when it ended
		entries, err := c.read(ctx, "0", -1)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		if err := c.process(ctx, entries); err != nil {
			return err
		}
	}
	for {
		if err := c.claim(ctx); err != nil {
			return err
		}
		entries, err := c.read(ctx, ">", min(10*time.Second, c.claimAfter)) // then dead consumers are looked for
		if err != nil {
			return err
		}
		if err := c.process(ctx, entries); err != nil {
			return err
		}
	}
}

// claim takes what other consumers read and did not acknowledge for a long time: they are dead.
func (c consumer) claim(ctx context.Context) error {
	for next := "0-0"; ; {
		entries, following, err := c.redis.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: c.stream, Group: c.group, Consumer: c.name, MinIdle: c.claimAfter, Start: next, Count: count,
		}).Result()
		if err != nil {
			return err
		}
		if err := c.process(ctx, entries); err != nil {
			return err
		}
		if next = following; next == "0-0" {
			return nil
		}
	}
}

func (c consumer) read(ctx context.Context, position string, block time.Duration) ([]redis.XMessage, error) {
	found, err := c.redis.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: c.group, Consumer: c.name, Streams: []string{c.stream, position}, Count: count, Block: block,
	}).Result()
	if errors.Is(err, redis.Nil) || (err == nil && len(found) == 0) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return found[0].Messages, nil
}

// process acknowledges after the work: who is killed in between does it twice, and the second time finds it done.
func (c consumer) process(ctx context.Context, entries []redis.XMessage) error {
	for _, entry := range entries {
		if len(entry.Values) == 0 {
			log.Printf("%s was trimmed before it was processed", entry.ID)
		} else if err := c.work(entry); err != nil {
			return fmt.Errorf("%w %s: %w", errWork, entry.ID, err)
		}
		if err := c.redis.XAck(ctx, c.stream, c.group, entry.ID).Err(); err != nil {
			return err
		}
	}
	return nil
}

func (c consumer) work(entry redis.XMessage) error {
	found, err := events.Of(entry.Values)
	if err != nil {
		return err
	}
	for _, one := range found {
		fresh, err := c.store(one)
		if err != nil {
			return err
		}
		word := "duplicate"
		if fresh {
			word = "new"
		}
		fmt.Println(word, one.ID(), one.Type())
	}
	return nil
}

// store writes an event, and tells whether it is new. `source` and `id` name an event for ever: a file whose name is
// made of them takes each event once. It appears whole or not at all, as a link to a temporary file.
func (c consumer) store(one event.Event) (bool, error) {
	text, err := one.MarshalJSON()
	if err != nil {
		return false, err
	}
	scratch, err := os.CreateTemp(c.folder, ".new-*")
	if err != nil {
		return false, err
	}
	defer os.Remove(scratch.Name())
	_, err = scratch.Write(text)
	if err = errors.Join(err, scratch.Close()); err != nil {
		return false, err
	}
	name := fmt.Sprintf("%x.json", sha256.Sum256([]byte(one.Source()+"\n"+one.ID())))
	err = os.Link(scratch.Name(), filepath.Join(c.folder, name))
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	return err == nil, err
}
