// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// name names an object of the in-memory Kubernetes.
type name struct{ kind, namespace, name string }

func nameOf(o client.Object) name { return name{kindOf(o), o.GetNamespace(), o.GetName()} }

func kindOf(o any) string {
	return reflect.TypeOf(o).Elem().Name()
}

// change is one entry of the watch: the object as it became, and as it was.
type change struct {
	at          time.Time
	before, now client.Object // nil: it did not, or does not, exist
	late        time.Duration // by how long the watches miss it
}

// cluster is an in-memory Kubernetes: resource versions, generations, UIDs,
// finalizers, merge patches with preconditions, a status apart from the spec.
type cluster struct {
	uid string

	mu       sync.Mutex
	revision int
	objects  map[name]client.Object
	log      []change
	wake     map[*process]chan struct{}
	writes   int
}

func newCluster(uid string) *cluster {
	return &cluster{uid: uid, objects: map[name]client.Object{}, wake: map[*process]chan struct{}{}}
}

func clone[T client.Object](o T) T { return o.DeepCopyObject().(T) }

func notFound(n name) error {
	return apierrors.NewNotFound(schema.GroupResource{Group: "klink.cloud", Resource: n.kind}, n.name)
}

func conflict(n name, why string) error {
	return apierrors.NewConflict(schema.GroupResource{Group: "klink.cloud", Resource: n.kind}, n.name, fmt.Errorf("%s", why))
}

// get returns a copy, or nil.
func (c *cluster) get(n name) client.Object {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.objects[n]; o != nil {
		return clone(o)
	}
	return nil
}

// list returns copies of all objects of a kind, by name.
func (c *cluster) list(kind string) []client.Object {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []client.Object
	for n, o := range c.objects {
		if n.kind == kind {
			found = append(found, clone(o))
		}
	}
	slices.SortFunc(found, func(a, b client.Object) int { return compareNames(nameOf(a), nameOf(b)) })
	return found
}

func compareNames(a, b name) int {
	return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
}

func (c *cluster) groups() []*v1alpha1.Group {
	var groups []*v1alpha1.Group
	for _, o := range c.list("Group") {
		groups = append(groups, o.(*v1alpha1.Group))
	}
	return groups
}

// create adds an object, with the defaults of the CRDs.
func (c *cluster) create(o client.Object) client.Object {
	c.mu.Lock()
	defer c.mu.Unlock()
	o = clone(o)
	n := nameOf(o)
	if c.objects[n] != nil {
		return nil
	}
	applyDefaults(o)
	c.revision++
	o.SetUID(types.UID(fmt.Sprintf("%s-%d", c.uid, c.revision)))
	o.SetGeneration(1)
	o.SetCreationTimestamp(metav1.NewTime(time.Now().Truncate(time.Second)))
	o.SetDeletionTimestamp(nil)
	c.commit(n, nil, o)
	return clone(o)
}

func applyDefaults(o client.Object) {
	switch o := o.(type) {
	case *v1alpha1.Group:
		o.Status = v1alpha1.GroupStatus{ObservedGeneration: -1}
		if o.Spec.ConnectionRef.Name == "" {
			o.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: "default"}
		}
		for _, d := range []struct{ field, value *string }{
			{(*string)(&o.Spec.AdoptionPolicy), new(string(v1alpha1.AdoptNever))},
			{(*string)(&o.Spec.ManagementPolicy), new(string(v1alpha1.ManagementManage))},
			{(*string)(&o.Spec.DeletionPolicy), new(string(v1alpha1.DeletionArchive))},
		} {
			if *d.field == "" {
				*d.field = *d.value
			}
		}
	case *v1alpha1.ClusterConnection:
		o.Status = v1alpha1.ConnectionStatus{ObservedGeneration: -1}
	case *v1alpha1.Connection:
		o.Status = v1alpha1.ConnectionStatus{ObservedGeneration: -1}
	}
}

