// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tailLines is how much of the logs a failure shows.
const tailLines = 60

// logs are what all pods of the manager have written, those that are gone included.
type logs struct {
	cluster *cluster
	running sync.WaitGroup

	mu    sync.Mutex
	lines []string
	pods  map[string]bool
}

func newLogs(c *cluster) *logs { return &logs{cluster: c, pods: map[string]bool{}} }

// follow reads the logs of every pod that appears, until ctx ends.
func (l *logs) follow(ctx context.Context) {
	l.running.Go(func() {
		tick := time.NewTicker(pollInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				l.look(ctx)
			}
		}
	})
}

func (l *logs) wait() { l.running.Wait() }

// look starts reading the logs of new pods.
func (l *logs) look(ctx context.Context) {
	list, err := l.cluster.typed.CoreV1().Pods(operatorNamespace).List(ctx, metav1.ListOptions{LabelSelector: operatorPods})
	if err != nil {
		return // the next look tries again
	}
	for _, pod := range list.Items {
		started := len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].State.Running != nil
		if !started || l.pods[pod.Name] {
			continue
		}
		stream, err := l.cluster.typed.CoreV1().Pods(operatorNamespace).GetLogs(pod.Name, &corev1.PodLogOptions{Follow: true}).Stream(ctx)
		if err != nil {
			continue // as above
		}
		l.pods[pod.Name] = true
		l.running.Go(func() {
			defer func() { _ = stream.Close() }()
			scanner := bufio.NewScanner(stream)
			scanner.Buffer(nil, 1<<20)
			for scanner.Scan() {
				l.add(pod.Name + " " + scanner.Text())
			}
		})
	}
}

func (l *logs) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logs) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// tail is the end of the logs, without the secret.
func (l *logs) tail(secret string) string {
	lines := l.all()
	text := strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
	return "the end of the manager's logs:\n" + strings.ReplaceAll(text, secret, "[token]")
}

// logsAreClean looks for a right that was missing and for the token: in the
// manager's logs, and in what the API server writes down.
func logsAreClean(_ context.Context, s *show) (string, error) {
	lines := s.logs.all()
	if len(lines) == 0 || len(s.logs.pods) < 4 {
		return "", fmt.Errorf("%d lines of %d pods: logs are missing", len(lines), len(s.logs.pods))
	}
	if err := clean(lines, s.token); err != nil {
		return "", err
	}
	remark := fmt.Sprintf("%d lines of %d pods", len(lines), len(s.logs.pods))
	if s.auditLog == "" {
		return remark, nil
	}
	audit, err := os.ReadFile(s.auditLog)
	if err != nil {
		return "", err
	}
	// What stands before is of another way to install, up to its end: a namespace that
	// goes with a running manager refuses the event of its stopping.
	requests, err := refusals(audit[s.audited:], "system:serviceaccount:"+operatorNamespace+":")
	if err == nil && bytes.Contains(audit, []byte(s.token)) {
		err = errors.New("the token stands in the audit log")
	}
	return fmt.Sprintf("%s, %d audited requests", remark, requests), err
}

// clean says whether a line shows the token or a right that was missing.
func clean(lines []string, token string) error {
	for _, line := range lines {
		if strings.Contains(line, token) {
			return errors.New("the token stands in the manager's log")
		}
		if strings.Contains(strings.ToLower(line), "forbidden") {
			return fmt.Errorf("the manager's log says: %s", line)
		}
	}
	return nil
}

// refusals counts the audited requests of users whose name has the prefix, and
// fails on one that was forbidden.
func refusals(audit []byte, prefix string) (requests int, err error) {
	for line := range bytes.Lines(audit) {
		var event struct {
			User           struct{ Username string }
			Verb           string
			RequestURI     string
			ResponseStatus struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return requests, fmt.Errorf("reading the audit log: %w", err)
		}
		if !strings.HasPrefix(event.User.Username, prefix) {
			continue
		}
		requests++
		if event.ResponseStatus.Code == 403 {
			return requests, fmt.Errorf("%s was forbidden to %s %s: %s", event.User.Username, event.Verb, event.RequestURI, event.ResponseStatus.Message)
		}
	}
	if requests == 0 {
		return 0, fmt.Errorf("no request of %s is in the audit log", prefix)
	}
	return requests, nil
}
