// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// TestFieldsAreKnown decodes every file of config/prometheus into the types of the
// Prometheus Operator: the API server drops, or refuses, a field that it does not know.
func TestFieldsAreKnown(t *testing.T) {
	checked := 0
	for _, file := range checkout.Glob(t, "config/prometheus/*.yaml") {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		checked++
		text := checkout.Read(t, file)
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
			t.Fatal(err)
		}
		object := map[string]any{
			monitoringv1.ServiceMonitorsKind: &monitoringv1.ServiceMonitor{}, monitoringv1.PrometheusRuleKind: &monitoringv1.PrometheusRule{},
		}[kind.Kind]
		if object == nil || kind.APIVersion != monitoringv1.SchemeGroupVersion.String() {
			t.Errorf("%s: nobody here knows %s %s", file, kind.APIVersion, kind.Kind)
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if checked == 0 {
		t.Error("there are no files")
	}
}

// TestMonitorFindsTheService wants the ServiceMonitor to mean the Service of the
// metrics, over HTTPS and with a token.
func TestMonitorFindsTheService(t *testing.T) {
	wantService(t, checkout.Read(t, "config/prometheus/monitor.yaml"))
}

// TestDocumentedPatch wants the same of what docs/install.md puts in its place, which
// verifies the certificate too.
func TestDocumentedPatch(t *testing.T) {
	install := checkout.Read(t, "docs/install.md")
	_, install, _ = strings.Cut(install, "\n## Metrics\n")
	_, install, _ = strings.Cut(install, "```yaml\n")
	block, _, _ := strings.Cut(install, "```")
	var overlay struct {
		Patches []struct {
			Patch string `json:"patch"`
		} `json:"patches"`
	}
	if err := yaml.Unmarshal([]byte(block), &overlay); err != nil || len(overlay.Patches) != 2 {
		t.Fatalf("docs/install.md: an overlay with two patches is not at its place (%v)", err)
	}
	patch := overlay.Patches[1].Patch
	var monitor, shipped monitoringv1.ServiceMonitor
	for text, object := range map[string]*monitoringv1.ServiceMonitor{
		patch: &monitor, checkout.Read(t, "config/prometheus/monitor.yaml"): &shipped,
	} {
		if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
			t.Fatal(err)
		}
	}
	if monitor.Name != shipped.Name || monitor.Namespace != shipped.Namespace {
		t.Errorf("the patch is of %s/%s, what is shipped is %s/%s", monitor.Namespace, monitor.Name, shipped.Namespace, shipped.Name)
	}
	monitor.Labels, monitor.Spec.Selector = shipped.Labels, shipped.Spec.Selector // a patch leaves them
	patched, err := yaml.Marshal(monitor)
	if err != nil {
		t.Fatal(err)
	}
	wantService(t, string(patched))
	tls := monitor.Spec.Endpoints[0].TLSConfig
	if tls == nil || tls.InsecureSkipVerify != nil || tls.ServerName == nil || tls.CA.Secret == nil {
		t.Errorf("the certificate is not verified: %+v", tls)
	}
}

func wantService(t *testing.T, text string) {
	t.Helper()
	var monitor monitoringv1.ServiceMonitor
	if err := yaml.UnmarshalStrict([]byte(text), &monitor); err != nil {
		t.Fatal(err)
	}
	var service corev1.Service
	if err := yaml.UnmarshalStrict([]byte(checkout.Read(t, "config/manager/metrics_service.yaml")), &service); err != nil {
		t.Fatal(err)
	}
	selector, err := metav1.LabelSelectorAsSelector(&monitor.Spec.Selector)
	if err != nil || selector.Empty() || !selector.Matches(labels.Set(service.Labels)) || monitor.Namespace != service.Namespace {
		t.Errorf("the ServiceMonitor means other Services: %v (%v)", selector, err)
	}
	for _, e := range monitor.Spec.Endpoints {
		if e.Port != service.Spec.Ports[0].Name || e.Scheme == nil || *e.Scheme != "https" || e.BearerTokenFile == "" { //nolint:staticcheck // the token of Prometheus itself is only in a file
			t.Errorf("the endpoint does not fit the Service: %+v", e)
		}
	}
	if len(monitor.Spec.Endpoints) != 1 {
		t.Errorf("there are %d endpoints, want one", len(monitor.Spec.Endpoints))
	}
}
