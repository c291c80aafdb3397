// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

func (s *stage) heading(title string) { fmt.Fprintf(s.out, "\n== %s\n", title) }

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

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
	s.say("\n$ %s", line)
	cmd := s.cp.KubectlCommand(ctx, args...)
	cmd.Dir = s.root
	cmd.Stdin = strings.NewReader(input)
	var output bytes.Buffer
	cmd.Stdout = io.MultiWriter(s.out, &output)
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

// showRemote shows a remote group as the API does.
func (s *stage) showRemote(ctx context.Context, id string) (group, error) {
	return s.request(ctx, http.MethodGet, id, "")
}

// request sends a call about a remote group, and shows it and its reply.
func (s *stage) request(ctx context.Context, method, id, body string) (group, error) {
	s.say("\n%s %s", method, s.remote.groupURL(id))
	if body != "" {
		s.say("%s", body)
	}
	answer, err := s.remote.call(ctx, method, s.remote.groupURL(id), body)
	if err != nil {
		return group{}, err
	}
	s.say("%s", answer.pretty())
	return answer.group()
}

var plain = regexp.MustCompile(`^[-\w./:=@,]+$`)

// quoted is an argument as it is typed in a shell.
func quoted(arg string) string {
	if plain.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
