// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// metricsReader is the ClusterRole of who may read them.
const metricsReader = "klink-operator-metrics-reader"

func metricsAreGuarded(ctx context.Context, s *show) (string, error) {
	leader, err := s.leader(ctx)
	if err != nil {
		return "", err
	}
	stranger, err := s.tokenOf(ctx, "stranger")
	if err != nil {
		return "", err
	}
	reader, err := s.tokenOf(ctx, "prometheus")
	if err != nil {
		return "", err
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: ours + "-metrics"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: metricsReader},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: ours, Name: "prometheus"}},
	}
	if err := s.Create(ctx, binding); err != nil {
		return "", err
	}
	for _, want := range []struct {
		token  string
		status int
		text   string
	}{
		{"", http.StatusUnauthorized, ""},
		{stranger, http.StatusForbidden, ""},
		{reader, http.StatusOK, `klink_connection_ready{connection="ClusterConnection/default"} 1`},
	} {
		// By a way of its own each time: one that has lost a connection may hang for good.
		if err := eventually(ctx, func(ctx context.Context) error {
			url, stop, err := s.forward(ctx, leader)
			if err != nil {
				return err
			}
			defer stop()
			return scrape(ctx, url, want.token, want.status, want.text)
		}); err != nil {
			return "", err
		}
	}
	return "401, 403, 200", s.typed.RbacV1().ClusterRoleBindings().Delete(ctx, binding.Name, metav1.DeleteOptions{})
}

// tokenOf is a token of a new ServiceAccount.
func (s *show) tokenOf(ctx context.Context, name string) (string, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ours, Name: name}}
	if err := s.Create(ctx, account); err != nil {
		return "", err
	}
	reply, err := s.typed.CoreV1().ServiceAccounts(ours).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return reply.Status.Token, nil
}

// forward opens a way to the pod's metrics, as a user does.
func (s *show) forward(ctx context.Context, pod string) (url string, stop func(), err error) {
	cmd := s.command(ctx, s.programs+"/kubectl", "port-forward", "-n", operatorNamespace, "pod/"+pod, ":8443")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill() // it fails when it has ended
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, rest, found := strings.Cut(line, "Forwarding from ")
	address, _, _ := strings.Cut(rest, " ")
	if err != nil || !found {
		stop()
		return "", nil, errors.Join(err, fmt.Errorf("kubectl port-forward said %q", line))
	}
	return "https://" + address + "/metrics", stop, nil
}

// scrape asks for the metrics and looks for the text among them.
func scrape(ctx context.Context, url, token string, status int, text string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody) //nolint:gosec // kubectl says where it listens
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	// The manager has signed its certificate itself.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} //nolint:gosec // as above
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)                          //nolint:gosec // as above
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != status {
		return fmt.Errorf("metrics: status %d, want %d", resp.StatusCode, status)
	}
	if !strings.Contains(string(body), text) {
		return fmt.Errorf("the metrics lack %q", text)
	}
	return nil
}
