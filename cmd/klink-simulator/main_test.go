// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program is a running klink-simulator.
type program struct {
	api, admin string
	log        *lockedBuffer
	stop       func() error
}

// lockedBuffer is written by the program and read by the test.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func start(t *testing.T, env map[string]string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	p := &program{log: &lockedBuffer{}}
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-address=127.0.0.1:0"}, args...), lookup(env), in, p.log)
		_ = in.CloseWithError(io.EOF)
		ended <- err
	}()
	p.stop = sync.OnceValue(func() error { cancel(); _ = out.Close(); return <-ended })
	t.Cleanup(func() { _ = p.stop() })
	lines := bufio.NewReader(out)
	for _, into := range []*string{&p.api, &p.admin} {
		text, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("start: %v; %v; log %s", err, p.stop(), p.log)
		}
		_, *into, _ = strings.Cut(strings.TrimSpace(text), ": ")
	}
	return p
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestServes(t *testing.T) {
	seed := write(t, `[{"id":"seeded","name":"from a file"}]`)
	settings := write(t, `{"order":"OldestFirst"}`)
	p := start(t, nil, "-v", "-seed-page-example", "-seed-file", seed, "-seed-groups", "3", "-paging", "page", "-settings-file", settings)
	status, text := get(t, p.api+"/groups?pageSize=2", "simulator-token")
	if status != 200 || !strings.Contains(text, `"total":6`) || !strings.Contains(text, `"name":"Plaza Hotel"`) {
		t.Errorf("list: %d %s", status, text)
	}
	if status, text := get(t, p.admin+"/settings", ""); status != 200 || !strings.Contains(text, `"OldestFirst"`) {
		t.Errorf("settings: %d %s", status, text)
	}
	if err := p.stop(); err != nil {
		t.Errorf("stopped with %v", err)
	}
	if want := `GET "/api/v1/groups?pageSize=2" 200`; !strings.Contains(p.log.String(), want) {
		t.Errorf("log %q, want %q within", p.log, want)
	}
}

func TestTokenSources(t *testing.T) {
	file := write(t, "from-file\n")
	tests := []struct {
		name  string
		env   map[string]string
		args  []string
		token string
	}{
		{"default", nil, nil, "simulator-token"},
		{"flag", nil, []string{"-token=from-flag"}, "from-flag"},
		{"variable", map[string]string{"KLINK_TOKEN": "from-env"}, nil, "from-env"},
		{"flag before variable", map[string]string{"KLINK_TOKEN": "from-env"}, []string{"-token=from-flag"}, "from-flag"},
		{"file before variable", map[string]string{"KLINK_TOKEN": "from-env"}, []string{"-token-file", file}, "from-file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, tt.env, append(tt.args, "-v")...)
			if status, _ := get(t, p.api+"/groups?limit=1&q="+tt.token, tt.token); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			if status, _ := get(t, p.api+"/groups", tt.token+"x"); status != http.StatusUnauthorized {
				t.Errorf("status %d with another token", status)
			}
			if err := p.stop(); err != nil {
				t.Error(err)
			}
			if strings.Contains(p.log.String(), tt.token) {
				t.Errorf("the token is in the log: %s", p.log)
			}
		})
	}
}

func TestAdminOnItsOwnAddress(t *testing.T) {
	p := start(t, nil, "-admin-address=127.0.0.1:0")
	if status, _ := get(t, p.admin+"/counts", ""); status != http.StatusOK {
		t.Errorf("admin: status %d", status)
	}
	if status, _ := get(t, strings.TrimSuffix(p.api, "/api/v1")+"/_simulator/counts", ""); status == http.StatusOK {
		t.Error("the admin endpoint is on the API's address too")
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		usage bool
		want  string // in the error, or on stderr
	}{
		{"unknown flag", []string{"-colour"}, true, "-colour"},
		{"argument", []string{"serve"}, true, `unexpected argument "serve"`},
		{"choice", []string{"-paging=Scroll"}, true, "must be one of Cursor, Page"},
		{"address", []string{"-address=nowhere"}, false, "-address nowhere"},
		{"admin address", []string{"-address=127.0.0.1:0", "-admin-address=nowhere"}, false, "-admin-address nowhere"},
		{"negative", []string{"-latency=-1s"}, false, "latency: -1s is negative"},
		{"no token file", []string{"-token-file=missing"}, false, "-token-file"},
		{"empty token file", []string{"-token-file", write(t, "\n")}, false, "is empty"},
		{"no seed file", []string{"-seed-file=missing"}, false, "-seed-file"},
		{"bad seed file", []string{"-seed-file", write(t, "{}")}, false, "not a JSON array"},
		{"no settings file", []string{"-settings-file=missing"}, true, "missing"},
		{"bad settings file", []string{"-settings-file", write(t, `{"pages":1}`)}, true, "unknown field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			err := run(t.Context(), tt.args, lookup(nil), io.Discard, &stderr)
			if err == nil || errors.Is(err, errUsage) != tt.usage {
				t.Fatalf("error %v", err)
			}
			if text := err.Error() + stderr.String(); !strings.Contains(text, tt.want) {
				t.Errorf("said %q, want %q within", text, tt.want)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, lookup(map[string]string{"KLINK_TOKEN": "secret"}), &stdout, &stderr); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v", err)
	}
	if help := stderr.String(); !strings.Contains(help, "-paging") || strings.Contains(help, "secret") {
		t.Errorf("help %s", help)
	}
	if err := run(t.Context(), []string{"-version"}, lookup(nil), &stdout, &stderr); err != nil || !strings.HasPrefix(stdout.String(), "klink-simulator ") {
		t.Errorf("version %q, error %v", &stdout, err)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
