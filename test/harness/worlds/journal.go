// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// told is how many lines a failed test quotes.
const told = 60

// Journal keeps what a program writes.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// String is all of it.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// About returns the last lines that hold a text, as "" is in all.
func (j *Journal) About(part string) string {
	var lines []string
	for line := range strings.SplitSeq(j.String(), "\n") {
		if strings.Contains(line, part) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-told):], "\n")
}

// Explain quotes at the end of a test, if it has failed, the last lines that hold a text.
func (j *Journal) Explain(t testing.TB, part string) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the manager's log:\n%s", j.About(part))
		}
	})
}
