// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// narrator tells the story: what the person does, and what the operator did, each
// in a voice of its own. On a terminal it uses colours and leaves time to read; what
// goes into a pipe or a file gets neither.
type narrator struct {
	out      io.Writer
	terminal bool
	colours  bool
	// pause is how long a reader gets between two sections.
	pause time.Duration
	// shown is what each remote group showed last, by id.
	shown map[string]group
}

// sectionPause fits a section of some ten lines.
const sectionPause = 3 * time.Second

func newNarrator(out io.Writer, noColour bool) *narrator {
	n := &narrator{out: out, shown: map[string]group{}}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		n.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	n.colours = n.terminal && !noColour
	if n.terminal {
		n.pause = sectionPause
	}
	return n
}

// The colours of a terminal (ECMA-48).
const (
	bold   = "1"
	green  = "32"
	cyan   = "36"
	yellow = "33"
)

func (n *narrator) paint(colour, text string) string {
	if !n.colours {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// heading begins a section, and leaves time to read the one before.
func (n *narrator) heading(ctx context.Context, title string) {
	if n.pause > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(n.pause):
		}
	}
	fmt.Fprintf(n.out, "\n%s\n", n.paint(bold, "== "+title))
}

// say prints a remark.
func (n *narrator) say(format string, args ...any) { fmt.Fprintf(n.out, format+"\n", args...) }

// command prints what the person types.
func (n *narrator) command(line string) { n.say("\n%s", n.paint(green, "$ "+line)) }

// elsewhere prints what somebody does past Kubernetes.
func (n *narrator) elsewhere(line string) { n.say("\n%s", n.paint(yellow, "Somebody else: "+line)) }

// operator prints what the operator did.
func (n *narrator) operator(format string, args ...any) {
	n.say("%s", n.paint(cyan, "The operator: ")+fmt.Sprintf(format, args...))
}

// during runs what takes its time, and says what it is and how long it took; on a
// terminal a growing line shows that it goes on.
func (n *narrator) during(what string, run func() error) error {
	began := time.Now()
	fmt.Fprint(n.out, what+" ")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		n.tick(stop)
	}()
	err := run()
	close(stop)
	<-stopped
	fmt.Fprintf(n.out, " %s\n", time.Since(began).Round(100*time.Millisecond))
	return err
}

func (n *narrator) tick(stop <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			if n.terminal {
				fmt.Fprint(n.out, ".")
			}
		}
	}
}

// remote prints what a remote group shows: all of it the first time, and then only
// what has changed since it was shown last.
func (n *narrator) remote(g group) {
	before, known := n.shown[g.ID]
	n.shown[g.ID] = g
	if !known {
		n.say("Remote group %s:", g.ID)
		for _, field := range g.fields() {
			n.say("  %-12s %s", field.name, field.value)
		}
		return
	}
	var changes []string
	old := before.fields()
	for i, field := range g.fields() {
		if field.value != old[i].value {
			changes = append(changes, fmt.Sprintf("  %-12s %s → %s", field.name, old[i].value, field.value))
		}
	}
	if len(changes) == 0 {
		n.say("Remote group %s shows the same as before.", g.ID)
		return
	}
	n.say("Remote group %s:\n%s", g.ID, strings.Join(changes, "\n"))
}
