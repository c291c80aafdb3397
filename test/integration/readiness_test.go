// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// A rolling update without all rights replaced managers that worked by ones that
// could not take over: standing by, they called themselves ready.
func TestAManagerWithoutItsRightsIsNotReady(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.holdLease()
	user := "half-a-manager-of-" + w.namespace
	bind(w, user, "to-stand-by",
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}},
		rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get"}},
		rbacv1.PolicyRule{APIGroups: []string{"klink.cloud"}, Resources: []string{"groups"}, Verbs: []string{"list", "watch"}},
	)
	address := worlds.FreeAddress(t)
	mgr, err := manager.New(t.Context(), cluster.ConfigAs(user), manager.Options{
		ProbeAddress: address, MetricsAddress: "0", LeaderElection: true, OperatorNamespace: w.namespace,
		AllowedEndpoints: "https://api.klink.cloud", Workers: 1, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- mgr.Start(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	awaitProbe(w, address, "healthz", http.StatusOK)
	eventually(w, func() string { // before that nobody is ready
		if err := mgr.GetCache().List(ctx, &v1alpha1.GroupList{}); err != nil {
			return "the Groups are not read: " + err.Error()
		}
		return ""
	})
	awaitProbe(w, address, "readyz", http.StatusInternalServerError)
	if have := probe(ctx, address, "readyz"); have != http.StatusInternalServerError {
		t.Errorf("with its Groups read, and no right to connections: %d", have)
	}
	bind(w, user, "to-read-what-is-declared", rbacv1.PolicyRule{
		APIGroups: []string{"klink.cloud"}, Resources: []string{"connections", "clusterconnections"}, Verbs: []string{"list", "watch"},
	})
	awaitProbe(w, address, "readyz", http.StatusOK)
}

// holdLease lets another manager lead for the whole test.
func (w *world) holdLease() {
	w.Helper()
	now := metav1.NowMicro()
	create(w, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-operator.klink.cloud"}, Spec: coordinationv1.LeaseSpec{
		HolderIdentity: new("the manager before"), LeaseDurationSeconds: new(int32(3600)), AcquireTime: &now, RenewTime: &now,
	}})
}

// probe returns the status of the answer, or 0 while nobody listens.
func probe(ctx context.Context, address, path string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/"+path, nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// bind gives a user some rules in the whole cluster.
func bind(t testing.TB, user, name string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: user + "-" + name}
	create(t, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules})
	create(t, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	})
}

func awaitProbe(t testing.TB, address, path string, status int) {
	t.Helper()
	eventually(t, func() string {
		if have := probe(t.Context(), address, path); have != status {
			return fmt.Sprintf("%s: %d, want %d", path, have, status)
		}
		return ""
	})
}
