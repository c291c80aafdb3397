// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// refusing shows an empty account, and refuses every create with more than is read of any reply.
func refusing(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, `{"has_more":false,"data":[]}`)
		return
	}
	w.WriteHeader(http.StatusUnprocessableEntity)
	_, _ = io.WriteString(w, `{"message":"no","errors":[`)
	ones := strings.Repeat("1,", 32<<10)
	for range 64 << 20 / len(ones) {
		if _, err := io.WriteString(w, ones); err != nil {
			return // nobody reads on
		}
	}
}

// isRefused has creates refused at that length.
func (v *victim) isRefused(creates int) {
	v.Helper()
	for i := range creates {
		worlds.Create(v, api, worlds.Group(v.namespace, fmt.Sprint("refused-", i), "hostile"))
	}
	v.answers(int64(creates)+2, http.HandlerFunc(refusing))
	v.serves()
}

// enlarge makes a Group as large, at the least cost to the API server, which bounds no name of an
// owner. One in thirty is large by its members, which take the API server a second.
func enlarge(g *v1alpha1.Group, i, bytes int) {
	const members, longest = 5000, 255
	if i%30 == 7 {
		for member := range members {
			g.Spec.Contacts = append(g.Spec.Contacts, v1alpha1.Contact{Username: fmt.Sprintf("%03d-%04d-%0246d", i, member, 0)[:longest]})
		}
		bytes = max(0, bytes-members*(longest+len(`{"username":""},`)))
	}
	g.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", UID: "of-nobody", Name: "o" + strings.Repeat(string(rune('a'+i%26)), bytes)}}
}

// writesLarge has one editor write Groups of 1.3 MB on a connection that does not exist, which
// another manager finds when it starts.
func (v *victim) writesLarge(n int) {
	v.Helper()
	v.stop()
	v.fill(n, "missing", 1_300_000)
	v.start()
	v.await(100+n, ".*") // all are in the cache; a few at a time are looked at
	v.serves()
}

// keepsLarge has Groups made and kept that are as large as etcd takes them.
func (v *victim) keepsLarge(n int) {
	v.Helper()
	v.fill(n, "honest", 1_500_000)
	v.await(100+n, v1alpha1.ReasonSynced)
}

// fill writes large Groups side by side, and removes them with the test: they burden the API
// server of all tests.
func (v *victim) fill(n int, connection string, bytes int) {
	v.Helper()
	v.Cleanup(func() {
		for i := range n { // one by one: the API server would read all of them for one answer
			g := worlds.Group(v.namespace, fmt.Sprint("large-", i), connection)
			worlds.Eventually(v, longPatience, time.Second, func() string {
				if err := client.IgnoreNotFound(api.Delete(context.Background(), g)); err != nil {
					return err.Error()
				}
				return ""
			})
		}
	})
	var editors errgroup.Group
	editors.SetLimit(4)
	for i := range n {
		editors.Go(func() error {
			g := worlds.Group(v.namespace, fmt.Sprint("large-", i), connection)
			enlarge(g, i, bytes)
			return api.Create(v.Context(), g)
		})
	}
	if err := editors.Wait(); err != nil {
		v.Fatal(err)
	}
}

// await waits until so many Groups have such a reason, as the manager's metrics count them: to read
// the Groups would be hundreds of megabytes each time.
func (v *victim) await(n int, reason string) {
	v.Helper()
	of := regexp.MustCompile(`(?m)^klink_groups_by_reason\{.*reason="` + reason + `".*\} (\d+)$`)
	worlds.Eventually(v, longPatience, time.Second, func() string {
		response, err := http.Get("http://" + v.metrics + "/metrics")
		if err != nil {
			return err.Error()
		}
		defer func() { _ = response.Body.Close() }() // it is only read
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return err.Error()
		}
		have := 0
		for _, found := range of.FindAllSubmatch(text, -1) {
			count, _ := strconv.Atoi(string(found[1]))
			have += count
		}
		if have != n {
			return fmt.Sprintf("%d Groups are %s, want %d", have, reason, n)
		}
		return ""
	})
}
