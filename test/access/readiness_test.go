// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package access

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/test/worlds"
)

// A rolling update without all rights replaced managers that worked by ones that
// could not take over: standing by, they called themselves ready.
func TestAManagerWithoutItsRightsIsNotReady(t *testing.T) {
	const user = "half-a-manager"
	holdLease(t)
	bind(t, user, "to-stand-by",
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}},
		rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get"}},
		rbacv1.PolicyRule{APIGroups: []string{"klink.cloud"}, Resources: []string{"groups"}, Verbs: []string{"list", "watch"}},
	)
	address := worlds.FreeAddress(t)
	as := rest.CopyConfig(config)
	as.Impersonate.UserName = user
	mgr, err := manager.New(t.Context(), as, manager.Options{
		ProbeAddress: address, MetricsAddress: "0", LeaderElection: true, OperatorNamespace: operatorNamespace,
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
	awaitProbe(t, address, "healthz", http.StatusOK)
	awaitGroups(t, mgr.GetCache())
	awaitProbe(t, address, "readyz", http.StatusInternalServerError)
	if have := probe(t.Context(), address, "readyz"); have != http.StatusInternalServerError {
		t.Errorf("with its Groups read, and no right to connections: %d", have)
	}
	bind(t, user, "to-read-what-is-declared", rbacv1.PolicyRule{
		APIGroups: []string{"klink.cloud"}, Resources: []string{"connections", "clusterconnections"}, Verbs: []string{"list", "watch"},
	})
	awaitProbe(t, address, "readyz", http.StatusOK)
}

// holdLease lets another manager lead for the whole test.
func holdLease(t *testing.T) {
	t.Helper()
	now := metav1.NowMicro()
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: "klink-operator.klink.cloud"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: new("the manager before"), LeaseDurationSeconds: new(int32(3600)), AcquireTime: &now, RenewTime: &now,
		},
	}
	if _, err := clients.CoordinationV1().Leases(operatorNamespace).Create(t.Context(), lease, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// bind gives a user some rules in the whole cluster.
func bind(t *testing.T, user, name string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
	if _, err := clients.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := clients.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// awaitGroups waits until the Groups are read: before that nobody is ready.
func awaitGroups(t *testing.T, c client.Reader) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		return c.List(ctx, &v1alpha1.GroupList{}) == nil, nil
	})
	if err != nil {
		t.Fatal("the Groups were not read:", err)
	}
}

func awaitProbe(t *testing.T, address, path string, status int) {
	t.Helper()
	have := 0
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		have = probe(ctx, address, path)
		return have == status, nil
	})
	if err != nil {
		t.Errorf("%s: %d, want %d", path, have, status)
	}
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
