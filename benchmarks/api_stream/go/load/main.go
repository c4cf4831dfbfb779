// load holds many server-sent event streams open and tells what arrives: how much, how late, and what is missing.
//
//	load [-tokens <file>] <host:port> <clients> <path> [<path> ...]
//
// Clients take the paths in turn, and the bearer tokens in the lines of the file. Every event has `"id":"bench-<number>-<nanoseconds since 1970>"` in it, and at least
// 300 bytes after that. On stdout `ready`; then lines on stdin: `begin <number>` counts what arrives from now on, and how
// late events from that number on are; `end` prints that as JSON; `rest <number>` waits until all clients have that one,
// or nothing comes any more, and prints what is missing.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	bucket  = 100 * time.Microsecond
	buckets = 200_000
	keep    = 80  // bytes of an event's id that may be cut
	skip    = 300 // bytes after an id in which there is no other
	stalled = 5 * time.Second
)

var mark = []byte(`"id":"bench-`)

type client struct {
	fd   int
	next int // the number that it needs
	tail []byte
}

type result struct {
	Arrived int     `json:"arrived"`
	Seconds float64 `json:"seconds"`
	Missing int     `json:"missing"`
	P50ms   float64 `json:"p50_ms"`
	P99ms   float64 `json:"p99_ms"`
	MaxMs   float64 `json:"max_ms"`
	Closed  int     `json:"closed"`
}

type load struct {
	clients  map[int32]*client
	epoll    int
	buffer   []byte
	from     int
	began    time.Time
	arrived  int // since it began, whatever number
	received int // of those that count
	missing  int
	closed   int
	late     [buckets]int
	moved    time.Time
}

func main() {
	file := flag.String("tokens", "", "a file with bearer tokens, one a line")
	flag.Parse()
	count, err := strconv.Atoi(flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	headers := []string{""}
	if *file != "" {
		text, err := os.ReadFile(*file)
		if err != nil {
			log.Fatal(err)
		}
		headers = nil
		for _, token := range strings.Fields(string(text)) {
			headers = append(headers, "Authorization: Bearer "+token+"\r\n")
		}
	}
	made, err := newLoad(flag.Arg(0), count, flag.Args()[2:], headers)
	if err != nil {
		log.Fatal(err)
	}
	orders := make(chan string)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			orders <- lines.Text()
		}
		os.Exit(0)
	}()
	fmt.Println("ready")
	for {
		select {
		case order := <-orders:
			made.obey(order)
		default:
			made.step(20)
		}
	}
}

func newLoad(address string, count int, paths, headers []string) (*load, error) {
	epoll, err := syscall.EpollCreate1(0)
	if err != nil {
		return nil, err
	}
	made := &load{clients: map[int32]*client{}, epoll: epoll, buffer: make([]byte, 1<<20), from: -1}
	for number := range count {
		fd, err := open(address, paths[number%len(paths)], headers[number%len(headers)])
		if err != nil {
			return nil, fmt.Errorf("client %d: %w", number, err)
		}
		made.clients[int32(fd)] = &client{fd: fd, next: -1}
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
		if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// open returns when the head of the answer is there.
func open(address, path, header string) (int, error) {
	found, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return 0, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	where := syscall.SockaddrInet4{Port: found.Port, Addr: [4]byte(found.IP.To4())}
	if err := syscall.Connect(fd, &where); err != nil {
		return 0, err
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n" + header + "\r\n"
	if _, err := syscall.Write(fd, []byte(request)); err != nil {
		return 0, err
	}
	head, piece := []byte{}, make([]byte, 4096)
	for !bytes.Contains(head, []byte("\r\n\r\n")) {
		size, err := syscall.Read(fd, piece)
		if err != nil || size == 0 {
			return 0, fmt.Errorf("no answer: %v %q", err, head)
		}
		head = append(head, piece[:size]...)
	}
	if !strings.Contains(string(head[:20]), " 200 ") {
		return 0, fmt.Errorf("refused: %q", head)
	}
	return fd, syscall.SetNonblock(fd, true)
}

func (l *load) obey(order string) {
	word, rest, _ := strings.Cut(order, " ")
	number, _ := strconv.Atoi(rest)
	switch word {
	case "begin":
		l.from, l.began, l.arrived = number, time.Now(), 0
	case "end":
		l.tell()
	case "rest":
		l.moved = time.Now()
		for l.behind(number) > 0 && time.Since(l.moved) < stalled {
			l.step(100)
		}
		told, _ := json.Marshal(map[string]int{
			"behind": l.behind(number), "missing": l.missing, "closed": l.closed, "open": len(l.clients)})
		fmt.Println(string(told))
	default:
		log.Fatalf("unknown order %q", order)
	}
}

func (l *load) behind(number int) int {
	count := 0
	for _, one := range l.clients {
		if one.next <= number {
			count++
		}
	}
	return count
}

func (l *load) tell() {
	told := result{Arrived: l.arrived, Seconds: time.Since(l.began).Seconds(), Missing: l.missing, Closed: l.closed}
	seen := 0
	for place, count := range l.late {
		if count == 0 {
			continue
		}
		ms := float64(place+1) * bucket.Seconds() * 1000
		if before := seen; before < l.received/2 {
			told.P50ms = ms
		}
		if before := seen; before < l.received*99/100 {
			told.P99ms = ms
		}
		seen += count
		told.MaxMs = ms
	}
	text, _ := json.Marshal(told)
	fmt.Println(string(text))
}

func (l *load) step(wait int) {
	var events [512]syscall.EpollEvent
	count, err := syscall.EpollWait(l.epoll, events[:], wait)
	if err != nil && err != syscall.EINTR {
		log.Fatal(err)
	}
	for _, event := range events[:max(count, 0)] {
		l.read(l.clients[event.Fd])
	}
}

func (l *load) read(one *client) {
	kept := copy(l.buffer, one.tail)
	size, err := syscall.Read(one.fd, l.buffer[kept:])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return
	}
	if err != nil || size <= 0 {
		l.closed++
		delete(l.clients, int32(one.fd))
		syscall.Close(one.fd)
		return
	}
	now := time.Now()
	l.moved = now
	data := l.buffer[:kept+size]
	for {
		place := bytes.Index(data, mark)
		if place < 0 || place+keep > len(data) {
			break
		}
		number, sent := parse(data[place+len(mark):])
		l.count(one, number, now.UnixNano()-sent)
		data = data[min(len(data), place+keep):]
		if len(data) > skip {
			data = data[skip-keep:]
		}
	}
	if place := bytes.Index(data, mark); place >= 0 {
		data = data[place:]
	} else if len(data) >= len(mark) {
		data = data[len(data)-len(mark)+1:]
	}
	one.tail = append(one.tail[:0], data...)
}

func (l *load) count(one *client, number int, late int64) {
	if one.next >= 0 && number != one.next {
		l.missing += max(1, number-one.next)
	}
	one.next = number + 1
	l.arrived++
	if l.from < 0 || number < l.from {
		return
	}
	l.received++
	l.late[min(buckets-1, max(0, int(late/int64(bucket))))]++
}

// parse reads `<number>-<nanoseconds>`.
func parse(text []byte) (int, int64) {
	number, at := 0, 0
	for ; text[at] != '-'; at++ {
		number = number*10 + int(text[at]-'0')
	}
	sent := int64(0)
	for at++; text[at] != '"'; at++ {
		sent = sent*10 + int64(text[at]-'0')
	}
	return number, sent
}
