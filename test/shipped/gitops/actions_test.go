// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"encoding/json"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// actions are the settings of Argo CD under one key.
type actions struct {
	Discovery   string `json:"discovery.lua"`
	Definitions []struct {
		Name   string `json:"name"`
		Script string `json:"action.lua"`
	} `json:"definitions"`
}

func groupActions(t *testing.T) (a actions) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(customizations(t)["actions.klink.cloud_Group"]), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestActions has a person press the buttons.
func TestActions(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t)
	w.start()
	w.group("it", func(g *v1alpha1.Group) { g.Spec.Contacts = []v1alpha1.Contact{} })
	w.awaitSynced("it")
	w.wantButtons("it", "reconcile", "suspend")
	if patch := w.press("it", "suspend"); patch != `{"spec":{"suspend":true}}` {
		t.Errorf("suspending changes %s", patch)
	}
	w.await("Group", "it", "True", v1alpha1.ReasonSuspended)
	w.wantButtons("it", "resume")
	if patch := w.press("it", "resume"); patch != `{"spec":{"suspend":false}}` {
		t.Errorf("resuming changes %s", patch)
	}
	w.awaitSynced("it")

	patch := w.press("it", "reconcile")
	var change struct {
		Metadata struct{ Annotations map[string]string }
	}
	if err := json.Unmarshal([]byte(patch), &change); err != nil {
		t.Fatal(err)
	}
	asked := change.Metadata.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	if !strings.HasSuffix(asked, "Z") || len(change.Metadata.Annotations) != 1 {
		t.Errorf("asking for a look changes %s", patch)
	}
	w.eventually(func() string {
		served, _, _ := unstructured.NestedString(w.get("Group", "it").Object, "status", "lastHandledReconcileAt")
		if served != asked {
			return "asked at " + asked + ", served " + served
		}
		return ""
	})
	w.awaitSynced("it")
}

// wantButtons compares the actions that are offered now; each has a script.
func (w *world) wantButtons(name string, want ...string) {
	w.Helper()
	a := groupActions(w.T)
	offered := run(w.T, a.Discovery, w.get("Group", name).Object)
	var have []string
	for _, definition := range a.Definitions {
		button, ok := offered.RawGetString(definition.Name).(*lua.LTable)
		if !ok {
			w.Errorf("action %s is never offered", definition.Name)
		} else if button.RawGetString("disabled") == lua.LFalse {
			have = append(have, definition.Name)
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		w.Errorf("- wanted, + offered:\n%s", diff)
	}
}

// press runs an action as Argo CD does: what the script changed is sent as a merge patch.
func (w *world) press(name, action string) (patch string) {
	w.Helper()
	for _, definition := range groupActions(w.T).Definitions {
		if definition.Name != action {
			continue
		}
		u := w.get("Group", name)
		before, err := json.Marshal(u.Object)
		if err != nil {
			w.Fatal(err)
		}
		after, err := json.Marshal(fromLua(run(w.T, definition.Script, u.Object), u.Object))
		if err != nil {
			w.Fatal(err)
		}
		difference, err := jsonpatch.CreateMergePatch(before, after)
		if err != nil {
			w.Fatal(err)
		}
		if err := w.api.Patch(w.Context(), u, client.RawPatch(types.MergePatchType, difference)); err != nil {
			w.Fatal(err)
		}
		return string(difference)
	}
	w.Fatalf("there is no action %s", action)
	return ""
}
