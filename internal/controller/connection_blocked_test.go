// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// kubernetes is an API server that has Secrets, by name, and connections.
type kubernetes struct {
	connections
	tokens map[string]string
}

func (k *kubernetes) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	secret, ok := into.(*corev1.Secret)
	if !ok {
		return k.connections.Get(ctx, key, into, options...)
	}
	token, known := k.tokens[key.Namespace+"/"+key.Name]
	if !known {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
	}
	secret.Data = map[string][]byte{"token": []byte(token)}
	return nil
}

const (
	rightEndpoint = "http://127.0.0.1:1" + simulator.Prefix
	otherEndpoint = "http://127.0.0.1:2" + simulator.Prefix
)

// workingConnection is a Connection that works, and what it works over.
func workingConnection(t *testing.T) (*ConnectionReconciler, *v1alpha1.Connection, *account.Account, *kubernetes) {
	t.Helper()
	sim, accounts := startAccounts(t, account.Bindings{})
	server := &kubernetes{tokens: map[string]string{"lobby/klink-token": simulator.DefaultToken}}
	allowed, err := ParseEndpoints("http://127.0.0.1:1,http://127.0.0.1:2")
	if err != nil {
		t.Fatal(err)
	}
	r := &ConnectionReconciler{Kind: v1alpha1.KindConnection, Live: server, Accounts: accounts, Rules: ConnectionRules{Transport: sim.Transport(), AllowedEndpoints: allowed}}
	object := &v1alpha1.Connection{}
	object.Namespace, object.Name, object.UID = "lobby", "api", "uid-api"
	object.Spec = v1alpha1.ConnectionSpec{
		Endpoint: rightEndpoint, ResyncInterval: metav1.Duration{Duration: time.Minute},
		TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token", Key: "token"}, RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 20},
	}
	a := accounts.Ensure(keyOf(object))
	if p, err := r.configure(t.Context(), object, a); p != nil || err != nil {
		t.Fatal(p, err)
	}
	time.Sleep(time.Second)
	synctest.Wait()
	if !a.State().Up {
		t.Fatalf("it does not work: %+v", a.State())
	}
	return r, object, a, server
}

// A token is sent to no endpoint that it is not meant for, and to one that may not be used
// not at all. What a person has yet to put right does not stop what still works.
func TestWhenAConnectionThatIsWrongTakesNoCalls(t *testing.T) {
	for what, c := range map[string]struct {
		edit   func(*v1alpha1.Connection, *kubernetes)
		reason string
		up     bool
	}{
		"nothing is wrong": {func(*v1alpha1.Connection, *kubernetes) {}, "", true},
		"its endpoint may not be used": {
			func(c *v1alpha1.Connection, _ *kubernetes) { c.Spec.Endpoint = "http://evil.example/api" }, v1alpha1.ReasonEndpointNotAllowed, false,
		},
		"its Secret is gone": {func(_ *v1alpha1.Connection, k *kubernetes) { k.tokens = nil }, v1alpha1.ReasonSecretNotFound, true},
		"it has moved, and its Secret is gone": {
			func(c *v1alpha1.Connection, k *kubernetes) { k.tokens, c.Spec.Endpoint = nil, otherEndpoint },
			v1alpha1.ReasonSecretNotFound, false,
		},
		"its token cannot be sent": {func(_ *v1alpha1.Connection, k *kubernetes) { k.tokens["lobby/klink-token"] = "a b" }, v1alpha1.ReasonSecretInvalid, true},
		"its roots cannot be read": {func(c *v1alpha1.Connection, _ *kubernetes) { c.Spec.CABundle = "no PEM" }, v1alpha1.ReasonSecretInvalid, true},
		"it has moved, and its roots cannot be read": {
			func(c *v1alpha1.Connection, _ *kubernetes) {
				c.Spec.CABundle, c.Spec.Endpoint = "no PEM", otherEndpoint
			},
			v1alpha1.ReasonSecretInvalid, false,
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, object, a, server := workingConnection(t)
				c.edit(object, server)
				p, err := r.configure(t.Context(), object, a)
				if err != nil {
					t.Fatal(err)
				}
				if reason := reasonSaid(p); reason != c.reason || p != nil && p.message == "" ||
					what == "its token cannot be sent" && !strings.Contains(p.message, "Secret lobby/klink-token has white space") {
					t.Errorf("it says %+v, want %s", p, c.reason)
				}
				_, err = a.Get(t.Context(), klink.Caller{Key: "a", Class: klink.ClassChange}, "none")
				if down := isDown(err); down == c.up {
					t.Errorf("a call is answered %v; it is to be made: %t", err, c.up)
				}
				v, _ := evaluateReady(object, a.State(), p, holders{}, time.Now())
				if stays := strings.Contains(v.message, "stays in use"); p != nil && stays != c.up {
					t.Errorf("it says %q, and the token is in use: %t", v.message, c.up)
				}
			})
		})
	}
}

func reasonSaid(p *problem) string {
	if p == nil {
		return ""
	}
	return p.reason
}

// What is wrong with a Secret is said, so that it can be put right, and its token is not.
func TestWhatIsWrongWithASecretIsSaid(t *testing.T) {
	for token, says := range map[string]string{"": "empty key", "secret word": "white space", "secret": ""} {
		if why := unusable(map[string][]byte{"token": []byte(token)}, "token", token); !strings.Contains(why, says) || (why == "") != (says == "") || strings.Contains(why, "secret word") {
			t.Errorf("%q: it says %q, want %q", token, why, says)
		}
	}
	if why := unusable(map[string][]byte{"password": []byte("secret")}, "token", ""); !strings.Contains(why, `no key "token"`) {
		t.Errorf("it says %q", why)
	}
}

