// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exploration is which schedules are explored, by how many lanes, and by which code.
type exploration struct {
	Manifest, From            string
	Depth, Near, Outer, Lanes int
	All                       bool
	Code                      string // a digest of this program
}

// position is how far one lane of an exploration is, and what it has found, as it is kept
// in a file. That of other code or of other schedules says nothing about this exploration.
type position struct {
	Of           exploration
	Next, Played int
	Unplayed     int    // those among them that never came to one of their choices
	Known        totals // by what is known
	Failing      totals // by the shortest schedule
}

func beginning(of exploration) position {
	return position{Of: of, Known: totals{}, Failing: totals{}}
}

// failures counts the schedules that violate what is not known.
func (p position) failures() (n int) {
	for _, showed := range p.Failing {
		n += showed
	}
	return n
}

func (p position) String() string {
	return fmt.Sprintf("%d played (%d of them never came to one of their choices), %d new violations in %d shortest schedules; known: %s", p.Played, p.Unplayed, p.failures(), len(p.Failing), p.Known)
}

func (x exploration) file(folder string, lane int) string {
	near := fmt.Sprint(x.Near)
	if x.All {
		near = "all"
	}
	return filepath.Join(folder, fmt.Sprintf("%s-%sdepth%d-near%s-lane%d.json", x.Manifest, strings.ReplaceAll(x.From, "/", "-"), x.Depth, near, lane))
}

// readPosition is where a lane goes on, and why it begins again if it does.
func readPosition(of exploration, file string) (at position, again string, err error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return beginning(of), "", nil
	}
	if err != nil {
		return at, "", err
	}
	at = beginning(exploration{})
	if err := json.Unmarshal(text, &at); err != nil {
		return at, "", fmt.Errorf("%s: %w", file, err)
	}
	sameCode := of
	sameCode.Code = at.Of.Code
	switch at.Of {
	case of:
		return at, "", nil
	case sameCode:
		return beginning(of), file + " is the position of other code", nil
	}
	return beginning(of), fmt.Sprintf("%s is the position of another exploration, %+v", file, at.Of), nil
}

func (p position) write(file string) error { return writeJSON(file, p) }

func keepIn(t *testing.T, file string, what any) {
	t.Helper()
	if err := writeJSON(file, what); err != nil {
		t.Fatal(err)
	}
}

// writeJSON replaces the file at once: what is interrupted leaves the one before.
func writeJSON(file string, what any) error {
	text, err := json.MarshalIndent(what, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// codeDigest is that of this program, in which are the operator's code, the simulation's
// and all that they need.
func codeDigest(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = program.Close() }()
	digest := sha256.New()
	if _, err := io.Copy(digest, program); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", digest.Sum(nil))
}
