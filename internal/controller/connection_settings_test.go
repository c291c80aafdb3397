// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// secretReader is an API server that has one Secret.
type secretReader struct {
	client.Reader
	token string
}

func (r secretReader) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	into.(*corev1.Secret).Data = map[string][]byte{"token": []byte(r.token)}
	return nil
}

// startAccounts starts accounts that know these bindings, and an API for them. Both end with
// the test, in its bubble.
func startAccounts(t *testing.T, bindings account.Bindings) (*simulator.Server, *account.Registry) {
	t.Helper()
	sim := simulator.New(simulator.Options{})
	t.Cleanup(sim.Close)
	accounts := account.NewRegistry(account.Hooks{
		Bindings: func(account.Key) (account.Bindings, error) { return bindings, nil },
		Notify:   func(account.Key, account.News) {}, Observe: func(account.Key, klink.Call) {},
	})
	var running sync.WaitGroup
	running.Go(func() { _ = accounts.Start(t.Context()) })
	t.Cleanup(running.Wait) // the context has ended by then
	return sim, accounts
}

// A manager that starts while a person's word holds must not raise the alarm again.
func TestWhatWasAcceptedIsAcceptedByTheFirstListing(t *testing.T) {
	for name, c := range map[string]struct {
		ago  time.Duration
		want bool
	}{"a minute ago": {time.Minute, true}, "an hour ago": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim, accounts := startAccounts(t, account.Bindings{Owned: []string{"gone-1", "gone-2"}})
				object := &v1alpha1.ClusterConnection{}
				object.Annotations = map[string]string{v1alpha1.AnnotationAcceptMissing: time.Now().Add(-c.ago).Format(time.RFC3339)}
				object.Spec.ConnectionSpec = v1alpha1.ConnectionSpec{
					Endpoint: "http://127.0.0.1:1" + simulator.Prefix, ResyncInterval: metav1.Duration{Duration: time.Minute},
					TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token", Key: "token"},
					RateLimit:      v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 20},
				}
				r := &ConnectionReconciler{
					Kind: v1alpha1.KindClusterConnection, Live: secretReader{token: simulator.DefaultToken},
					Rules: ConnectionRules{Transport: sim.Transport()},
				}
				a := accounts.Ensure(account.Key{Kind: "ClusterConnection", Name: "default"})
				if p, err := r.configure(t.Context(), object, a); p != nil || err != nil {
					t.Fatal(p, err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if s := a.State(); s.Trust == account.TrustUnjudged || s.Trust.Holds() != c.want {
					t.Errorf("trust %d, want %t", s.Trust, c.want)
				}
			})
		})
	}
}
