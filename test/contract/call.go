// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxReply   = 16 << 20
	maxRetries = 20
	maxWait    = time.Minute
)

// Client says where the API is and as whom to call it.
type Client struct {
	HTTP     *http.Client
	Endpoint string // such as https://api.klink.cloud/api/v1
	Token    string // appears in no error and no answer
}

// reply is a whole reply.
type reply struct {
	status int
	body   []byte
	token  string
}

// String is for errors: the status and the beginning of the body, without the token.
func (r reply) String() string {
	text := strings.Join(strings.Fields(string(r.body)), " ")
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	if r.token != "" {
		text = strings.ReplaceAll(text, r.token, "[token]")
	}
	return fmt.Sprintf("%d %s", r.status, text)
}

func (r reply) ok() bool { return r.status >= 200 && r.status <= 299 }

// object is the JSON object of the reply, nil if it is none.
func (r reply) object() map[string]any {
	var object map[string]any
	if json.Unmarshal(r.body, &object) != nil {
		return nil
	}
	return object
}

// group is the single group of the reply, out of its envelope if it has one.
func (r reply) group() group {
	object := r.object()
	if data, wrapped := object["data"].(map[string]any); wrapped && object["id"] == nil {
		return data
	}
	return object
}

// call sends a request: url.Values as a form, anything else but nil as JSON. A 429 is waited out and tried again, which
// is safe for every method because it says that nothing was done.
func (c Client) call(ctx context.Context, method, path string, query url.Values, body any) (reply, error) {
	for try := 0; ; try++ {
		r, wait, err := c.once(ctx, method, path, query, body)
		if err != nil || r.status != http.StatusTooManyRequests || try == maxRetries {
			return r, err
		}
		if err := sleep(ctx, wait); err != nil {
			return r, err
		}
	}
}

func (c Client) once(ctx context.Context, method, path string, query url.Values, body any) (reply, time.Duration, error) {
	request, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return reply{}, 0, err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return reply{}, 0, err
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return reply{}, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return reply{response.StatusCode, text, c.Token}, retryAfter(response.Header.Get("Retry-After")), nil
}

func (c Client) request(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	var (
		content string
		text    []byte
		err     error
	)
	switch body := body.(type) {
	case nil:
	case url.Values:
		content, text = "application/x-www-form-urlencoded", []byte(body.Encode())
	default:
		content = "application/json"
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	target := strings.TrimSuffix(c.Endpoint, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if content != "" {
		request.Header.Set("Content-Type", content)
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	request.Header.Set("User-Agent", "klink-operator-contract")
	return request, nil
}

// retryAfter reads the header, in seconds or as a date; a second if there is none.
func retryAfter(header string) time.Duration {
	wait := time.Second
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		wait = time.Until(date)
	}
	return min(max(wait, 10*time.Millisecond), maxWait)
}

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