// commit stores an object (nil: removes it) and tells the watches. c.mu is held.
func (c *cluster) commit(n name, before, now client.Object) {
	c.revision++
	c.writes++
	if now != nil {
		now.SetResourceVersion(strconv.Itoa(c.revision))
		c.objects[n] = now
		now = clone(now)
	} else {
		delete(c.objects, n)
	}
	c.log = append(c.log, change{at: time.Now(), before: before, now: now})
	for _, wake := range c.wake {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// edit changes an object as a person does, spec and metadata.
func (c *cluster) edit(n name, f func(client.Object)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.objects[n]; before != nil {
		now := clone(before)
		f(now)
		c.replace(n, before, now)
	}
}

// replace commits a changed object: nothing if nothing differs, a new generation
// if the spec does, removal if the last finalizer of a deleted one went.
func (c *cluster) replace(n name, before, now client.Object) client.Object {
	if reflect.DeepEqual(before, now) {
		return clone(now)
	}
	if !reflect.DeepEqual(specOf(before), specOf(now)) || before.GetDeletionTimestamp().IsZero() != now.GetDeletionTimestamp().IsZero() {
		now.SetGeneration(before.GetGeneration() + 1)
	}
	if !now.GetDeletionTimestamp().IsZero() && len(now.GetFinalizers()) == 0 {
		c.commit(n, before, nil)
		return clone(now)
	}
	c.commit(n, before, now)
	return clone(now)
}

func specOf(o client.Object) any {
	switch o := o.(type) {
	case *v1alpha1.Group:
		return o.Spec
	case *v1alpha1.ClusterConnection:
		return o.Spec
	case *v1alpha1.Connection:
		return o.Spec
	case *corev1.Secret:
		return o.Data
	}
	return nil
}

// delete deletes as kubectl does: at once without finalizers.
func (c *cluster) delete(n name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.objects[n]
	if before == nil || !before.GetDeletionTimestamp().IsZero() {
		return
	}
	now := clone(before)
	t := metav1.NewTime(time.Now().Truncate(time.Second))
	now.SetDeletionTimestamp(&t)
	c.replace(n, before, now)
}

// patch applies a merge patch to the object, or to its status, of which the API
// server takes no metadata; of the status also a JSON patch.
func (c *cluster) patch(n name, body []byte, status bool) (client.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.objects[n]
	if before == nil {
		return nil, notFound(n)
	}
	if status && body[0] == '[' {
		now, err := jsonPatched(before, body)
		if err != nil {
			return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "patch", schema.GroupResource{}, n.name, err.Error(), 0, false)
		}
		return c.replace(n, before, now), nil
	}
	var p map[string]any
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, err
	}
	if metadata, ok := p["metadata"].(map[string]any); ok && !status {
		if uid, given := metadata["uid"]; given && uid != string(before.GetUID()) {
			return nil, conflict(n, "Precondition failed: UID in precondition")
		}
		if version, given := metadata["resourceVersion"]; given && version != before.GetResourceVersion() {
			return nil, conflict(n, "the object has been modified")
		}
	}
	for key := range p {
		if (key == "status") != status && key != "metadata" {
			delete(p, key)
		}
	}
	if status {
		delete(p, "metadata")
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	now, err := patched(before, func(document []byte) ([]byte, error) { return jsonpatch.MergePatch(document, body) })
	if err != nil {
		return nil, err
	}
	return c.replace(n, before, now), nil
}

// jsonPatched applies RFC 6902, as the API server does.
func jsonPatched(before client.Object, body []byte) (client.Object, error) {
	patch, err := jsonpatch.DecodePatch(body)
	if err != nil {
		return nil, err
	}
	return patched(before, patch.Apply)
}

func patched(before client.Object, apply func([]byte) ([]byte, error)) (client.Object, error) {
	encoded, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	if encoded, err = apply(encoded); err != nil {
		return nil, err
	}
	now := reflect.New(reflect.TypeOf(before).Elem()).Interface().(client.Object)
	return now, json.Unmarshal(encoded, now)
}
