// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// kubectl runs kubectl, shows the command and its output, and returns the output.
func (s *stage) kubectl(ctx context.Context, args ...string) (string, error) {
	return s.typed(ctx, "", args...)
}

// apply applies a manifest as typed.
func (s *stage) apply(ctx context.Context, manifest string) (string, error) {
	return s.typed(ctx, manifest, "apply", "-f", "-")
}

// typed runs kubectl with an input, which is shown as a here-document.
func (s *stage) typed(ctx context.Context, input string, args ...string) (string, error) {
	line := "kubectl"
	for _, arg := range args {
		line += " " + quoted(arg)
	}
	if input != "" {
		line += " <<'EOF'\n" + input + "EOF"
	}
	s.narrator.command(line)
	cmd := s.cp.KubectlCommand(ctx, args...)
	cmd.Dir = s.root
	cmd.Stdin = strings.NewReader(input)
	var output bytes.Buffer
	cmd.Stdout = io.MultiWriter(s.narrator.out, &output)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return output.String(), fmt.Errorf("kubectl %s: %w", args[0], err)
	}
	return output.String(), nil
}

// ask runs kubectl without showing it.
func (s *stage) ask(ctx context.Context, args ...string) (string, error) {
	out, err := s.cp.Kubectl(ctx, args...)
	return strings.TrimSpace(out), err
}

// all runs the commands, each a list of arguments to kubectl, until one fails.
func (s *stage) all(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if _, err := s.kubectl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

const ready = "condition=Ready"

// waitFor waits with kubectl, for as long as a busy machine may take.
func waitFor(what string, names ...string) []string {
	return append([]string{"wait", "--for=" + what, "--timeout=60s"}, names...)
}

// showRemote asks the API for a remote group, and shows what is new about it.
func (s *stage) showRemote(ctx context.Context, id string) (group, error) {
	return s.request(ctx, http.MethodGet, id, "")
}

// changeRemote changes a remote group past the operator, as somebody else would.
func (s *stage) changeRemote(ctx context.Context, id, body string) (group, error) {
	s.narrator.elsewhere(http.MethodPut + " " + s.remote.groupURL(id) + " " + body)
	return s.request(ctx, http.MethodPut, id, body)
}

func (s *stage) request(ctx context.Context, method, id, body string) (group, error) {
	answer, err := s.remote.call(ctx, method, s.remote.groupURL(id), body)
	if err != nil {
		return group{}, err
	}
	g, err := answer.group()
	if err == nil {
		s.narrator.remote(g)
	}
	return g, err
}

var plain = regexp.MustCompile(`^[-\w./:=@,]+$`)

// quoted is an argument as it is typed in a shell.
func quoted(arg string) string {
	if plain.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// file shows a file of the repository.
func (s *stage) file(path string) error {
	content, err := os.ReadFile(filepath.Join(s.root, path))
	if err != nil {
		return err
	}
	s.narrator.command("cat " + path)
	s.narrator.say("%s", withoutHeader(string(content)))
	return nil
}

// withoutHeader leaves out the comments that a file begins with.
func withoutHeader(content string) string {
	for strings.HasPrefix(content, "#") {
		_, content, _ = strings.Cut(content, "\n")
	}
	return strings.TrimSpace(content)
}

// idOf is the id of the remote group of a Group.
func (s *stage) idOf(ctx context.Context, name string) (string, error) {
	id, err := s.ask(ctx, "get", name, "-o", "jsonpath={.status.id}")
	if err == nil && id == "" {
		err = fmt.Errorf("%s has no id in its status", name)
	}
	return id, err
}

func (s *stage) showHotel(ctx context.Context) (group, error) {
	id, err := s.idOf(ctx, hotel)
	if err != nil {
		return group{}, err
	}
	return s.showRemote(ctx, id)
}

// patchHotel changes the hotel's declaration and waits until it is so.
func (s *stage) patchHotel(ctx context.Context, patch string) error {
	return s.all(ctx,
		[]string{"patch", hotel, "--type=merge", "-p", patch},
		waitFor(ready, hotel))
}

// showEvent waits for an event of the hotel that says part, and shows it.
func (s *stage) showEvent(ctx context.Context, reason, part string) error {
	var notes string
	err := eventually(ctx, func() (err error) {
		notes, err = s.ask(ctx, "get", "events", "--field-selector=involvedObject.name=plaza-hotel,reason="+reason,
			`-o=jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}`)
		return errors.Join(err, contains(notes, reason), contains(notes, part))
	})
	if err != nil {
		return err
	}
	s.narrator.operator("%s", notes)
	return nil
}
