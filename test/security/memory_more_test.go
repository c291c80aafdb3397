// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// members are so many in JSON, with names of that length.
func members(n, length int) string {
	var list strings.Builder
	for i := range n {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"username":"%0*d"}`, length, i)
	}
	return `"contacts":[` + list.String() + `]`
}

// generous answers each create, and each read, with much more than it was sent. Its list
// shows ids and names alone.
type generous struct {
	more string

	mu    sync.Mutex
	names []string
}

func (g *generous) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	shown := func(i int, more string) string {
		name, _ := json.Marshal(g.names[i])
		return fmt.Sprintf(`{"id":"g%d","name":%s,"created_at":%d%s}`, i, name, time.Now().Unix(), more)
	}
	path := strings.TrimPrefix(r.URL.Path, simulator.Prefix+"/groups")
	switch {
	case r.Method == http.MethodPost:
		var sent struct{ Name string }
		_ = json.NewDecoder(r.Body).Decode(&sent) // one without a name has none
		g.names = append(g.names, sent.Name)
		_, _ = io.WriteString(w, shown(len(g.names)-1, ","+g.more))
	case path != "":
		i, err := strconv.Atoi(strings.TrimPrefix(path, "/g"))
		if err != nil || i >= len(g.names) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, shown(i, ","+g.more))
	default:
		var all []string
		for i := range g.names {
			all = append(all, shown(i, ""))
		}
		_, _ = io.WriteString(w, `{"has_more":false,"data":[`+strings.Join(all, ",")+`]}`)
	}
}

// isAnswered has creates answered at that length, and waits until all are made.
func (v *victim) isAnswered(creates int, more string) {
	v.Helper()
	for i := range creates {
		worlds.Create(v, api, worlds.Group(v.namespace, fmt.Sprint("answered-", i), "hostile", func(g *v1alpha1.Group) {
			g.Spec.Description = new("short") // which is not what it is answered
		}))
	}
	v.answers(int64(3*creates), &generous{more: more})
	v.serves()
}

// wordy lists groups of one member each, whose name takes a megabyte.
func wordy(w http.ResponseWriter, r *http.Request) {
	first, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("starting_after"), "g"))
	_, _ = io.WriteString(w, `{"has_more":true,"data":[`)
	for i := 1; i <= 15; i++ {
		if i > 1 {
			_, _ = io.WriteString(w, ",")
		}
		_, _ = fmt.Fprintf(w, `{"id":"g%d","contacts":[{"username":"%01000000d"}]}`, first+i, first+i)
	}
	_, _ = io.WriteString(w, "]}")
}

// hasLongTokens makes Connections whose tokens are as long as a Secret takes them.
func (v *victim) hasLongTokens(n int) {
	v.Helper()
	for i := range n {
		secret := worlds.Secret(v.namespace, "")
		secret.Name = fmt.Sprint("long-", i)
		var long strings.Builder
		for long.Len() < 1_000_000 {
			fmt.Fprintf(&long, "%x-%d.", long.Len()*7919+i, i)
		}
		secret.StringData = map[string]string{"token": long.String()}
		worlds.Create(v, api, secret)
		c := worlds.Connection(v.namespace, secret.Name, v.honest.URL)
		c.Spec.TokenSecretRef.Name = secret.Name
		worlds.Create(v, api, c)
	}
	v.observed("long-", n)
	v.serves()
}

// observed waits until the manager has said something of so many Connections.
func (v *victim) observed(prefix string, n int) {
	v.Helper()
	for i := range n {
		c := worlds.Connection(v.namespace, fmt.Sprint(prefix, i), "")
		v.eventually(func() string {
			worlds.Find(v, api, c)
			if len(c.Status.Conditions) == 0 {
				return c.Name + " is not looked at"
			}
			return ""
		})
	}
}

// bundleOf is as many different certificates as fit.
func bundleOf(v *testing.T, most int) string {
	v.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		v.Fatal(err)
	}
	var all strings.Builder
	for serial := int64(1); ; serial++ {
		root := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "root"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
		der, err := x509.CreateCertificate(rand.Reader, root, root, public, private)
		if err != nil {
			v.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if all.Len()+len(text) > most {
			return all.String()
		}
		all.Write(text)
	}
}

// hasLargeConnections makes Connections as large as etcd takes them.
func (v *victim) hasLargeConnections(n int) {
	v.Helper()
	bundle := bundleOf(v.T, 256<<10)
	var finalizers []string
	for i := range 700 { // which leaves room for what the API server notes of them
		finalizers = append(finalizers, strings.Repeat("a.", 110)+fmt.Sprintf("example/%050d", i))
	}
	var editors errgroup.Group
	editors.SetLimit(4)
	for i := range n {
		editors.Go(func() error {
			c := worlds.Connection(v.namespace, fmt.Sprint("large-", i), v.honest.URL)
			c.Spec.CABundle, c.Finalizers = bundle, finalizers
			c.Spec.ResyncInterval = metav1.Duration{Duration: time.Hour}
			c.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", UID: "of-nobody", Name: strings.Repeat("o", 300<<10)}}
			return api.Create(v.Context(), c)
		})
	}
	if err := editors.Wait(); err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() {
		for i := range n {
			c := worlds.Connection(v.namespace, fmt.Sprint("large-", i), "")
			_ = api.Patch(context.Background(), c, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`)))
			_ = api.Delete(context.Background(), c)
		}
	})
	v.observed("large-", n)
	v.serves()
}

// listsInOne puts the manager before an API server that streams no lists, as those of
// Kubernetes 1.33 do not.
func (v *victim) listsInOne() {
	v.Helper()
	transport, err := rest.TransportFor(cluster.Config)
	if err != nil {
		v.Fatal(err)
	}
	target, err := url.Parse(cluster.Config.Host)
	if err != nil {
		v.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport, FlushInterval: -1,
	}
	address := serve(v.T, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sendInitialEvents") == "" {
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,`+
			`"message":"sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"}`)
	}))
	v.Cleanup(v.stop) // its watches would keep the server from closing
	v.api = filepath.Join(v.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"a","clusters":[{"name":"a","cluster":{"server":%q}}],`+
		`"users":[{"name":"a","user":{}}],"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}]}`, address)
	if err := os.WriteFile(v.api, []byte(text), 0o600); err != nil {
		v.Fatal(err)
	}
}

// adopts has Groups bind to what nobody owns, just after a start.
func (v *victim) adopts(n int) {
	v.Helper()
	for i := range n {
		id := v.honest.Seed(simulator.Group{Name: fmt.Sprint("By hand ", i), CreatedAt: time.Now().Add(-time.Hour)})
		worlds.Create(v, api, worlds.Group(v.namespace, fmt.Sprint("adopts-", i), "honest", func(g *v1alpha1.Group) {
			g.Spec.Name, g.Spec.GroupID = fmt.Sprint("By hand ", i), id
		}))
	}
	for i := range n {
		g := worlds.Group(v.namespace, fmt.Sprint("adopts-", i), "honest")
		v.eventually(func() string {
			worlds.Find(v, api, g)
			return worlds.Lacks(g.Status.Conditions, g.Generation, v1alpha1.ReasonSynced)
		})
	}
}