// The Secrets of ClusterConnections are in the operator's namespace, those of Connections in
// their own: nobody reads another's.
func TestWhereATokenIsRead(t *testing.T) {
	server := &kubernetes{tokens: map[string]string{"operator/klink-token": "shared", "lobby/klink-token": "own"}}
	own, shared := &v1alpha1.Connection{}, &v1alpha1.ClusterConnection{}
	own.Namespace = "lobby"
	for kind, object := range map[v1alpha1.ConnectionKind]connectionObject{v1alpha1.KindConnection: own, v1alpha1.KindClusterConnection: shared} {
		object.GetConnectionSpec().TokenSecretRef = v1alpha1.SecretKeyReference{Name: "klink-token", Key: "token"}
		r := &ConnectionReconciler{Kind: kind, Live: server, Rules: ConnectionRules{OperatorNamespace: "operator"}}
		want := map[v1alpha1.ConnectionKind]string{v1alpha1.KindConnection: "own", v1alpha1.KindClusterConnection: "shared"}[kind]
		if token, p, err := r.token(t.Context(), object); token != want || p != nil || err != nil {
			t.Errorf("%s: %q, %+v, %v", kind, token, p, err)
		}
	}
}

// A token as long as one may be is sent, and a longer one is said to be too long.
func TestATokenMayBeAsLongAsATokenMayBe(t *testing.T) {
	for more, want := range map[int]bool{0: true, 1: false} {
		token := strings.Repeat("t", klink.MaxToken+more)
		if why := unusable(map[string][]byte{"token": []byte(token)}, "token", token); (why == "") != want || strings.Contains(why, token) || !want && !strings.Contains(why, "at most") {
			t.Errorf("%d bytes: %q", len(token), why)
		}
	}
}

// Of a large caBundle the cache has a sum alone. What needs all of it, or all finalizers,
// reads the connection: this one, and no other of its name.
func TestALargeConnectionIsReadWhereAllOfItIsNeeded(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(*kubernetes)
		fail string
	}{
		"it is there":              {func(*kubernetes) {}, "caBundle"},
		"it is gone":               {func(k *kubernetes) { k.own = nil }, "gone, or another"},
		"another of its name is":   {func(k *kubernetes) { k.own[0].UID = "another" }, "gone, or another"},
		"the API server says no":   {func(k *kubernetes) { k.fails = errors.New("etcd") }, "etcd"},
		"there are others besides": {func(k *kubernetes) { k.own = append(make([]v1alpha1.Connection, 1), k.own...) }, "caBundle"},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, object, a, server := workingConnection(t)
				object.Spec.CABundle = strings.Repeat("b", 2*cachedBundle)
				server.own = []v1alpha1.Connection{*object.DeepCopy()}
				c.edit(server)
				CacheLightConnection(object, nil)
				p, err := r.configure(t.Context(), object, a)
				if err == nil && p != nil {
					err = errors.New(p.message)
				}
				if err == nil || !strings.Contains(err.Error(), c.fail) {
					t.Errorf("it says %v, want %q", err, c.fail)
				}
			})
		})
	}
}

// The cache has the sum of a large caBundle, which is no certificate: all of it is read.
func TestALargeBundleOfRootsIsReadAndUsed(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true}
	root, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	object := &v1alpha1.Connection{}
	object.Namespace, object.Name, object.UID = "lobby", "api", "uid-api"
	object.Spec = v1alpha1.ConnectionSpec{
		Endpoint: rightEndpoint, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token", Key: "token"}, RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 20},
	}
	for len(object.Spec.CABundle) <= cachedBundle {
		object.Spec.CABundle += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}))
	}
	server := &kubernetes{tokens: map[string]string{"lobby/klink-token": "t"}, connections: connections{own: []v1alpha1.Connection{*object.DeepCopy()}}}
	allowed, err := ParseEndpoints("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	r := &ConnectionReconciler{Kind: v1alpha1.KindConnection, Live: server, Rules: ConnectionRules{AllowedEndpoints: allowed}}
	a := account.NewRegistry(account.Hooks{Notify: func(account.Key, account.News) {}}).Ensure(keyOf(object))
	CacheLightConnection(object, nil)
	if p, err := r.configure(t.Context(), object, a); p != nil || err != nil || !account.IsBundleSum(object.Spec.CABundle) {
		t.Errorf("it says %+v, %v", p, err)
	}
}

// A ClusterConnection is found as a Connection is.
func TestALargeClusterConnectionIsReadToo(t *testing.T) {
	server := &kubernetes{connections: *servedAndOthers()}
	server.shared[1].UID = "uid"
	r := &ConnectionReconciler{Kind: v1alpha1.KindClusterConnection, Live: server}
	light := &v1alpha1.ClusterConnection{}
	light.UID = "uid"
	if found, err := r.whole(t.Context(), light); err != nil || found == nil || found.GetName() != "another's" {
		t.Errorf("found %v, error %v", found, err)
	}
	light.UID = "no more"
	if found, err := r.whole(t.Context(), light); err != nil || found != nil {
		t.Errorf("found %v, error %v", found, err)
	}
	server.fails = errors.New("etcd")
	if found, err := r.whole(t.Context(), light); err == nil || found != nil {
		t.Errorf("found %v and no error", found)
	}
}
