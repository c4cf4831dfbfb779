// Without a consumer group: resume STREAM POSITION_FILE.
//
// For a single reader that keeps its place itself. Prints each event, then writes its position to the file.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"bsls.example/events"
	"github.com/redis/go-redis/v9"
)

const (
	block = 10 * time.Second
	count = 100
	first = "0-0"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: resume STREAM POSITION_FILE")
	}
	client, err := events.Connect()
	if err != nil {
		log.Fatal(err)
	}
	stream, file := os.Args[1], os.Args[2]
	position := first
	if held, err := os.ReadFile(file); err == nil {
		position = string(held)
	} else if !errors.Is(err, os.ErrNotExist) {
		log.Fatal(err)
	}
	for {
		entries, err := read(context.Background(), client, stream, position)
		if err != nil {
			log.Print("Redis is away: ", err)
			time.Sleep(time.Second)
			continue
		}
		for _, entry := range entries {
			found, err := events.Of(entry.Values)
			if err != nil {
				log.Fatalf("%s: %v", entry.ID, err)
			}
			for _, one := range found {
				fmt.Println("event", one.ID(), one.Type())
			}
			position = entry.ID
			if err := save(file, position); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// read returns entries after the position. The entry at the position comes along: that it is there proves that none is
// missing. XREAD only waits: what it returns may have been preceded by entries that were trimmed meanwhile.
func read(ctx context.Context, client *redis.Client, stream, position string) ([]redis.XMessage, error) {
	entries, err := client.XRangeN(ctx, stream, position, "+", count).Result()
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 && entries[0].ID == position {
		entries = entries[1:]
	} else if position != first {
		log.Printf("entries after %s may be missing: the stream was trimmed or lost", position)
	}
	if len(entries) > 0 {
		return entries, nil
	}
	err = client.XRead(ctx, &redis.XReadArgs{Streams: []string{stream, position}, Count: 1, Block: block}).Err()
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return nil, err
}

// save writes the position whole or not at all, also when we are killed.
func save(file, position string) error {
	if err := os.WriteFile(file+".new", []byte(position), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
