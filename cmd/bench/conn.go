package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// answerLimit is the deadline of one request.
const answerLimit = 30 * time.Second

// conn is a kept-alive connection that sends prepared requests one after the other. It costs less CPU than http.Client and the Go
// client of the API, which matters because the load comes from the same machine.
type conn struct {
	host string
	c    net.Conn
	r    *bufio.Reader
	body []byte
}

// do sends a request and returns the answer, whose body is valid until the next call.
func (c *conn) do(request []byte) (status int, body []byte, err error) {
	if c.c == nil {
		dialer := net.Dialer{Timeout: answerLimit}
		if c.c, err = dialer.DialContext(context.Background(), "tcp", c.host); err != nil {
			return 0, nil, fmt.Errorf("connect: %w", err)
		}
		c.r = bufio.NewReaderSize(c.c, 8<<10)
	}
	status, err = c.exchange(request)
	if err != nil {
		c.close()
	}
	return status, c.body, err
}

func (c *conn) exchange(request []byte) (int, error) {
	if err := c.c.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return 0, err
	}
	if _, err := c.c.Write(request); err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	defer resp.Body.Close()
	if c.body, err = appendAll(c.body[:0], resp.Body); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if resp.Close {
		c.close()
	}
	return resp.StatusCode, nil
}

func appendAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// expect sends a request and requires an answer with status 200.
func (c *conn) expect(request []byte) error {
	got, body, err := c.do(request)
	if err != nil {
		return err
	}
	if got != http.StatusOK {
		return fmt.Errorf("answered %d: %.200s", got, body)
	}
	return nil
}

func (c *conn) close() {
	if c.c != nil {
		c.c.Close()
		c.c = nil
	}
}
