// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// metrics checks who may read the metrics, and what they tell of the process.
func metrics(c *installation.Cluster, p *installation.Process) {
	c.Helper()
	url := "https://" + p.Address["metrics"] + "/metrics"
	c.Kubectl("create", "namespace", "monitoring")
	c.Kubectl("-n", "monitoring", "create", "serviceaccount", "prometheus")
	wantStatus(c, url, "", http.StatusUnauthorized)
	token := tokenOf(c, "monitoring", "prometheus")
	// An expired or broken token is a refusal, and no failure of the manager.
	wantStatus(c, url, "no-token", http.StatusUnauthorized)
	wantStatus(c, url, token[:len(token)-8]+"AAAAAAAA", http.StatusUnauthorized)
	wantStatus(c, url, token, http.StatusForbidden)
	c.Sh(checkout.Commands(c.T, "docs/install.md", "## Metrics")...)
	var text string
	c.Eventually(func() string { // a refusal is remembered for a while
		status, body := installation.Get(c, url, tokenOf(c, "monitoring", "prometheus"))
		if text = body; status != http.StatusOK {
			return fmt.Sprintf("%d: %s", status, body)
		}
		return ""
	})
	for _, name := range []string{"klink_connection_ready", "klink_api_requests_total"} {
		if !strings.Contains(text, "\n"+name+"{") {
			c.Errorf("the metrics lack %s", name)
		}
	}
	wantMemoryLimit(c, text)
}

var goLimit = regexp.MustCompile(`(?m)^go_gc_gomemlimit_bytes (\S+)$`)

// wantMemoryLimit wants the process to know of its container's limit, with some room
// for what the runtime does not count.
func wantMemoryLimit(c *installation.Cluster, metrics string) {
	c.Helper()
	found := goLimit.FindStringSubmatch(metrics)
	if found == nil {
		c.Fatal("the metrics lack go_gc_gomemlimit_bytes")
	}
	soft, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		c.Fatal(err)
	}
	hard := c.Deployment().Spec.Template.Spec.Containers[0].Resources.Limits.Memory().AsApproximateFloat64()
	if soft < 0.85*hard || soft > 0.95*hard {
		c.Errorf("memory is collected sooner from %.0f bytes on, of a limit of %.0f: want nine tenths", soft, hard)
	}
}

func wantStatus(c *installation.Cluster, url, token string, want int) {
	c.Helper()
	if status, body := installation.Get(c, url, token); status != want {
		c.Errorf("metrics: got %d, want %d: %.100s", status, want, body)
	}
}

func tokenOf(c *installation.Cluster, namespace, account string) string {
	c.Helper()
	reply, err := c.Clients.CoreV1().ServiceAccounts(namespace).
		CreateToken(c.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return reply.Status.Token
}

// certificateDir is where docs/install.md has a certificate mounted.
const certificateDir = "k8s-metrics-server/serving-certs"

// wantCertificate wants the metrics to be served with the certificate of a name.
func wantCertificate(c *installation.Cluster, p *installation.Process, name string) {
	c.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(c.Context(), "tcp", p.Address["metrics"])
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	secure, ok := conn.(*tls.Conn)
	if !ok {
		c.Fatalf("the connection is a %T", conn)
	}
	if err := secure.ConnectionState().PeerCertificates[0].VerifyHostname(name); err != nil {
		c.Error(err)
	}
}

func servingFile(c *installation.Cluster, name string) string {
	return filepath.Join(c.Dir, certificateDir, name)
}

func mkdir(c *installation.Cluster, name string) {
	c.Helper()
	if err := os.MkdirAll(filepath.Join(c.Dir, name), 0o750); err != nil {
		c.Fatal(err)
	}
}
